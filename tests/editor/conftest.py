"""A site with an editor of three branches."""

from __future__ import annotations

import pytest

from proctor.editor.access.branch_permissions import make_permissions
from tests.editor.samples import text_of


@pytest.fixture
def editor(db, settings):
    """Return the settings of a site that serves the editor's branch production."""
    settings.PROCTOR_EDITOR_BRANCHES = ("trunk", "qa", "production")
    make_permissions("default")
    settings.PROCTOR_EDITOR_APPROVALS = {}
    settings.PROCTOR_MATRIX = "editor:production"
    settings.PROCTOR_TESTS = ()
    settings.PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
    settings.PROCTOR_CONTEXT = {"country": "String"}
    return settings


@pytest.fixture
def button():
    """Return the text of a test that puts half of the accounts into blue."""
    return text_of()

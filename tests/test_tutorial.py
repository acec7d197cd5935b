"""The end of the tutorial: code that was forgotten when a test is finished causes errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sites import SETTINGS, TUTORIAL, in_site, lay_out

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def leftover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the tutorial, which no longer declares its test."""
    site = lay_out(tmp_path_factory.mktemp("march"), TUTORIAL)
    with (site / SETTINGS).open("a", encoding="utf-8") as settings:
        settings.write("PROCTOR_TESTS = ()\n")
    return site


def test_the_check_names_the_view_that_still_has_a_variant(leftover: Path) -> None:
    result = in_site(leftover, "manage.py", "check")
    assert result.returncode != 0
    expected = "The view shop.views.signup (at /signup/) has variants of the test 'signuptst'"
    assert expected in result.stdout


def test_templates_reads_and_overrides_are_errors(leftover: Path) -> None:
    program = """
import django
django.setup()
from django.template.loader import get_template
from proctor.identify import identify
from proctor.testing import override_proctor
for use in (
    lambda: get_template("shop/home.html"),
    lambda: identify({}).signuptst,
    override_proctor(signuptst="onestep").enable,
):
    try:
        use()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""
    result = in_site(leftover, "-c", program)
    named = re.findall(r"(\w+): .*'signuptst' is not in PROCTOR_TESTS", result.stdout)
    assert named == ["TemplateSyntaxError", "AttributeError", "ValueError"], result.stdout

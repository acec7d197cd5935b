"""Settings of a site that evaluates its editor's matrix, for real servers."""

from __future__ import annotations

from proctor import ProctorTest
from tests.editor.settings import *  # noqa: F403 - a settings module is all names of the other

ROOT_URLCONF = "tests.editor.served_site"
PROCTOR_MATRIX = "editor:production"
PROCTOR_MATRIX_RELOAD = 1
PROCTOR_TESTS = (ProctorTest("buttontst"),)
ALLOWED_HOSTS = ["*"]

"""The shop's settings with a first branch, from which tests are promoted to production."""

from __future__ import annotations

from testproject.settings import *  # noqa: F403 - a settings module is all names of the other

PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
PROCTOR_EDITOR_APPROVALS: dict[str, int] = {}

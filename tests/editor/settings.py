"""The shop's settings with the database of EDITOR_DATABASE, a JSON object."""

from __future__ import annotations

import json
import os

from testproject.settings import *  # noqa: F403 - a settings module is all names of the other

DATABASES = {"default": json.loads(os.environ["EDITOR_DATABASE"])}
PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
PROCTOR_EDITOR_APPROVALS: dict[str, int] = {}

"""The settings of `site_with_users`, with files in the directory SITE_DIRECTORY."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(os.environ["SITE_DIRECTORY"])

#: Tests whose rules use the values that the hooks return.
CONTEXT_TESTS = ("usertst", "textst", "listtst", "nestedtst", "tokentst")

AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "proctor.middleware.ProctorMiddleware"


def stack(*between: str, auth: bool = True, ours: str = OURS) -> list[str]:
    """Return MIDDLEWARE with these between Django's own and proctor's."""
    first = ["django.contrib.sessions.middleware.SessionMiddleware", *([AUTH] if auth else [])]
    return [*first, *between, ours]


SECRET_KEY = "for these tests"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.visits.site_with_users"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "proctor",
]
MIDDLEWARE = stack()
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "site.sqlite"}}
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "django.contrib.auth.backends.RemoteUserBackend",
]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
LOGGING_CONFIG = None
PROCTOR_TESTS = ("buttoncolortst", *CONTEXT_TESTS)
PROCTOR_MATRIX = HERE / "matrix.json"

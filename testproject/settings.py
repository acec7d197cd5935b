"""The settings of the shop, and of the tests under tests/web."""

from __future__ import annotations

import os
from pathlib import Path

from proctor import ProctorTest

HERE = Path(__file__).resolve().parent

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "only-for-a-shop-that-sells-nothing")
DEBUG = os.environ.get("SHOP_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "testproject.urls"
WSGI_APPLICATION = "testproject.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "proctor",
    "testproject.shop",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "proctor.middleware.ProctorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "proctor.context_processors.proc",
            ],
        },
    },
]

# No database: nobody signs in, and what the shop must remember is in cookies.
DATABASES: dict[str, dict[str, str]] = {}
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

STATIC_URL = "static/"
USE_TZ = True

PROCTOR_MATRIX = HERE / "matrix.json"
PROCTOR_CONTEXT = {
    "country": "String",
    "loggedIn": {"type": "boolean", "default": False},
}
PROCTOR_TESTS = (
    ProctorTest(
        "buttoncolortst", groups=("control", "blue", "green"), default="control", payload=str
    ),
    ProctorTest("headlinetst", groups={"control": 0, "warm": 1, "plain": 2}, payload=str),
    ProctorTest("newfeaturerollout", groups={"inactive": -1, "active": 1}, default="inactive"),
)

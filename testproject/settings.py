"""The settings of the shop, and of the tests under tests/web.

There is nothing to set up: no database, no server besides this one. SHOP_DEBUG, SHOP_HOSTS
and SHOP_SECRET_KEY in the environment change what a shop in a network would change, and
SHOP_PIPET is the URL of a Pipet that decides for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django

from proctor import ProctorTest

HERE = Path(__file__).resolve().parent

# -- Django ---------------------------------------------------------------------------------

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "only-for-a-shop-that-sells-nothing")
# manage.py switches it on; servers and tests do not.
DEBUG = os.environ.get("SHOP_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *os.environ.get("SHOP_HOSTS", "").split()]

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
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # After the session, which its hooks read.
    "testproject.shop.middleware.ShopProctorMiddleware",
]

if django.VERSION >= (6, 0):
    # Nothing in the shop, nor in proctor's tags, needs an exception from this.
    MIDDLEWARE.insert(1, "django.middleware.csp.ContentSecurityPolicyMiddleware")
    SECURE_CSP = {"default-src": ["'self'"], "frame-ancestors": ["'none'"]}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "proctor.context_processors.proc",
                "testproject.shop.context_processors.basket",
            ],
        },
    },
]

# What the shop must remember of somebody is in his signed cookies.
DATABASES: dict[str, Any] = {}
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"

# Each line of the shop says which groups its visitor is in.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"proctor": {"()": "proctor.log.ProctorFilter"}},
    "formatters": {"line": {"format": "%(levelname)s %(name)s [%(proctor)s] %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["proctor"],
            "formatter": "line",
        },
    },
    "loggers": {
        "proctor": {"handlers": ["console"]},
        "testproject": {"handlers": ["console"], "level": "INFO"},
    },
}

# -- Proctor --------------------------------------------------------------------------------

# A shop that is told of a Pipet, as the one of another shop, asks that.
PROCTOR_API_ROOT = os.environ.get("SHOP_PIPET")
PROCTOR_MATRIX = None if PROCTOR_API_ROOT else HERE / "matrix.json"

#: The tests that the shop's code knows, and what it does where nobody decides.
PROCTOR_TESTS = (
    ProctorTest(
        "buttoncolortst",
        groups={"control": 0, "blue": 1, "green": 2},
        default="control",
        payload=str,
    ),
    # Its groups are nobody's business but the matrix's: the page shows the payload.
    ProctorTest("headlinetst", payload=str),
    ProctorTest("newfeaturerollout", groups={"inactive": -1, "active": 1}, default="inactive"),
    ProctorTest("freedeliverytst", groups=("control", "lower"), default="control", payload=int),
)

#: What the middleware's hooks return, in the words of the matrix.
PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
PROCTOR_CONTEXT = {
    "country": "String",
    "loggedIn": {"type": "boolean", "default": False},
}

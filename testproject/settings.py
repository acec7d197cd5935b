"""The settings of the shop, and of the test suite.

No setup is needed: the shop needs no other server, and its database is a file. The environment
variables SHOP_DEBUG, SHOP_HOSTS and SHOP_SECRET_KEY are for a shop that other machines can reach.
SHOP_PIPET is the URL of a Pipet that assigns the groups. Without it, the shop uses the editor's
matrix if SHOP_EDITOR=1, which manage.py sets; otherwise, it uses the file from which the editor
imports its first matrix.
SHOP_DATABASE is the path of the database. SHOP_DEMO=1 adds the demo app.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django

from proctor import Metric, ProctorTest

HERE = Path(__file__).resolve().parent
#: True for `manage.py demo`: the shop after two weeks of visits.
SHOP_DEMO = os.environ.get("SHOP_DEMO") == "1"

# -- Django ---------------------------------------------------------------------------------

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "only-for-a-shop-that-sells-nothing")
# manage.py turns DEBUG on; servers and the test suite do not.
DEBUG = os.environ.get("SHOP_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *os.environ.get("SHOP_HOSTS", "").split()]

ROOT_URLCONF = "testproject.urls"
WSGI_APPLICATION = "testproject.wsgi.application"

INSTALLED_APPS = [
    # The demo app comes first, because its templates replace those of other apps.
    *(["testproject.demo"] if SHOP_DEMO else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "proctor",
    "proctor.editor",
    "proctor.results",
    "testproject.shop",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # This comes after the session middleware, because the hooks read the session.
    "testproject.shop.middleware.ShopProctorMiddleware",
]

if django.VERSION >= (6, 0):
    # Neither the shop nor proctor's tags need an exception from this policy.
    MIDDLEWARE.insert(1, "django.middleware.csp.ContentSecurityPolicyMiddleware")
    SECURE_CSP = {"default-src": ["'self'"], "frame-ancestors": ["'none'"]}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "proctor.context_processors.proc",
                "testproject.shop.context_processors.basket",
            ],
        },
    },
]

# Used by the editor and the results. The shop keeps its visitors' data in signed cookies.
DATABASES: dict[str, Any] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", HERE / "shop.sqlite3"),
        # In WAL mode, readers do not wait while someone publishes.
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL", "timeout": 20},
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"

# Each line in the shop's log includes the visitor's groups.
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

# With SHOP_PIPET, the groups come from that Pipet, for example from another shop.
PROCTOR_API_ROOT = os.environ.get("SHOP_PIPET")
#: The matrix that the editor imports at its first start.
SHOP_MATRIX = HERE / "demo" / "matrix.json" if SHOP_DEMO else HERE / "matrix.json"
SHOP_EDITOR = os.environ.get("SHOP_EDITOR") == "1"
PROCTOR_MATRIX = None if PROCTOR_API_ROOT else "editor:production" if SHOP_EDITOR else SHOP_MATRIX
PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
#: Another person must approve changes that reach visitors; in the demo you are alone.
PROCTOR_EDITOR_APPROVALS = {} if SHOP_DEMO else {"production": 1}

_SEARCHES = {"inactive": -1, "active": 1}
if SHOP_DEMO:
    # In the demo, the old search is a group too, so that the new search can be compared with it.
    _SEARCHES["control"] = 0

#: The tests that the shop's code reads, and the defaults for visitors without a group.
PROCTOR_TESTS = (
    ProctorTest(
        "buttoncolortst",
        groups={"control": 0, "blue": 1, "green": 2},
        default="control",
        payload=str,
    ),
    # The page shows only the payload, so the groups need not be declared.
    ProctorTest("headlinetst", payload=str),
    ProctorTest("newfeaturerollout", groups=_SEARCHES, default="inactive"),
    ProctorTest("freedeliverytst", groups=("control", "lower"), default="control", payload=int),
)

#: The outcomes that the shop's views record.
PROCTOR_METRICS = (
    # A change is worthwhile if it convinces three more visitors out of a hundred.
    Metric("basket", kind="proportion", primary=True, smallest=0.03),
    Metric("order", kind="proportion"),
    Metric("revenue"),
    Metric("revenue_per_order", numerator="revenue", denominator="order"),
)

#: The shop's name in its editor's list of applications.
PROCTOR_APPLICATION = "shop"
#: Maps the keys that the middleware's hooks return to the names that the matrix uses.
PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
PROCTOR_CONTEXT = {
    "country": "String",
    "loggedIn": {"type": "boolean", "default": False},
}

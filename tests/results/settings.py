"""Settings with the database in RESULTS_DATABASE and the matrix in RESULTS_MATRIX."""

from __future__ import annotations

import json
import os

from testproject.settings import *  # noqa: F403 - a settings module is all names of the other

DATABASES = {"default": json.loads(os.environ["RESULTS_DATABASE"])}
ROOT_URLCONF = "tests.results.site"
MIDDLEWARE = ["tests.results.site.ByCookie"]
ALLOWED_HOSTS = ["*"]
PROCTOR_MATRIX = os.environ["RESULTS_MATRIX"]
PROCTOR_TESTS = ("buttontst",)
PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
PROCTOR_CONTEXT = {}
PROCTOR_METRICS = ()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stream": {"class": "logging.StreamHandler"}},
    "loggers": {"proctor.results": {"handlers": ["stream"]}},
}
globals().update(json.loads(os.environ.get("RESULTS_SETTINGS", "{}")))

"""Django's setup, support for coroutine functions as tests, and a site.

Django is set up here instead of by an option in pyproject.toml: without pytest-django its options
would be errors there, and the core's tests run without it and without Django.

Hypothesis has no deadline: on a busy machine the duration of an example says nothing about the
code.
"""

from __future__ import annotations

import asyncio
import inspect
import os

import pytest
from hypothesis import HealthCheck, settings

from proctor import ProctorTest
from tests.site_matrices import definition, one_bucket, write_matrix

try:
    import django
except ImportError:
    pass
else:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")
    django.setup()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run coroutine functions as tests, each in its own event loop."""
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    names = inspect.signature(function).parameters
    asyncio.run(function(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture
def site(tmp_path, settings):
    """Return a site with a matrix that puts everyone into the first bucket of each test."""
    settings.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", groups=("control", "blue", "green"), default="control"),
        ProctorTest("headlinetst", payload=str),
        ProctorTest("sleepingtst", groups={"inactive": -1, "active": 1}, default="inactive"),
        ProctorTest("absenttst", groups={"off": 0, "on": 1}, default="off"),
        "button-dash",
    )
    settings.PROCTOR_CONTEXT = {"country": "String"}
    settings.PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
    settings.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        buttoncolortst=definition(
            one_bucket("blue", 1), one_bucket("control", 0), one_bucket("green", 2)
        ),
        headlinetst=definition(one_bucket("warm", 1, stringValue="Welcome")),
        sleepingtst=definition(one_bucket("inactive", -1), one_bucket("active", 1)),
        **{"button-dash": definition(one_bucket("dashed", 0))},
    )
    return settings


@pytest.fixture
def renamed(site, tmp_path):
    """Return a site whose group `blue` has the name `azure` in the matrix."""
    site.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", groups={"control": 0, "blue": 1}, default="control"),
    )
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        buttoncolortst=definition(
            one_bucket("azure", 1, stringValue="#00f"), one_bucket("control", 0, stringValue="#ccc")
        ),
    )
    return site


settings.register_profile(
    "proctor", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("proctor")

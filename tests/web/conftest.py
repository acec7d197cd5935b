from __future__ import annotations

import asyncio
import inspect

import pytest

from proctor import ProctorTest
from tests.web.matrices import definition, one_bucket, write_matrix


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run coroutine functions as tests, each on a loop of its own."""
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    names = inspect.signature(function).parameters
    asyncio.run(function(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture
def site(tmp_path, settings):
    """A site with a matrix that puts everybody into the first bucket of each test."""
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

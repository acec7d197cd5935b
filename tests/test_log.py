from __future__ import annotations

import io
import logging

import pytest
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path

from proctor.core.messages import error_place, printable
from proctor.log import ProctorFilter
from proctor.middleware import BaseProctorMiddleware
from proctor.resolving.once_log import OnceLog
from proctor.resolving.site_setup import current_setup
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__
IDENTIFIER = "pa5xq0lz4n80"

logger = logging.getLogger(HERE)


class Everybody(BaseProctorMiddleware):
    def get_identifiers(self, request):
        logger.warning("who")
        return {"USER": IDENTIFIER}


class Telling(BaseProctorMiddleware):
    """A middleware whose hook fails with the visitor's data in the message."""

    def get_identifiers(self, request):
        raise LookupError(f"nobody is {IDENTIFIER}\nWARNING forged")


class Listing(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return ["USER", IDENTIFIER]


class Unprivileged(Everybody):
    def is_privileged(self, request):
        raise LookupError(f"nobody is {IDENTIFIER}\nWARNING forged")


class Textless:
    def __str__(self):
        raise ValueError(IDENTIFIER)


class Unwritable(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": Textless()}


class Random(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"RANDOM": IDENTIFIER}


class WithContext(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": IDENTIFIER}

    def get_context(self, request):
        return {"country": f"{IDENTIFIER}\nWARNING forged"}


def reading(request):
    logger.warning("before")
    group = request.proc.buttoncolortst.group
    logger.warning("after")
    return HttpResponse(group)


async def areading(request):
    return reading(request)


def missing(request):
    request.proc.buttoncolortst  # noqa: B018
    raise Http404


def unread(request):
    logger.warning("unread")
    return HttpResponse()


urlpatterns = [
    path("", reading),
    path("async", areading),
    path("missing", missing),
    path("unread", unread),
]


@pytest.fixture(autouse=True)
def _urls(site):
    with override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Everybody"]):
        yield


@pytest.fixture
def lines():
    """The lines that a handler with the filter writes, from all loggers."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(ProctorFilter())
    handler.setFormatter(logging.Formatter("%(message)s|%(proctor)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    root.removeHandler(handler)


ALL = "button-dash0,buttoncolortst1,headlinetst1"


def test_the_groups_are_on_records_once_they_are_known(lines):
    Client().get("/")
    assert [each for each in lines() if "exposed" not in each] == [
        "who|",
        "before|",
        f"after|{ALL}",
    ]


async def test_they_are_there_in_a_coroutine_view(lines):
    await AsyncClient().get("/async")
    assert f"after|{ALL}" in lines()


def test_a_page_that_reads_nothing_has_an_empty_text_and_no_groups(lines):
    response = Client().get("/unread")
    assert "unread|" in lines()
    assert response.wsgi_request.proc.known_groups() == ""


def test_outside_of_a_request_the_text_is_empty(lines):
    Client().get("/")
    logger.warning("outside")
    assert lines()[-1] == "outside|"


def test_django_s_own_record_of_a_request_has_its_groups(lines):
    Client().get("/missing")
    assert f"Not Found: /missing|{ALL}" in lines()


def test_a_record_with_a_request_says_that_one_s_groups(lines):
    request = Client().get("/").wsgi_request
    logger.warning("late", extra={"request": request})
    assert lines()[-1] == f"late|{ALL}"


class Hostile:
    def __getattr__(self, name):
        raise RuntimeError(name)


class Pretender:
    proc = object()


@pytest.mark.parametrize("request_", ["nobody", Hostile, Pretender])
def test_whatever_a_record_calls_its_request_the_line_comes(request_):
    made = request_() if isinstance(request_, type) else request_
    record = logging.makeLogRecord({"request": made})
    assert ProctorFilter().filter(record) is True
    assert record.proctor == ""


def test_the_filter_works_without_the_middleware():
    record = logging.makeLogRecord({"request": RequestFactory().get("/")})
    ProctorFilter().filter(record)
    assert record.proctor == ""


@pytest.mark.parametrize(
    "middleware", ["Telling", "Listing", "Unprivileged", "Unwritable", "Random", "WithContext"]
)
@pytest.mark.parametrize("kind", ["int", "String"])
def test_no_identifier_and_no_forged_line_reaches_a_log(middleware, kind, tmp_path, caplog):
    matrix = write_matrix(
        tmp_path,
        buttoncolortst=definition(one_bucket("blue", 1), rule="${country > 3}"),
        headlinetst=definition(one_bucket("warm", 1), rule="${country.length > 'a'}"),
    )
    with (
        override_settings(
            MIDDLEWARE=[f"{HERE}.{middleware}"],
            PROCTOR_MATRIX=matrix,
            PROCTOR_CONTEXT={"country": kind},
        ),
        caplog.at_level(logging.DEBUG),
    ):
        assert Client().get("/?prforceGroups=a1").status_code == 200
    ours = [each for each in caplog.records if each.name.startswith("proctor")]
    text = "\n".join(map(logging.Formatter("%(message)s").format, ours))
    assert ours
    assert IDENTIFIER not in text
    assert "forged" not in text


@pytest.mark.parametrize("middleware", ["Unwritable", "Random"])
def test_an_identifier_that_is_none_costs_the_groups_and_not_the_page(middleware):
    with override_settings(MIDDLEWARE=[f"{HERE}.{middleware}"]):
        assert Client().get("/").content == b"control"


def test_a_failing_hook_is_described_by_its_kind_and_place():
    def hook():
        raise LookupError(IDENTIFIER)

    with pytest.raises(LookupError) as caught:
        hook()
    assert error_place(caught.value).startswith("LookupError (test_log.py:")
    assert "in hook" in error_place(caught.value)


def test_an_exception_without_a_place_is_described_by_its_kind():
    assert error_place(LookupError(IDENTIFIER)) == "LookupError"


def test_the_same_is_logged_once(caplog):
    log = OnceLog()
    for value in ("a", "a", "b"):
        log.log(logger, logging.WARNING, "said %s", value)
    assert [each.getMessage() for each in caplog.records] == ["said a", "said b"]


def test_who_says_a_thousand_things_is_heard_no_more(caplog):
    log = OnceLog()
    for value in range(OnceLog.LIMIT + 10):
        log.log(logger, logging.WARNING, "said %s", value)
    assert len(caplog.records) == OnceLog.LIMIT


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\x1b[31mb", "a\u2028b", "a\x85b", "x" * 999])
def test_a_value_becomes_one_short_line(text):
    shown = printable(text)
    assert (shown.isprintable(), len(shown) <= 300) == (True, True)


def test_what_was_logged_is_remembered_for_as_long_as_the_settings_hold():
    assert current_setup().log is current_setup().log

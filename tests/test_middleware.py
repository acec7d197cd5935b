from __future__ import annotations

import logging
import sys
from types import ModuleType

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, SuspiciousOperation
from django.core.handlers.base import BaseHandler
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path

from proctor.core.evaluation.groups import Reason
from proctor.middleware import BaseProctorMiddleware
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__


class ByHeader(BaseProctorMiddleware):
    """Identifies visitors by headers, so that a test can act as any visitor."""

    def get_identifiers(self, request):
        return {"USER": request.headers.get("user"), "acctid": request.headers.get("account")}

    def get_context(self, request):
        return {"country": request.headers.get("country", "")}

    def is_privileged(self, request):
        return request.headers.get("privileged") == "yes"


class Awaited(BaseProctorMiddleware):
    async def aget_identifiers(self, request):
        return {"USER": request.headers.get("user")}

    async def aget_context(self, request):
        return {"country": request.headers.get("country", "")}

    async def ais_privileged(self, request):
        return request.headers.get("privileged") == "yes"


class WithAgent(ByHeader):
    def get_context(self, request):
        return {"country": "US", "ua": "Mozilla/5.0 (Linux; Android 14)"}


class Failing(BaseProctorMiddleware):
    error: Exception = RuntimeError("no such visitor")

    def get_identifiers(self, request):
        raise self.error


class NotFound(Failing):
    error = Http404("nobody")


class Denied(Failing):
    error = PermissionDenied()


class Suspicious(Failing):
    error = SuspiciousOperation()


class NoDict(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return ["USER"]


class FailingPrivilege(ByHeader):
    def is_privileged(self, request):
        raise AttributeError("request has no user here")


def group(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


def reason(request):
    return HttpResponse(request.proc.buttoncolortst.reason.value)


def agent(request):
    proc = request.proc
    return HttpResponse(f"{proc.buttoncolortst.group} {proc.agenttst.group}")


def nothing(request):
    return HttpResponse("nothing")


def missing(request):
    raise Http404


async def agroup(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


urlpatterns = [
    path("", group),
    path("reason", reason),
    path("nothing", nothing),
    path("agent", agent),
    path("missing", missing),
    path("async", agroup),
]


@pytest.fixture(autouse=True)
def _urls(site):
    with override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.ByHeader"]):
        yield


def raise_(error):
    raise error


def with_middleware(name):
    return override_settings(MIDDLEWARE=[f"{HERE}.{name}"])


def test_a_view_reads_the_group_of_the_matrix():
    assert Client().get("/", headers={"user": "a"}).content == b"blue"


def test_a_visitor_without_an_identifier_has_the_declared_default():
    assert Client().get("/").content == b"control"


@pytest.mark.parametrize("middleware", ["ByHeader", "Awaited"])
@pytest.mark.parametrize("url", ["/", "/async"])
async def test_under_asgi_plain_and_awaitable_hooks_give_the_same(middleware, url):
    with with_middleware(middleware):
        response = await AsyncClient().get(url, headers={"user": "a"})
    assert response.content == b"blue"


@pytest.mark.parametrize("url", ["/", "/async"])
def test_under_wsgi_a_class_with_awaitable_hooks_only_works_too(url):
    with with_middleware("Awaited"):
        assert Client().get(url, headers={"user": "a"}).content == b"blue"


def test_the_middleware_is_async_where_what_it_wraps_is():
    async def get_response(request):
        return HttpResponse()

    assert iscoroutinefunction(ByHeader(get_response))
    assert not iscoroutinefunction(ByHeader(lambda request: HttpResponse()))


def test_a_class_that_says_nobody_who_a_visitor_is_cannot_be_built():
    with pytest.raises(ImproperlyConfigured, match="override get_identifiers"):
        BaseProctorMiddleware(lambda request: HttpResponse())


@pytest.mark.parametrize(
    ("middleware", "status"), [("NotFound", 404), ("Denied", 403), ("Suspicious", 400)]
)
@pytest.mark.parametrize("lazy", [False, True])
def test_a_hook_may_answer_the_request(middleware, status, lazy):
    with with_middleware(middleware), override_settings(PROCTOR_LAZY=lazy):
        assert Client().get("/").status_code == status


@pytest.mark.parametrize(
    ("middleware", "status"), [("NotFound", 404), ("Denied", 403), ("Suspicious", 400)]
)
async def test_a_hook_may_answer_the_request_under_asgi(middleware, status):
    with with_middleware(middleware):
        assert (await AsyncClient().get("/async")).status_code == status


@pytest.mark.parametrize("middleware", ["Failing", "NoDict"])
def test_after_another_exception_of_a_hook_the_defaults_hold_and_one_record_says_so(
    middleware, caplog
):
    with with_middleware(middleware), caplog.at_level(logging.WARNING, "proctor"):
        assert Client().get("/reason").content == Reason.HOOK_FAILED.value.encode()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_after_an_exception_of_a_hook_the_defaults_hold_under_asgi():
    with with_middleware("Failing"):
        assert (await AsyncClient().get("/async")).content == b"control"


def test_in_debug_an_exception_of_a_hook_is_raised():
    with (
        with_middleware("Failing"),
        override_settings(DEBUG=True),
        pytest.raises(RuntimeError, match="no such visitor"),
    ):
        Client().get("/")


def test_without_lazy_the_hooks_run_before_a_view_that_reads_nothing():
    with with_middleware("Denied"):
        assert Client().get("/nothing").status_code == 403


def test_with_lazy_the_hooks_run_only_for_a_view_that_reads():
    with with_middleware("Denied"), override_settings(PROCTOR_LAZY=True):
        assert Client().get("/nothing").status_code == 200


def test_a_configuration_that_makes_no_sense_is_named():
    with (
        override_settings(PROCTOR_TESTS=("buttoncolortst")),
        pytest.raises(ImproperlyConfigured, match="needs a comma"),
    ):
        Client().get("/")


def test_without_a_source_every_test_has_its_default():
    with override_settings(PROCTOR_MATRIX=None):
        assert Client().get("/reason", headers={"user": "a"}).content == b"no_source"


def test_a_matrix_that_is_not_there_costs_the_groups_and_not_the_page(tmp_path):
    with override_settings(PROCTOR_MATRIX=tmp_path / "none.json"):
        assert Client().get("/reason", headers={"user": "a"}).content == b"source_failed"


def test_a_context_variable_that_does_not_fit_its_type_costs_that_variable_only(tmp_path, caplog):
    matrix = write_matrix(
        tmp_path,
        buttoncolortst=definition(one_bucket("blue", 1)),
        headlinetst=definition(one_bucket("warm", 1), rule="${country > 3}"),
    )
    with (
        override_settings(PROCTOR_MATRIX=matrix, PROCTOR_CONTEXT={"country": "int"}),
        caplog.at_level(logging.WARNING, "proctor"),
    ):
        for _ in range(3):
            response = Client().get("/", headers={"user": "a", "country": "US"})
    assert response.content == b"blue"
    assert sum("country" in record.message for record in caplog.records) == 2


class TestForceGroups:
    def get(self, url, client=None, **headers):
        return (client or Client()).get(url, headers={"user": "a", **headers})

    def test_a_privileged_visitor_forces_a_group_by_parameter(self):
        response = self.get("/?prforceGroups=buttoncolortst2", privileged="yes")
        assert response.content == b"green"

    def test_nobody_else_does(self):
        response = self.get("/?prforceGroups=buttoncolortst2")
        assert (response.content, "prforceGroups" in response.cookies) == (b"blue", False)

    def test_the_header_forces_where_there_is_no_parameter(self):
        forced = {"X-PRFORCEGROUPS": "buttoncolortst2", "privileged": "yes"}
        assert self.get("/", **forced).content == b"green"

    def test_the_parameter_comes_before_the_header(self):
        forced = {"X-PRFORCEGROUPS": "buttoncolortst2", "privileged": "yes"}
        assert self.get("/?prforceGroups=buttoncolortst0", **forced).content == b"control"

    def test_what_was_forced_stays_for_the_browser_session(self):
        client = Client()
        self.get("/?prforceGroups=buttoncolortst2", client, privileged="yes")
        assert self.get("/", client, privileged="yes").content == b"green"

    def test_the_cookie_counts_only_while_the_visitor_is_privileged(self):
        client = Client()
        self.get("/?prforceGroups=buttoncolortst2", client, privileged="yes")
        assert self.get("/", client).content == b"blue"

    def test_the_cookie_is_one_that_scripts_and_other_sites_cannot_use(self):
        response = self.get("/?prforceGroups=buttoncolortst2,othertst1", privileged="yes")
        cookie = response.cookies["prforceGroups"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (
            True,
            "Lax",
            "/",
            "",
        )

    def test_undeclared_tests_are_kept_in_the_form_that_java_reads(self):
        response = self.get("/?prforceGroups=buttoncolortst2,othertst1,%20bad", privileged="yes")
        assert (
            response.cookies["prforceGroups"]
            .OutputString()
            .startswith("prforceGroups=buttoncolortst2%2Cothertst1;")
        )

    def test_an_empty_parameter_clears(self):
        client = Client()
        self.get("/?prforceGroups=buttoncolortst2", client, privileged="yes")
        self.get("/?prforceGroups=", client, privileged="yes")
        assert self.get("/", client, privileged="yes").content == b"blue"

    def test_several_cookies_of_the_name_are_joined_and_the_last_wins(self):
        cookies = 'prforceGroups="buttoncolortst2%2Cothertst1"; prforceGroups=buttoncolortst0'
        response = Client().get("/", headers={"user": "a", "privileged": "yes", "cookie": cookies})
        assert response.content == b"control"

    def test_a_forced_link_sticks_on_a_page_that_reads_nothing(self):
        response = self.get("/nothing?prforceGroups=buttoncolortst2", privileged="yes")
        assert "prforceGroups" in response.cookies

    def test_a_forced_link_sticks_on_an_error_page(self):
        response = self.get("/missing?prforceGroups=buttoncolortst2", privileged="yes")
        assert (response.status_code, "prforceGroups" in response.cookies) == (404, True)

    def test_an_exception_of_is_privileged_means_no(self, caplog):
        with with_middleware("FailingPrivilege"):
            response = self.get("/?prforceGroups=buttoncolortst2")
        assert response.content == b"blue"
        assert "counts as False" in caplog.text

    @pytest.mark.parametrize("error", [Http404("no"), PermissionDenied(), SuspiciousOperation()])
    @pytest.mark.parametrize("lazy", [False, True])
    def test_no_error_of_is_privileged_is_an_answer(self, error, lazy, monkeypatch):
        monkeypatch.setattr(ByHeader, "is_privileged", lambda self, request: raise_(error))
        with override_settings(PROCTOR_LAZY=lazy):
            response = self.get("/nothing?prforceGroups=buttoncolortst2")
        assert response.status_code == 200

    def test_a_page_with_the_cookie_is_private(self):
        response = self.get("/nothing?prforceGroups=buttoncolortst2", privileged="yes")
        assert response["Cache-Control"] == "private"

    def test_a_page_that_reads_nothing_for_others_is_left_alone(self):
        response = self.get("/nothing?prforceGroups=buttoncolortst2")
        assert "Cache-Control" not in response

    def test_the_parameter_is_seen_however_it_is_encoded(self):
        response = self.get("/?prforce%47roups=buttoncolortst2", privileged="yes")
        assert response.content == b"green"

    async def test_forcing_works_under_asgi(self):
        client = AsyncClient()
        forced = {"user": "a", "privileged": "yes"}
        response = await client.get("/async?prforceGroups=buttoncolortst2", headers=forced)
        again = await client.get("/async", headers=forced)
        assert (response.content, again.content) == (b"green", b"green")

    def test_so_much_that_no_cookie_holds_it_forces_this_request_alone(self, caplog):
        many = ",".join(f"sometestwithaname{i}x1" for i in range(200))
        response = self.get(f"/?prforceGroups=buttoncolortst2,{many}", privileged="yes")
        assert (response.content, "prforceGroups" in response.cookies) == (b"green", False)
        assert "too long for a cookie" in caplog.text

    def test_a_hostile_query_is_left_to_the_view(self):
        query = "&".join(f"a{i}=1" for i in range(2000))
        assert Client().get(f"/?{query}", headers={"user": "a"}).content == b"blue"


def test_the_middleware_can_be_called_by_hand():
    request = RequestFactory().get("/", headers={"user": "a"})
    assert ByHeader(group)(request).content == b"blue"


# -- settings that cannot work ------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROCTOR_API_ROOT", "pipet.example.com"),
        ("PROCTOR_API_ROOT", "ftp://pipet.example.com"),
        ("PROCTOR_API_ROOT", 8080),
        ("PROCTOR_TESTS", "buttoncolortst"),
        ("PROCTOR_TESTS", None),
        ("PROCTOR_TESTS", ({"name": "buttoncolortst"},)),
        ("PROCTOR_PIPET_CONFIG", "none.json"),
        ("PROCTOR_PIPET_CONFIG", HERE),
        ("PROCTOR_PIPET_CONFIG", {"context": {"country": {"type": "Strang"}}}),
        ("PROCTOR_CONTEXT", {"country": 5}),
        ("PROCTOR_CONTEXT", "country"),
        ("PROCTOR_IDENTIFIERS", ["USER"]),
        ("PROCTOR_TEST_TYPES", 5),
        ("PROCTOR_MATRIX", 5),
        ("PROCTOR_MATRIX_RELOAD", "30"),
        ("PROCTOR_TIMEOUT", None),
        ("PROCTOR_SOURCE", "no.such.Source"),
        ("PROCTOR_SOURCE", 5),
        ("PROCTOR_VARY", "Cookie"),
        ("PROCTOR_VARY", (None,)),
        ("PROCTOR_ID_COOKIE", "my id"),
        ("PROCTOR_ID_COOKIE", None),
    ],
    ids=str,
)
def test_a_setting_that_cannot_work_stops_the_server_and_not_each_page(site, name, value, is_async):
    if name == "PROCTOR_API_ROOT":
        site.PROCTOR_MATRIX = None
    setattr(site, name, value)
    site.MIDDLEWARE = ["proctor.middleware.ProctorMiddleware"]
    with pytest.raises(ImproperlyConfigured):
        BaseHandler().load_middleware(is_async=is_async)
    assert [each for each in run_checks(tags=["proctor"]) if each.level >= ERROR]


def test_a_module_of_the_site_that_fails_is_named(site, monkeypatch):
    site.PROCTOR_SOURCE = "broken_source.Source"
    monkeypatch.setitem(sys.modules, "broken_source", BrokenModule("broken_source"))
    with pytest.raises(ImproperlyConfigured, match="LookupError: Source"):
        BaseHandler().load_middleware()


class BrokenModule(ModuleType):
    def __getattr__(self, name):
        raise LookupError(name)


@pytest.mark.parametrize(
    "name", ["PROCTOR_API_ROOT", "PROCTOR_MATRIX", "PROCTOR_SOURCE", "PROCTOR_CACHE_METHOD"]
)
def test_an_empty_setting_means_none(site, name):
    site.PROCTOR_MATRIX = None
    setattr(site, name, "")
    assert Client().get("/reason", headers={"user": "a"}).content == b"no_source"
    assert [each.id for each in run_checks(tags=["proctor"]) if each.level >= ERROR] == []


def test_an_empty_path_of_a_pipet_config_means_none(site):
    site.PROCTOR_PIPET_CONFIG = ""
    assert Client().get("/", headers={"user": "a"}).content == b"blue"
    assert [each.id for each in run_checks(tags=["proctor"]) if each.level >= ERROR] == []


@pytest.mark.parametrize("config", [False, True])
def test_a_missing_extra_costs_only_its_variable(site, tmp_path, monkeypatch, caplog, config):
    monkeypatch.setattr("proctor.core.inputs.user_agents.user_agent_parser", lambda: None)
    if config:
        site.PROCTOR_PIPET_CONFIG = {
            "context": {
                "country": {"sourceKey": "country", "source": "HEADER", "type": "String"},
                "userAgent": {"sourceKey": "ua", "source": "HEADER", "type": "UserAgent"},
            },
            "identifiers": {"USER": {"sourceKey": "USER", "source": "QUERY"}},
        }
    else:
        agent = {"name": "userAgent", "type": "UserAgent"}
        site.PROCTOR_CONTEXT = {"country": "String", "ua": agent}
    site.PROCTOR_TESTS = ("buttoncolortst", "agenttst")
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        buttoncolortst=definition(one_bucket("blue", 1), rule="${country == 'US'}"),
        agenttst=definition(one_bucket("yes", 1), rule="${userAgent.android}"),
    )
    with override_settings(MIDDLEWARE=[f"{HERE}.WithAgent"]):
        assert Client().get("/agent", headers={"user": "a"}).content == b"blue None"
    (found,) = [each for each in run_checks(tags=["proctor"]) if each.id == "proctor.W020"]
    assert "'userAgent'" in found.msg
    assert "Rules get no value for userAgent" in caplog.text
    assert "pip install django-proctor[useragent]" in caplog.text

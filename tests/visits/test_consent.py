"""`has_consent` (visitors who did not agree get no id), and the attributes of the id cookie."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from proctor.middleware import ProctorMiddleware
from proctor.signals import exposed
from tests.site_matrices import definition, one_bucket, write_matrix
from tests.visits.test_exposures import listening

HERE = __name__


class Plain(ProctorMiddleware):
    def has_consent(self, request):
        request.__dict__["times"] = request.__dict__.get("times", 0) + 1
        return request.COOKIES.get("consent") == "yes"


class Twin(ProctorMiddleware):
    async def ahas_consent(self, request):
        request.__dict__["times"] = request.__dict__.get("times", 0) + 1
        return request.COOKIES.get("consent") == "yes"


class WithAccount(Plain):
    """A middleware with its own identifiers, which do not need consent."""

    def get_identifiers(self, request):
        return {"USER": "someone", "ACCOUNT": "5083"}


class OwnCookie(Plain):
    """A middleware with its own tracking cookie, under a source key that maps to USER."""

    def get_identifiers(self, request):
        return {"visitor": "someone", "USER": "someone"}


class OwnAwaitedCookie(Plain):
    async def aget_identifiers(self, request):
        return {"visitor": "someone", "USER": "someone"}


class Text(ProctorMiddleware):
    """A middleware that returns the value of a cookie, which may be "no"."""

    def has_consent(self, request):
        return "no"


class Returning(ProctorMiddleware):
    """A middleware that returns a coroutine, which is always true."""

    async def decide(self):
        return False

    def has_consent(self, request):
        return self.decide()


class Failing(ProctorMiddleware):
    def has_consent(self, request):
        raise LookupError("visitor pa5xq0lz4n80")


class FailingTwin(ProctorMiddleware):
    async def ahas_consent(self, request):
        raise LookupError("visitor pa5xq0lz4n80")


def view(request):
    group = request.proc.buttoncolortst.group
    return HttpResponse(f"{group} {request.__dict__.get('times')}")


async def aview(request):
    return view(request)


urlpatterns = [path("", view), path("a", aview)]


@pytest.fixture(params=["Plain", "Twin"])
def consenting(request, site):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.{request.param}"]
    return site


@pytest.fixture
def exposures():
    with listening(exposed) as seen:
        yield seen


@pytest.mark.parametrize("url", ["/", "/a"])
def test_without_consent_there_is_neither_id_nor_cookie_nor_exposure(consenting, exposures, url):
    response = Client().get(url)
    assert response.content == b"control 1"
    assert "proctor_id" not in response.cookies
    assert exposures == []


@pytest.mark.parametrize("url", ["/", "/a"])
async def test_without_consent_it_is_the_same_under_asgi(consenting, exposures, url):
    response = await AsyncClient().get(url)
    assert response.content == b"control 1"
    assert "proctor_id" not in response.cookies
    assert exposures == []


@pytest.mark.parametrize("url", ["/", "/a"])
def test_with_consent_the_visitor_gets_an_id(consenting, exposures, url):
    response = Client(headers={"cookie": "consent=yes"}).get(url)
    assert response.content == b"blue 1"
    assert "proctor_id" in response.cookies
    assert len(exposures) == 1


async def test_with_consent_it_is_the_same_under_asgi(consenting, exposures):
    client = AsyncClient()
    client.cookies["consent"] = "yes"
    response = await client.get("/a")
    assert response.content == b"blue 1"
    assert "proctor_id" in response.cookies
    assert len(exposures) == 1


def test_an_id_from_before_is_not_used_without_consent(consenting):
    assert Client(headers={"cookie": "proctor_id=known"}).get("/").content == b"control 1"


def test_other_identifiers_give_groups_and_no_exposure(site, exposures, tmp_path):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.WithAccount"]
    site.PROCTOR_IDENTIFIERS = {}
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), testType="ACCOUNT")
    )
    assert Client().get("/").content.startswith(b"blue")
    assert exposures == []


@pytest.mark.parametrize("middleware", ["OwnCookie", "OwnAwaitedCookie"])
async def test_own_identifiers_of_type_user_are_dropped_without_consent(site, middleware):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.{middleware}"]
    site.PROCTOR_IDENTIFIERS = {"visitor": "USER"}
    for url in ("/", "/a"):
        assert (await AsyncClient().get(url)).content.startswith(b"control")
        assert (await sync_to_async(Client().get)(url)).content.startswith(b"control")


@pytest.mark.parametrize(("middleware", "kind"), [("Text", "str"), ("Returning", "coroutine")])
def test_an_answer_that_is_always_true_counts_as_no(site, caplog, middleware, kind):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.{middleware}"]
    response = Client().get("/")
    assert response.content.startswith(b"control")
    assert "proctor_id" not in response.cookies
    assert f"has_consent returned a {kind}; return a bool" in caplog.text


def test_an_error_counts_as_no_and_is_logged(site, exposures, caplog):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.Failing"]
    response = Client().get("/")
    assert response.content.startswith(b"control")
    assert "proctor_id" not in response.cookies
    (record,) = [each for each in caplog.records if each.name == "proctor.hooks"]
    assert (
        "has_consent of Failing failed, so the visitor is treated as not having agreed: LookupError"
        in record.getMessage()
    )
    assert "pa5xq0lz4n80" not in record.getMessage()


@pytest.mark.parametrize("middleware", ["Failing", "FailingTwin"])
def test_an_error_is_logged_once_for_all_requests(site, caplog, middleware):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.{middleware}"]
    for _ in range(2):
        assert Client().get("/").content.startswith(b"control")
    assert [each.name for each in caplog.records] == ["proctor.hooks"]


async def test_an_error_is_logged_once_for_all_requests_under_asgi(site, caplog):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.FailingTwin"]
    for _ in range(2):
        assert (await AsyncClient().get("/a")).content.startswith(b"control")
    assert [each.name for each in caplog.records] == ["proctor.hooks"]


def test_the_attributes_of_the_cookie_are_those_of_the_settings(site):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = ["proctor.middleware.ProctorMiddleware"]
    site.PROCTOR_ID_COOKIE_AGE = 3600
    site.PROCTOR_ID_COOKIE_DOMAIN = ".example.com"
    site.PROCTOR_ID_COOKIE_PATH = "/shop/"
    site.PROCTOR_ID_COOKIE_SAMESITE = "None"
    site.PROCTOR_ID_COOKIE_SECURE = True
    cookie = Client().get("/").cookies["proctor_id"]
    names = ("max-age", "domain", "path", "samesite", "secure", "httponly")
    assert [cookie[name] for name in names] == [3600, ".example.com", "/shop/", "None", True, True]


@pytest.mark.parametrize(("is_secure", "setting"), [(True, False), (False, True)])
def test_the_setting_of_secure_comes_before_the_request(site, is_secure, setting):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = ["proctor.middleware.ProctorMiddleware"]
    site.PROCTOR_ID_COOKIE_SECURE = setting
    cookie = Client().get("/", secure=is_secure).cookies["proctor_id"]
    assert bool(cookie["secure"]) is setting

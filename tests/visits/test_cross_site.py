"""Another site makes a visitor's browser send a request with forced groups."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.utils.decorators import sync_and_async_middleware
from django.views.decorators.csrf import csrf_exempt

from proctor.middleware import BaseProctorMiddleware

HERE = __name__
ASKED = "/?prforceGroups=buttoncolortst2"


class Everybody(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}


class ByAddress(Everybody):
    def is_privileged(self, request):
        return request.META["REMOTE_ADDR"] == "127.0.0.1"


class ByForwardedAddress(Everybody):
    def is_privileged(self, request):
        return request.headers.get("X-Forwarded-For") == "10.0.0.1"


class ByAttribute(Everybody):
    """Decides privilege by an attribute, like a middleware that determines the IP address."""

    def is_privileged(self, request):
        return request.address == "127.0.0.1"


class ByAddressOrUser(ByAddress):
    def is_privileged(self, request):
        return super().is_privileged(request) or request.user.is_staff


class AwaitedByAddress(Everybody):
    async def ais_privileged(self, request):
        return request.META["REMOTE_ADDR"] == "127.0.0.1"


class ByUser(Everybody):
    def is_privileged(self, request):
        return request.user.is_authenticated and request.user.name == "boss"


class AwaitedByUser(Everybody):
    async def ais_privileged(self, request):
        return (await request.auser()).name == "boss"


class ByCookie(Everybody):
    def is_privileged(self, request):
        return request.COOKIES["qa"] == "yes" and "qa=yes" in request.headers["cookie"]


class BySession(Everybody):
    def is_privileged(self, request):
        return request.session.get("qa", False)


class Boss:
    is_authenticated = is_active = is_staff = True
    pk, name = 1, "boss"


@sync_and_async_middleware
def signed_in(get_response):
    from asgiref.sync import iscoroutinefunction

    async def auser():
        return Boss()

    def sign_in(request):
        request.user, request.auser, request.session = Boss(), auser, {"qa": True}
        request.address = request.META.get("REMOTE_ADDR")

    if iscoroutinefunction(get_response):

        async def awaited(request):
            sign_in(request)
            return await get_response(request)

        return awaited

    def plain(request):
        sign_in(request)
        return get_response(request)

    return plain


@csrf_exempt
def view(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


urlpatterns = [path("", view)]

BY_ADDRESS = [
    "ByAddress",
    "ByForwardedAddress",
    "ByAttribute",
    "ByAddressOrUser",
    "AwaitedByAddress",
]
BY_PERSON = ["ByUser", "AwaitedByUser", "ByCookie", "BySession"]

CROSS_SITE = [
    {"sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example.com"},
    {"origin": "null"},
    {"referer": "https://evil.example.com/page"},
    {"referer": "https://[evil"},
]
SAME_SITE = [
    {},
    {"sec-fetch-site": "none", "referer": "https://mail.example.com/"},
    {"sec-fetch-site": "same-origin"},
    {"origin": "http://testserver"},
    {"referer": "http://TESTSERVER/page"},
]


@pytest.fixture(autouse=True)
def _site(site):
    site.ROOT_URLCONF = HERE


def asked(middleware, method="get", headers=None):
    client = Client(headers={"x-forwarded-for": "10.0.0.1", "cookie": "qa=yes", **(headers or {})})
    with override_settings(MIDDLEWARE=[f"{HERE}.signed_in", f"{HERE}.{middleware}"]):
        return getattr(client, method)(ASKED)


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("middleware", BY_ADDRESS)
def test_another_site_cannot_set_the_cookie_by_a_privilege_of_the_address(
    middleware, method, headers
):
    response = asked(middleware, method, headers)
    assert (response.content, "prforceGroups" in response.cookies) == (b"green", False)


@pytest.mark.parametrize("headers", SAME_SITE, ids=str)
@pytest.mark.parametrize("middleware", [*BY_ADDRESS, *BY_PERSON])
def test_a_request_of_the_site_itself_sets_the_cookie(middleware, headers):
    assert "prforceGroups" in asked(middleware, headers=headers).cookies


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
@pytest.mark.parametrize("middleware", BY_PERSON)
def test_a_link_elsewhere_sets_the_cookie_by_a_privilege_of_the_person(middleware, headers):
    assert "prforceGroups" in asked(middleware, headers=headers).cookies


def test_staff_may_follow_a_link_elsewhere_too(site):
    site.PROCTOR_STAFF_MAY_FORCE = True
    response = asked("Everybody", headers=CROSS_SITE[0])
    assert (response.content, "prforceGroups" in response.cookies) == (b"green", True)


@pytest.mark.parametrize(
    ("middleware", "is_set"),
    [("ByAddress", False), ("AwaitedByAddress", False), ("ByUser", True), ("AwaitedByUser", True)],
)
async def test_it_is_the_same_under_asgi(middleware, is_set):
    with override_settings(MIDDLEWARE=[f"{HERE}.signed_in", f"{HERE}.{middleware}"]):
        response = await AsyncClient().get(ASKED, headers=CROSS_SITE[0])
    assert (response.content, "prforceGroups" in response.cookies) == (b"green", is_set)


def test_another_site_cannot_clear_the_cookie_either():
    client = Client(headers=CROSS_SITE[0])
    with override_settings(MIDDLEWARE=[f"{HERE}.ByAddress"]):
        response = client.get("/?prforceGroups=")
    assert "prforceGroups" not in response.cookies

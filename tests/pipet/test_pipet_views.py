"""The Pipet API in a Django site, under WSGI and behind other middleware."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import include, path

from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__

urlpatterns = [
    path("pipet/", include("proctor.pipet.urls")),
    path("none/", include("proctor.pipet.urls"), {"all_tests": False}),
]

VISITOR = {"id.USER": "someone", "ctx.country": "US"}


@pytest.fixture(autouse=True)
def _site(site):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = []


def identify(client=None, prefix="pipet", **query):
    return (client or Client()).get(f"/{prefix}/groups/identify", {**VISITOR, **query})


def test_groups_are_those_of_the_sites_matrix():
    groups = identify().json()["data"]["groups"]
    assert groups["headlinetst"] == {
        "name": "warm",
        "value": 1,
        "payload": {"stringValue": "Welcome"},
        "version": "1",
    }


def test_what_is_missing_is_told_in_the_javas_words():
    response = Client().get("/pipet/groups/identify", {"id.USER": "a"})
    assert response.status_code == 400
    assert response.json()["meta"]["error"] == (
        "Required variable 'country' not found by 'QUERY:ctx.country'. See the pipet configuration."
    )


def test_the_sites_own_keys_lead_to_their_types():
    assert Client().get("/pipet/config/identifiers").json()["data"] == {
        "ACCOUNT": {"source": "QUERY", "sourceKey": "id.acctid"}
    }


@pytest.mark.parametrize(
    ("default", "shown"), [(False, "false"), (1.5, "1.5"), ("x", "x"), (float("nan"), "NaN")]
)
def test_a_default_of_the_settings_is_written_as_the_java_would(site, default, shown):
    site.PROCTOR_CONTEXT = {"some": {"type": "String", "default": default}}
    assert Client().get("/pipet/config/context").json()["data"]["some"]["defaultValue"] == shown


def test_where_it_is_included_so_a_request_that_names_no_tests_gets_none():
    assert identify(prefix="none").json()["data"]["groups"] == {}
    assert list(identify(prefix="none", test="headlinetst").json()["data"]["groups"]) == [
        "headlinetst"
    ]


def test_djangos_page_cache_keeps_nothing_of_it(site, tmp_path):
    site.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    site.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": f"pipet-{time.monotonic_ns()}",
        }
    }
    assert "buttoncolortst" in Client().get("/pipet/proctor/matrix").json()["tests"]
    other = tmp_path / "other"
    other.mkdir()
    site.PROCTOR_MATRIX = write_matrix(other, othertst=definition(one_bucket("a", 0)))
    response = Client().get("/pipet/proctor/matrix")
    assert list(response.json()["tests"]) == ["othertst"]
    assert "Cache-Control" not in response.headers


def test_services_are_not_asked_to_sign_in(site):
    site.MIDDLEWARE = [f"{HERE}.refusing"]
    assert identify().status_code == 200


def refusing(get_response):
    """Refuses views that require a login, like Django's LoginRequiredMiddleware."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, options):
        assert view.login_required is False

    middleware.process_view = process_view
    return middleware


def test_a_site_without_a_matrix_is_told_what_to_set(site):
    site.PROCTOR_MATRIX = None
    with pytest.raises(ImproperlyConfigured, match="PROCTOR_MATRIX"):
        identify()


def test_a_post_changes_nothing_and_needs_no_token():
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/pipet/config/context").status_code == 200
    assert strict.post("/pipet/groups/identify").status_code == 405

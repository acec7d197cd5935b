from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware
from django.template import engines
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.http import condition

from proctor import ProctorTest
from proctor.middleware import BaseProctorMiddleware, ProctorMiddleware
from proctor.visits.http_caches import mark_as_read
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"
OURS = f"{HERE}.ByHeader"
EARLY = f"{HERE}.read_early"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "caching.md"


class ByHeader(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}

    def get_context(self, request):
        return {"country": request.headers.get("country", "")}

    def is_privileged(self, request):
        return request.headers.get("privileged") == "yes"


def read_early(get_response):
    """A middleware that reads a group, so that the view does not need to."""

    def answer(request):
        request.color = request.proc.buttoncolortst.group
        return get_response(request)

    return answer


def group_of(request):
    return str(request.proc.buttoncolortst.group)


def plain(request):
    return HttpResponse(group_of(request))


async def awaited(request):
    return HttpResponse(group_of(request))


def late(request):
    template = engines["django"].from_string("{{ request.proc.buttoncolortst.group }}")
    return TemplateResponse(request, template)


def tagged(request):
    template = engines["django"].from_string(
        "{% load proctor %}{% ifgroup buttoncolortst blue %}blue{% else %}control{% endifgroup %}"
    )
    return TemplateResponse(request, template)


def by_middleware(request):
    return HttpResponse(request.color)


def by_both(request):
    return HttpResponse(request.color + group_of(request))


def peeking(request):
    return HttpResponse(request.proc.peek("buttoncolortst").group)


def logging(request):
    str(request.proc)
    return HttpResponse("nothing")


def logging_new(request):
    request.proc.logging_string()
    return HttpResponse("nothing")


def listing(request):
    return HttpResponse(" ".join(request.proc.get_group_string_list()))


def told_to_caches(request):
    """A page with the headers given in the request: `?CDN-Cache-Control=max-age%3D60`."""
    response = HttpResponse(group_of(request) if "read" in request.GET else "nothing")
    for name, value in request.GET.items():
        if name != "read":
            response.headers[name] = value
    return response


def streamed(request):
    return StreamingHttpResponse(iter([group_of(request)]))


def streamed_late(request):
    return StreamingHttpResponse(group_of(request) for _ in range(1))


def nothing(request):
    cache.set("answered", cache.get("answered", 0) + 1)
    return HttpResponse("nothing")


async def anothing(request):
    return HttpResponse("nothing")


urlpatterns = [
    path("plain", plain),
    path("awaited", awaited),
    path("late", late),
    path("tagged", tagged),
    path("by_middleware", by_middleware),
    path("by_both", by_both),
    path("peeking", peeking),
    path("streamed", streamed),
    path("streamed_late", streamed_late),
    path("nothing", nothing),
    path("anothing", anothing),
    path("logging", logging),
    path("logging_new", logging_new),
    path("listing", listing),
    path("told", told_to_caches),
    path("cached/listing", cache_page(60)(listing)),
    path("public", cache_control(public=True, max_age=60)(plain)),
    path("etag", condition(etag_func=lambda request: '"one"')(plain)),
    path("cached/plain", cache_page(60)(plain)),
    path("cached/awaited", cache_page(60)(awaited)),
    path("cached/late", cache_page(60)(late)),
    path("cached/tagged", cache_page(60)(tagged)),
    path("cached/by_middleware", cache_page(60)(by_middleware)),
    path("cached/by_both", cache_page(60)(by_both)),
    path("cached/peeking", cache_page(60)(peeking)),
    path("cached/nothing", cache_page(60)(nothing)),
]


@pytest.fixture(autouse=True)
def _site(tmp_path):
    """A site with two groups (blue in the US, control elsewhere) and its own cache."""
    matrix = write_matrix(
        tmp_path,
        buttoncolortst=definition(one_bucket("blue", 1), rule="${country == 'US'}"),
    )
    with override_settings(
        ROOT_URLCONF=HERE,
        MIDDLEWARE=[OURS, EARLY],
        PROCTOR_MATRIX=matrix,
        PROCTOR_TESTS=(ProctorTest("buttoncolortst", ("control", "blue"), "control"),),
        PROCTOR_CONTEXT={"country": "String"},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "proctor.context_processors.proc",
                    ]
                },
            }
        ],
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "LOCATION": str(tmp_path),
            }
        },
    ):
        yield
        cache.clear()


def visit(url, country, **headers):
    return Client().get(url, headers={"country": country, **headers})


READING = ["plain", "awaited", "late", "tagged", "by_middleware", "by_both", "peeking", "listing"]


def expected_of(url):
    """The beginning of a page for visitors from the US, from elsewhere, and from the US again."""
    if url.endswith("listing"):
        return ["butt", "", "butt"]
    return ["blue", "cont", "blue"]


@pytest.mark.parametrize("url", [f"/cached/{name}" for name in READING])
def test_cache_page_serves_no_visitor_the_group_of_another(url):
    pages = [visit(url, country).content.decode() for country in ("US", "GB", "US")]
    assert [page[:4] for page in pages] == expected_of(url)


@pytest.mark.parametrize("url", ["/cached/plain", "/cached/awaited", "/cached/tagged"])
async def test_cache_page_serves_no_visitor_the_group_of_another_under_asgi(url):
    pages = [
        (await AsyncClient().get(url, headers={"country": country})).content
        for country in ("US", "GB", "US")
    ]
    assert pages == [b"blue", b"control", b"blue"]


@pytest.mark.parametrize("url", [f"/{name}" for name in READING])
@pytest.mark.parametrize(
    "middleware",
    [
        [UPDATE, OURS, EARLY, FETCH],
        [UPDATE, OURS, FETCH, EARLY],
        [OURS, UPDATE, EARLY, FETCH],
        [OURS, EARLY, UPDATE, FETCH],
        [OURS, EARLY, "django.middleware.cache.CacheMiddleware"],
    ],
)
def test_the_cache_middlewares_serve_no_visitor_the_group_of_another(url, middleware):
    with override_settings(MIDDLEWARE=middleware):
        pages = [visit(url, country).content.decode() for country in ("US", "GB", "US")]
    assert [page[:4] for page in pages] == expected_of(url)


@pytest.mark.parametrize("url", ["/plain", "/awaited", "/tagged"])
async def test_the_cache_middlewares_serve_no_visitor_the_group_of_another_under_asgi(url):
    with override_settings(MIDDLEWARE=[UPDATE, OURS, FETCH]):
        pages = [
            (await AsyncClient().get(url, headers={"country": country})).content
            for country in ("US", "GB", "US")
        ]
    assert pages == [b"blue", b"control", b"blue"]


@pytest.mark.parametrize("url", [f"/{name}" for name in [*READING, "streamed"]])
def test_a_page_that_read_a_group_is_private(url):
    assert visit(url, "US")["Cache-Control"] == "private"


def test_a_page_that_said_public_and_read_a_group_says_private():
    assert sorted(re.split(", ", visit("/public", "US")["Cache-Control"])) == [
        "max-age=60",
        "private",
    ]


CDN, CLOUDFLARE = "CDN-Cache-Control", "Cloudflare-CDN-Cache-Control"
SURROGATE, NGINX = "Surrogate-Control", "X-Accel-Expires"


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        (CDN, "max-age=600", None),
        (CDN, "public, s-maxage=600, stale-while-revalidate=60, stale-if-error=60", None),
        (CDN, "Max-Age = 600, Must-Revalidate", "Must-Revalidate, private"),
        (CDN, 'max-age=600, ext="a, max-age=1"', 'ext="a, max-age=1", private'),
        (CDN, "max-age=600, private", "private"),
        (CDN, "no-store", "no-store"),
        (CDN, "no-cache", "no-cache, private"),
        (CLOUDFLARE, "max-age=600", None),
        ("X-LiteSpeed-Cache-Control", "public,max-age=120", None),
        ("cdn-cache-control", "max-age=600", None),
        (SURROGATE, "max-age=600", None),
        (SURROGATE, 'max-age=600+30, content="ESI/1.0"', 'content="ESI/1.0"'),
        (SURROGATE, 'content="ESI/1.0", max-age=60;varnish', 'content="ESI/1.0"'),
        (SURROGATE, 'content="ESI/1.0"', 'content="ESI/1.0"'),
        ("Edge-Control", "!no-store, max-age=1d, dca=esi", "dca=esi"),
        (NGINX, "600", None),
        (NGINX, "@1799999999", None),
        (NGINX, "0", "0"),
        ("Cache-Control", "s-maxage=600", "private"),
        ("Cache-Control", "max-age=60, S-MaxAge=600", "max-age=60, private"),
        ("Cache-Control", "max-age=60, no-transform", "max-age=60, no-transform, private"),
        ("Surrogate-Key", "a, max-age=1", "a, max-age=1"),
    ],
)
def test_no_header_outranks_private(name, value, left):
    response = Client().get("/told", {name: value, "read": "1"})
    assert response.headers.get(name) == left
    assert "private" in response.headers["Cache-Control"]


@pytest.mark.parametrize("name", [CDN, CLOUDFLARE, SURROGATE, NGINX, "Cache-Control"])
def test_these_headers_stay_on_a_page_that_read_no_group(name):
    value = "600" if name == NGINX else "s-maxage=600"
    with override_settings(MIDDLEWARE=[OURS]):
        assert Client().get("/told", {name: value}).headers[name] == value


async def test_no_header_outranks_private_under_asgi():
    with override_settings(MIDDLEWARE=[OURS]):
        response = await AsyncClient().get("/told", {CDN: "max-age=600", "read": "1"})
    assert (CDN in response.headers, response.headers["Cache-Control"]) == (False, "private")


@pytest.mark.parametrize("url", ["/nothing", "/logging", "/logging_new"])
def test_a_page_that_read_no_group_is_left_alone(url):
    with override_settings(MIDDLEWARE=[OURS]):
        response = visit(url, "US")
    assert ("Cache-Control" in response, "Vary" in response) == (False, False)


async def test_a_page_that_read_no_group_is_left_alone_under_asgi():
    with override_settings(MIDDLEWARE=[OURS]):
        response = await AsyncClient().get("/anothing")
    assert ("Cache-Control" in response, "Vary" in response) == (False, False)


@pytest.mark.parametrize("url", ["/nothing", "/cached/nothing"])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_page_that_read_no_group_is_stored(url, lazy):
    middleware = [OURS] if url.startswith("/cached") else [UPDATE, OURS, FETCH]
    with override_settings(MIDDLEWARE=middleware, PROCTOR_LAZY=lazy):
        for country in ("US", "GB", "US"):
            visit(url, country)
    assert cache.get("answered") == 1


@pytest.mark.parametrize("url", ["/streamed", "/streamed_late"])
def test_a_stream_may_read_groups_after_the_middleware_is_done(url):
    with override_settings(MIDDLEWARE=[UPDATE, OURS, FETCH]):
        assert [visit(url, country).getvalue() for country in ("US", "GB")] == [b"blue", b"control"]


def test_a_conditional_get_answers_each_group_with_its_own_page():
    with override_settings(MIDDLEWARE=[CONDITIONAL, OURS]):
        etag = visit("/plain", "US")["ETag"]
        same = visit("/plain", "US", **{"If-None-Match": etag})
        other = visit("/plain", "GB", **{"If-None-Match": etag})
    assert (same.status_code, same["Cache-Control"]) == (304, "private")
    assert (other.status_code, other.content) == (200, b"control")


def test_a_request_stays_what_it_was_once_a_group_was_read():
    request = RequestFactory().get("/")
    before = (type(request).__name__, repr(request))
    own = type(request)
    mark_as_read(request)
    assert isinstance(request, own)
    assert (type(request).__name__, repr(request)) == before


def test_what_a_cache_writes_on_a_marked_request_does_not_make_it_store_the_page():
    request = RequestFactory().get("/")
    mark_as_read(request)
    FetchFromCacheMiddleware(lambda request: None).process_request(request)
    response = UpdateCacheMiddleware(lambda request: None).process_response(
        request, HttpResponse("blue")
    )
    assert "Expires" not in response


class TestVary:
    @pytest.fixture(autouse=True)
    def _vary(self):
        with override_settings(PROCTOR_VARY=("Country",), MIDDLEWARE=[UPDATE, OURS, EARLY, FETCH]):
            yield

    def test_the_page_names_the_headers_and_is_not_private(self):
        response = visit("/plain", "US")
        assert (response["Vary"], "private" in response.get("Cache-Control", "")) == (
            "Country",
            False,
        )

    def test_the_outer_cache_stores_a_page_for_each_of_their_values(self):
        assert [visit("/plain", country).content for country in ("US", "GB")] == [
            b"blue",
            b"control",
        ]

    def test_a_page_that_the_cache_keeps_is_not_made_again(self):
        first = visit("/late", "US")
        with override_settings(PROCTOR_MATRIX=None):
            assert visit("/late", "US").content == first.content == b"blue"

    def test_what_is_nearer_than_the_middleware_stores_nothing(self):
        with override_settings(MIDDLEWARE=[OURS]):
            pages = [visit("/cached/plain", country).content for country in ("US", "GB")]
        assert pages == [b"blue", b"control"]

    def test_a_page_that_read_no_group_does_not_vary(self):
        with override_settings(MIDDLEWARE=[OURS]):
            assert "Vary" not in visit("/nothing", "US")

    def test_other_headers_stay(self):
        with override_settings(
            MIDDLEWARE=["django.middleware.gzip.GZipMiddleware", OURS],
            PROCTOR_VARY=("Cookie", "Country"),
        ):
            response = visit("/plain", "US")
        assert {"Cookie", "Country"} <= set(re.split(", *", response["Vary"]))

    def test_headers_for_single_caches_stay_too(self):
        response = Client().get("/told", {CDN: "max-age=600", "read": "1"})
        assert response.headers[CDN] == "max-age=600"

    def test_with_forced_groups_they_do_not_stay(self):
        forced = {"X-PRFORCEGROUPS": "buttoncolortst0", "privileged": "yes"}
        told = {CDN: "max-age=600", "read": "1"}
        assert CDN not in Client().get("/told", told, headers=forced).headers

    def test_a_page_with_forced_groups_is_private_all_the_same(self):
        forced = {"X-PRFORCEGROUPS": "buttoncolortst0", "privileged": "yes"}
        assert visit("/plain", "US", **forced)["Cache-Control"] == "private"

    def test_a_page_that_hands_out_an_id_is_private_all_the_same(self):
        with override_settings(
            MIDDLEWARE=[UPDATE, f"{ProctorMiddleware.__module__}.ProctorMiddleware", FETCH],
            PROCTOR_VARY=("Cookie",),
        ):
            first, second = Client().get("/plain"), Client().get("/plain")
        assert first["Cache-Control"] == "private"
        assert first.cookies["proctor_id"].value != second.cookies["proctor_id"].value


def test_the_page_s_fragment_is_kept_for_each_group():
    """The recipe in docs/caching.md, unchanged."""
    recipe = next(
        re.finditer(r"```htmldjango\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    )
    template = engines["django"].from_string(recipe[1])

    def show(country):
        request = RequestFactory().get("/", headers={"country": country})
        shown = []

        def view(request):
            shown.append(template.render({}, request))
            return HttpResponse()

        ByHeader(view)(request)
        return shown[0]

    assert ("blue" in show("US"), "blue" in show("GB"), "blue" in show("US")) == (
        True,
        False,
        True,
    )

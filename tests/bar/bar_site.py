"""A site with the bar on its pages, whose visitors identify themselves with headers."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import include, path
from django.views.decorators.cache import cache_page

from proctor.middleware import BaseProctorMiddleware

PAGE = "/private/proctor/force/"

#: The page reads the tests of `?read=`, then shows the bar, then reads those of `?later=`.
TEMPLATE = (
    "{% load proctor %}<html><body>{% for test in read %}<p>{% proctor_group test=test %}</p>"
    "{% endfor %}{% proctor_bar %}{% for test in later %}{% proctor_group test=test %}"
    "{% endfor %}</body></html>"
)
WITHOUT_BAR = "{% load proctor %}<html><body>{% proctor_group test=read.0 %}</body></html>"

LOADERS = [
    ("django.template.loaders.locmem.Loader", {"page.html": TEMPLATE, "plain.html": WITHOUT_BAR}),
    "django.template.loaders.app_directories.Loader",
]


class ByHeaders(BaseProctorMiddleware):
    """Let visitors force groups if a header says so; `called` counts the calls."""

    called = 0

    def get_identifiers(self, request):
        return {"USER": request.headers.get("X-User", "someone")}

    def get_context(self, request):
        return {"country": "US"}

    def is_privileged(self, request):
        type(self).called += 1
        return request.headers.get("X-May") == "yes"


class Staff(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "someone"}


def words(request):
    return {
        "read": request.GET.get("read", "buttoncolortst").split(),
        "later": request.GET.get("later", "").split(),
    }


def page(request):
    return render(request, "page.html", words(request))


async def apage(request):
    return render(request, "page.html", words(request))


def plain(request):
    return render(request, "plain.html", words(request))


@cache_page(600)
def cached(request):
    return render(request, "page.html", words(request))


@cache_page(600)
def unread(request):
    return render(request, "page.html", {})


def nothing(request):
    return render(request, "page.html", {})


def peeked(request):
    request.proc.peek("headlinetst")
    return render(request, "page.html", {})


def stream(request):
    def chunks():
        yield "<body>"
        yield render_to_string("page.html", words(request), request)

    return StreamingHttpResponse(chunks())


def mail(request):
    """Render another text during the request, but without the request."""
    return HttpResponse(render_to_string("page.html", words(request)))


def fragment(request):
    return HttpResponse("<p>a fragment</p>")


def download(request):
    response = HttpResponse("<body></body>")
    response["Content-Disposition"] = "attachment; filename=page.html"
    return response


def lengthy(request):
    response = HttpResponse("<body>ä</body>")
    response["Content-Length"] = str(len(response.content))
    return response


urlpatterns = [
    path("proctor/", include("proctor.results.urls")),
    path("", page),
    path("async", apage),
    path("plain", plain),
    path("cached", cached),
    path("unread", unread),
    path("nothing", nothing),
    path("peeked", peeked),
    path("stream", stream),
    path("mail", mail),
    path("fragment", fragment),
    path("download", download),
    path("lengthy", lengthy),
    path("private/", include("proctor.urls")),
]

"""A site with two pages, whose visitors are identified by a cookie."""

from __future__ import annotations

import os

import django
from django.http import HttpResponse
from django.urls import path

from proctor.middleware import BaseProctorMiddleware

if "RESULTS_DATABASE" in os.environ:
    django.setup()


class ByCookie(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": request.COOKIES.get("who"), "acctid": request.COOKIES.get("account")}

    def is_privileged(self, request):
        return True

    def exclude_request(self, request):
        return "bot" in request.headers.get("User-Agent", "")


def page(request):
    return HttpResponse(request.proc.buttontst.group)


def buy(request):
    from proctor.results import record

    record("order", request, value=float(request.GET.get("value", 1)))
    return HttpResponse("bought")


async def abuy(request):
    from proctor.results import arecord

    await arecord("order", request)
    return HttpResponse("bought")


async def apage(request):
    return HttpResponse(request.proc.buttontst.group)


urlpatterns = [path("", page), path("buy", buy), path("abuy", abuy), path("apage", apage)]


def __getattr__(name):
    # For gunicorn and uvicorn, which run as separate processes.
    if name == "wsgi":
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()
    if name == "asgi":
        from django.core.asgi import get_asgi_application

        from proctor.results.asgi import flushing

        return flushing(get_asgi_application())
    raise AttributeError(name)

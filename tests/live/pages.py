"""A site whose visitors identify themselves with a header, and whose pages show their groups."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.urls import path

from proctor.middleware import BaseProctorMiddleware


class ByHeader(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": request.headers.get("X-User")}

    def get_context(self, request):
        return {"country": request.headers.get("X-Country", "US")}

    def is_privileged(self, request):
        return True


class Awaited(BaseProctorMiddleware):
    async def aget_identifiers(self, request):
        return {"USER": request.headers.get("X-User")}

    async def ais_privileged(self, request):
        return True


def shown(request):
    color = request.proc.buttoncolortst
    return HttpResponse(f"{color.group} {color.reason.value}")


async def ashown(request):
    return shown(request)


def nothing(request):
    return HttpResponse("nothing")


def meanwhile(request):
    """Read a group while another request of the same session performs the action in `?do=`."""
    response = shown(request)
    other = type(request.session)(request.session.session_key)
    if request.GET["do"] == "fill":
        other["basket"] = ["tea"]
        other.save()
    else:
        other.flush()
    if "own" in request.GET:
        request.session["own"] = request.GET["own"]
    return response


async def ameanwhile(request):
    return await sync_to_async(meanwhile)(request)


urlpatterns = [
    path("meanwhile", meanwhile),
    path("ameanwhile", ameanwhile),
    path("", shown),
    path("async", ashown),
    path("nothing", nothing),
]

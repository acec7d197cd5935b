"""A site whose visitors say by a header who they are, and whose pages show their groups."""

from __future__ import annotations

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


urlpatterns = [path("", shown), path("async", ashown), path("nothing", nothing)]

"""Pages that show which process answers, and which group a visitor has there."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

wsgi = get_wsgi_application()
asgi = get_asgi_application()


def group(request):
    return JsonResponse({"pid": os.getpid(), "group": request.proc.buttontst.group})


urlpatterns = [path("", group)]

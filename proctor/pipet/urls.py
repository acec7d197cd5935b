"""The URLs of Pipet's API. One view handles every path below the URL that includes this module."""

from __future__ import annotations

from django.urls import re_path

from proctor.pipet.views import pipet

app_name = "proctor_pipet"

urlpatterns = [re_path(r"^(?P<path>.*)\Z", pipet, name="pipet")]

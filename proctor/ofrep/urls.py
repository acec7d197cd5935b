"""URLs of OpenFeature's remote protocol, relative to the path where the site includes them."""

from __future__ import annotations

from django.urls import path

from proctor.core.ofrep.service import FILE, FLAGS, MANIFEST
from proctor.ofrep.views import ofrep

app_name = "proctor_ofrep"

urlpatterns = [
    path(FLAGS[1:], ofrep, {"path": FLAGS}, name="flags"),
    path(f"{FLAGS[1:]}/<path:key>", ofrep, {"path": FLAGS}, name="flag"),
    path(MANIFEST[1:], ofrep, {"path": MANIFEST}, name="manifest"),
    path(FILE[1:], ofrep, {"path": FILE}, name="manifest_file"),
]

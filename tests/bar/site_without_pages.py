"""The site without `proctor.urls`."""

from __future__ import annotations

from tests.bar.bar_site import urlpatterns as _all

urlpatterns = _all[:-1]

"""The pages of the shop, and in DEBUG its pictures and styles."""

from __future__ import annotations

from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

urlpatterns = [
    path("", include("testproject.shop.urls")),
    path("private/", include("proctor.urls")),
    # For services in other languages, and for a second shop: see SHOP_PIPET in the settings.
    path("pipet/", include("proctor.pipet.urls")),
    # runserver does this by itself, other servers do not; it is empty unless DEBUG is on.
    *staticfiles_urlpatterns(),
]

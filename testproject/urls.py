"""The URLs of the shop, and, if DEBUG is on, of its pictures and style sheets."""

from __future__ import annotations

from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

urlpatterns = [
    path("", include("testproject.shop.urls")),
    path("proctor/", include("proctor.results.urls")),
    path("proctor/", include("proctor.editor.urls")),
    path("private/", include("proctor.urls")),
    # For services in other languages, and for another shop (see SHOP_PIPET in the settings).
    path("pipet/", include("proctor.pipet.urls")),
    # runserver serves static files itself, but other servers do not. Without DEBUG, the list is
    # empty.
    *staticfiles_urlpatterns(),
]

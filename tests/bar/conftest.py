from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from tests.bar.bar_site import LOADERS, PAGE

SITE = "tests.bar.bar_site"


@pytest.fixture(autouse=True)
def _bar_site(site):
    site.ROOT_URLCONF = SITE
    site.MIDDLEWARE = [
        "django.middleware.csrf.CsrfViewMiddleware",
        f"{SITE}.ByHeaders",
    ]
    site.PROCTOR_LAZY = True
    site.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": LOADERS},
        }
    ]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def client():
    """Return a client that may force groups and has visited the groups page."""
    client = Client(headers={"x-may": "yes"})
    client.get(PAGE)
    return client

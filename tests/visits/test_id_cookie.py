"""The settings of the id cookie: a value that no browser accepts stops the server, not a page."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse

from proctor.checks.values import check_settings
from proctor.middleware import ProctorMiddleware

WRONG = [
    *(("AGE", value) for value in (None, "31536000", 0, -1, 1.5, True, 10**30)),
    *(("DOMAIN", value) for value in (5, "", ["a"], "https://example.com", "a;b", "a b", "a\nb")),
    *(("PATH", value) for value in (5, None, "", "shop", "/;x", "/a b", "/\r\nSet-Cookie: a=b")),
    *(("SAMESITE", value) for value in (5, None, True, "", "lax", ["Lax"])),
    *(("SECURE", value) for value in (5, "", "yes", [])),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named_at_the_start_and_by_the_check(site, name, value):
    setting = f"PROCTOR_ID_COOKIE_{name}"
    setattr(site, setting, value)
    with pytest.raises(ImproperlyConfigured, match=f"^{setting}: expected .*, got "):
        ProctorMiddleware(lambda request: HttpResponse())
    assert [each.id for each in check_settings() if setting in each.msg] == ["proctor.E001"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("AGE", value) for value in (1, 2**31 - 1)),
        *(("DOMAIN", value) for value in (None, ".example.com", "shop.example.com", "localhost")),
        *(("PATH", value) for value in ("/", "/shop/", "/a%20b")),
        *(("SAMESITE", value) for value in ("Lax", "Strict", "None", False)),
        *(("SECURE", value) for value in (True, False, None)),
    ],
)
def test_other_values_are_accepted(site, name, value):
    setting = f"PROCTOR_ID_COOKIE_{name}"
    setattr(site, setting, value)
    assert ProctorMiddleware(lambda request: HttpResponse())
    assert [each.id for each in check_settings() if setting in each.msg] == []

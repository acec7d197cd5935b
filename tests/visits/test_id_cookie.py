"""The settings of the id cookie: a value that no browser accepts stops the server, not a page."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse

from proctor.checks.id_cookie import check_id_cookie
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


#: Settings that are allowed one by one, and the setting that the message says to change.
IGNORED = [
    ({"_SAMESITE": "None", "_SECURE": False}, "PROCTOR_ID_COOKIE_SECURE"),
    ({"": "__Secure-id", "_SECURE": False}, "PROCTOR_ID_COOKIE_SECURE"),
    ({"": "__host-id", "_SECURE": False}, "PROCTOR_ID_COOKIE_SECURE"),
    ({"": "__Host-id", "_DOMAIN": ".example.com"}, "PROCTOR_ID_COOKIE_DOMAIN"),
    ({"": "__Host-id", "_SECURE": True, "_PATH": "/shop/"}, "PROCTOR_ID_COOKIE_PATH"),
]


@pytest.mark.parametrize(("values", "setting"), IGNORED)
def test_values_that_make_browsers_ignore_the_cookie_are_refused_together(site, values, setting):
    for name, value in values.items():
        setattr(site, f"PROCTOR_ID_COOKIE{name}", value)
    with pytest.raises(ImproperlyConfigured, match=f"browsers ignore .* Set {setting} to "):
        ProctorMiddleware(lambda request: HttpResponse())
    (found,) = check_id_cookie()
    assert found.id == "proctor.E023"
    assert f"Set {setting} to " in found.hint


@pytest.mark.parametrize(
    "values",
    [
        {"_SAMESITE": "None"},
        {"_SAMESITE": "None", "_SECURE": True},
        {"": "__Secure-id", "_DOMAIN": ".example.com", "_PATH": "/shop/"},
        {"": "__Host-id"},
        {"": "__Host-id", "_SECURE": True},
        {"": "__hosting", "_SECURE": False, "_DOMAIN": ".example.com"},
    ],
)
def test_values_that_browsers_accept_together_are_accepted(site, values):
    for name, value in values.items():
        setattr(site, f"PROCTOR_ID_COOKIE{name}", value)
    assert ProctorMiddleware(lambda request: HttpResponse())
    assert check_id_cookie() == []


def test_a_wrong_value_is_reported_by_one_check(site):
    site.PROCTOR_ID_COOKIE_SAMESITE = "None"
    site.PROCTOR_ID_COOKIE_SECURE = "no"
    assert check_id_cookie() == []

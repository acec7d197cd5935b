from __future__ import annotations

import pytest
from django.urls import include, path

from proctor.checks.ofrep import check_ofrep

HERE = __name__

urlpatterns = [path("flags/", include("proctor.ofrep.urls"))]


@pytest.fixture(autouse=True)
def _site(site):
    site.ROOT_URLCONF = HERE


def ids():
    return [each.id for each in check_ofrep()]


def test_flags_that_nobody_may_ask_for_are_a_warning():
    assert ids() == ["proctor.W027"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROCTOR_OFREP_TOKEN", "secret"),
        ("PROCTOR_OFREP_TOKEN", ["a", "b"]),
        ("PROCTOR_OFREP_PUBLIC", True),
    ],
)
def test_a_token_or_everybody_is_enough(site, name, value):
    setattr(site, name, value)
    assert ids() == []


def test_a_token_that_nobody_needs_is_an_error(site):
    site.PROCTOR_OFREP_TOKEN = "secret"
    site.PROCTOR_OFREP_PUBLIC = True
    assert ids() == ["proctor.E017"]


@pytest.mark.parametrize("name", ["USER", "ACCOUNT", "acctid"])
def test_a_targeting_key_may_be_a_test_type_or_a_source_key(site, name):
    site.PROCTOR_OFREP_PUBLIC = True
    site.PROCTOR_OFREP_TARGETING_KEY = name
    assert ids() == []


def test_a_targeting_key_that_leads_nowhere_is_an_error(site):
    site.PROCTOR_OFREP_PUBLIC = True
    site.PROCTOR_OFREP_TARGETING_KEY = "acount"
    (found,) = check_ofrep()
    assert (found.id, "did you mean 'ACCOUNT'" in found.hint) == ("proctor.E016", True)


def test_a_pipet_may_call_its_keys_as_it_likes(site):
    site.PROCTOR_MATRIX = None
    site.PROCTOR_API_ROOT = "https://pipet.example.com"
    site.PROCTOR_OFREP_PUBLIC = True
    site.PROCTOR_OFREP_TARGETING_KEY = "tracking"
    assert ids() == []


def test_a_site_that_serves_no_flags_needs_none_of_it(site):
    site.ROOT_URLCONF = "testproject.urls"
    assert ids() == []

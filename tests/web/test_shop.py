"""The shop, as its visitors use it."""

from __future__ import annotations

from django.conf import settings


def test_the_settings_of_the_tests_are_the_shops() -> None:
    assert settings.ROOT_URLCONF == "testproject.urls"

"""The configuration of the app."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demo app."""

    name = "testproject.demo"
    label = "shop_demo"

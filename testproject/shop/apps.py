"""The configuration of the app."""

from __future__ import annotations

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The app of Small Hours, a demo shop."""

    name = "testproject.shop"

    def ready(self) -> None:
        """Connect the receiver of exposures."""
        from proctor.signals import exposed  # noqa: PLC0415 - apps must be ready
        from testproject.shop.receivers import note_exposure  # noqa: PLC0415

        exposed.connect(note_exposure, dispatch_uid="shop")

"""The Django app. Needed for its checks, commands and template tags."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["ProctorConfig"]


class ProctorConfig(AppConfig):
    """django-proctor: A/B tests, feature toggles and gradual rollouts."""

    name = "proctor"
    verbose_name = "Proctor"

    def ready(self) -> None:
        """Write the settings' defaults, and register the checks."""
        # Their import writes the defaults, and needs Django's settings.
        from proctor.checks import register_checks  # noqa: PLC0415

        register_checks()

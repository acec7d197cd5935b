"""The Django app. Add it to INSTALLED_APPS for the checks, commands and template tags."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["ProctorConfig"]


class ProctorConfig(AppConfig):
    """django-proctor: A/B tests, feature toggles and gradual rollouts."""

    name = "proctor"
    verbose_name = "Proctor"

    def ready(self) -> None:
        """Set the default values of the settings, and register the checks."""
        # Importing the checks also sets the defaults. The import needs Django's settings, so it
        # must not happen earlier.
        from proctor.checks import register_checks  # noqa: PLC0415

        register_checks()

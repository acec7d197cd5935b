"""The Django app that records and reports the results of tests."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["ResultsConfig"]


class ResultsConfig(AppConfig):
    """Records exposures and outcomes, and reports the results of tests."""

    name = "proctor.results"
    label = "proctor_results"
    verbose_name = _("Proctor results")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receiver of exposures, and register the checks."""
        from proctor.results.checks import register_checks  # noqa: PLC0415 - needs settings
        from proctor.results.recording.receiver import connect  # noqa: PLC0415 - likewise

        connect()
        register_checks()

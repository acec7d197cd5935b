"""Exposures, outcomes and reports: a Django app.

`record` and `arecord` store what a visitor did. `flush` writes all rows that this process has
queued.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.results.recording.outcomes import arecord, flush, record

__all__ = ["arecord", "flush", "record"]


def __getattr__(name: str) -> Any:
    # Imported lazily: Django imports this package before its apps are ready.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from django.apps import apps  # noqa: PLC0415 - with the rest
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - likewise

    if apps.apps_ready and not apps.is_installed(__name__):
        raise ImproperlyConfigured(f"Add {__name__!r} to INSTALLED_APPS to use {name}")
    value = globals()[name] = getattr(import_module("proctor.results.recording.outcomes"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Settings that Django had when django-proctor 1 was written, and has no more."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

__all__ = ["check_removed_settings"]

_REMOVED = {
    "MIDDLEWARE_CLASSES": "Django 2.0 removed it: move your middleware to MIDDLEWARE.",
    "TEMPLATE_CONTEXT_PROCESSORS": (
        "Django 1.10 removed it: move 'proctor.context_processors.proc' to "
        "OPTIONS['context_processors'] of TEMPLATES."
    ),
}


def check_removed_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    """The settings in which django-proctor 1 was installed."""
    return [
        checks.Warning(f"{name} is set, and Django does not read it.", hint=hint, id="proctor.W011")
        for name, hint in _REMOVED.items()
        if hasattr(settings, name)
    ]

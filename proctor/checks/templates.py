"""Whether templates have `proc`."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.template import engines
from django.template.backends.django import DjangoTemplates

from proctor.checks.declarations import declared_tests
from proctor.checks.middleware import installed_middleware

__all__ = ["check_context_processors"]

_OURS = "proctor.context_processors.proc"


def check_context_processors(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Whether any engine of Django's templates hands `proc` to its templates.

    Without it `{{ proc.x }}` is empty and says nothing. The tags find the request by
    themselves, so a site that uses nothing else may silence this.
    """
    if not declared_tests() or not installed_middleware():
        return []
    try:
        found = [each.engine for each in engines.all() if isinstance(each, DjangoTemplates)]
    except Exception:  # noqa: BLE001 - Django's own checks tell what is wrong with TEMPLATES
        return []
    if not found or any(_OURS in engine.context_processors for engine in found):
        return []
    return [
        checks.Warning(
            "No engine in TEMPLATES has proctor's context processor: {{ proc }} is empty in every "
            "template.",
            hint=f"Add {_OURS!r} to OPTIONS['context_processors']; or silence this if templates "
            "use only the tags.",
            id="proctor.W012",
        )
    ]

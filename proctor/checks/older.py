"""Find settings, methods, loggers and tags of django-proctor 1 that no longer work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.deprecation import MiddlewareMixin

from proctor.checks.middleware import installed_middleware
from proctor.upkeep.template_literals import named_texts

__all__ = [
    "check_mixed_middleware",
    "check_overridden_methods",
    "check_removed_loggers",
    "check_removed_settings",
    "check_removed_tags",
]

_REMOVED = {
    "MIDDLEWARE_CLASSES": "Django 2.0 removed this setting: move your middleware to MIDDLEWARE.",
    "TEMPLATE_CONTEXT_PROCESSORS": (
        "Django 1.10 removed this setting: move 'proctor.context_processors.proc' to "
        "OPTIONS['context_processors'] of TEMPLATES."
    ),
}


def check_removed_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report settings that django-proctor 1 used, but that Django no longer reads."""
    return [
        checks.Warning(
            f"{name} is set, but Django no longer reads it.", hint=hint, id="proctor.W011"
        )
        for name, hint in _REMOVED.items()
        if hasattr(settings, name)
    ]


#: Methods of version 1's middleware that are no longer called, and their replacements.
_METHODS = {
    "process_request": "Override __call__ (and __acall__ for ASGI), and call super(); to identify "
    "the visitor, override get_identifiers and get_context.",
    "process_response": "Override finish_response(self, request, response), which is called for "
    "every response.",
    "get_cacher": "Set PROCTOR_CACHE_METHOD and PROCTOR_CACHE_NAME, or use your own cache in "
    "the class that PROCTOR_SOURCE names.",
    "is_lazy": "Set PROCTOR_LAZY.",
    "_get_force_groups": "Override is_privileged(self, request) to decide who may force groups; "
    "the parameter, the header and the cookie are read for you.",
}


def check_overridden_methods(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn about version 1's middleware methods that a subclass still overrides."""
    return [
        checks.Warning(
            f"{middleware.__module__}.{middleware.__qualname__} overrides {method}(), which "
            "django-proctor 2 never calls.",
            hint=successor,
            id="proctor.W024",
        )
        for middleware in installed_middleware()
        for method, successor in _METHODS.items()
        if hasattr(middleware, method)
    ]


def check_mixed_middleware(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report subclasses in which MiddlewareMixin overrides methods of proctor's middleware."""
    return [
        checks.Error(
            f"{middleware.__module__}.{middleware.__qualname__} inherits from MiddlewareMixin "
            "before proctor's middleware, so it never sets request.proc.",
            hint="Remove MiddlewareMixin from the base classes: version 2 supports sync and async "
            "without it.",
            id="proctor.E021",
        )
        for middleware in installed_middleware()
        if middleware.__call__ is MiddlewareMixin.__call__
    ]


#: The parent of version 1's loggers.
_LOGGER = "application.proctor"


def check_removed_loggers(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn if LOGGING configures loggers of version 1, which no longer get any records."""
    logging: object = settings.LOGGING
    loggers = logging.get("loggers") if isinstance(logging, Mapping) else None
    names = [str(name) for name in loggers] if isinstance(loggers, Mapping) else []
    return [
        checks.Warning(
            f"LOGGING configures the logger {name!r}, but django-proctor 2 never uses it.",
            hint="Version 2 logs to 'proctor' and its child loggers, such as 'proctor.pipet'.",
            id="proctor.W032",
        )
        for name in names
        if name == _LOGGER or name.startswith(f"{_LOGGER}.")
    ]


_LOADS_REMOVED_TAGS = re.compile(r"\{%-?\s*load\s[^%]*\bforcegroups\b[^%]*%\}")


def check_removed_tags(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn about templates that load version 1's tags, because they no longer compile."""
    try:
        found = [each for texts in named_texts() for each in sorted(texts.items())]
    except Exception:  # noqa: BLE001 - Django's own checks report invalid TEMPLATES
        return []
    return [
        checks.Warning(
            f"{name}:{text.count(_NEWLINE, 0, load.start()) + 1}: {load[0]} loads tags that "
            "django-proctor 2 does not have, so the template raises TemplateSyntaxError.",
            hint="Remove the {% load %}, and the tags addforcegroups and removeforcegroups. To "
            "force groups, use {% proctor_bar %} or the groups page.",
            id="proctor.W033",
        )
        for name, text in found
        for load in _LOADS_REMOVED_TAGS.finditer(text)
    ]


_NEWLINE = "\n"

"""Find settings and methods of django-proctor 1 that no longer work."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.deprecation import MiddlewareMixin

from proctor.checks.middleware import installed_middleware

__all__ = ["check_overridden_methods", "check_removed_settings"]

_REMOVED = {
    "MIDDLEWARE_CLASSES": "Django 2.0 removed it: move your middleware to MIDDLEWARE.",
    "TEMPLATE_CONTEXT_PROCESSORS": (
        "Django 1.10 removed it: move 'proctor.context_processors.proc' to "
        "OPTIONS['context_processors'] of TEMPLATES."
    ),
}


def check_removed_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report the settings that installed django-proctor 1 under old versions of Django."""
    return [
        checks.Warning(f"{name} is set, but Django does not read it.", hint=hint, id="proctor.W011")
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
        if _is_never_called(middleware, method)
    ]


def _is_never_called(middleware: type, method: str) -> bool:
    """Return True if a class has *method* but nothing calls it."""
    if not hasattr(middleware, method):
        return False
    # Django's MiddlewareMixin calls these two methods in its __call__.
    is_called = method.startswith("process_") and issubclass(middleware, MiddlewareMixin)
    return not is_called

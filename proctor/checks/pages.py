"""The pages of `proctor.urls`, where a site includes them."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse

from proctor.checks.middleware import installed_middleware
from proctor.checks.values import is_sound, value_of
from proctor.middleware import BaseProctorMiddleware

__all__ = ["check_pages"]

_HOOK = "is_privileged"


def check_pages(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Whether anybody may see them, and whether what they extend is there."""
    try:
        reverse("forcegroups")
    except NoReverseMatch:
        return []
    except Exception:  # noqa: BLE001 - Django's own checks tell what is wrong with the URLconf
        return []
    return [*_nobody(), *_base()]


def _nobody() -> list[checks.CheckMessage]:
    if value_of("PROCTOR_STAFF_MAY_FORCE") is True:
        return []
    for middleware in installed_middleware():
        for hook in (_HOOK, f"a{_HOOK}"):
            if getattr(middleware, hook) is not getattr(BaseProctorMiddleware, hook):
                return []
    return [
        checks.Warning(
            "proctor.urls is included, and nobody may see its pages: no middleware says who may "
            "force groups.",
            hint="Override is_privileged, or set PROCTOR_STAFF_MAY_FORCE = True.",
            id="proctor.W017",
        )
    ]


def _base() -> list[checks.CheckMessage]:
    if not is_sound("PROCTOR_BASE_TEMPLATE"):
        return []
    name = value_of("PROCTOR_BASE_TEMPLATE")
    for needed in ("proctor/groups.html", name):
        try:
            get_template(needed)
        except TemplateDoesNotExist:
            hint = "Give the name of one that is there."
            if needed != name:
                hint = "Add 'proctor' to INSTALLED_APPS, and APP_DIRS to an engine of Django's."
            return [
                checks.Error(
                    f"The groups page needs the template {needed!r}, which no engine finds.",
                    hint=hint,
                    id="proctor.E014",
                )
            ]
        except TemplateSyntaxError as error:
            return [
                checks.Error(
                    f"The groups page needs the template {needed!r}: {error}",
                    hint="Correct the template.",
                    id="proctor.E014",
                )
            ]
    return []

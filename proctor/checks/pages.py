"""Check the pages of `proctor.urls`, if the site includes them."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse

from proctor.checks.middleware import installed_middleware
from proctor.checks.values import is_sound, value_of
from proctor.middleware import BaseProctorMiddleware
from proctor.upkeep.bar_places import place_of_bar

__all__ = ["check_bar", "check_pages"]

_HOOK = "is_privileged"


def check_pages(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Check that at least one user can see the pages, and that the template they extend exists."""
    try:
        reverse("forcegroups")
    except NoReverseMatch:
        return []
    except Exception:  # noqa: BLE001 - Django's own checks report a broken URLconf
        return []
    return [*_nobody(), *_base()]


def check_bar(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the site includes the groups page, which the bar needs."""
    try:
        reverse("forcegroups")
    except NoReverseMatch:
        place = _place_of_bar()
    except Exception:  # noqa: BLE001 - as above
        return []
    else:
        return []
    if not place:
        return []
    return [
        checks.Warning(
            f"{place} adds the bar, but proctor.urls is not included: the bar never appears, "
            "because its buttons link to the groups page.",
            hint='Add path("private/", include("proctor.urls")) to the URLconf.',
            id="proctor.W029",
        )
    ]


def _place_of_bar() -> str:
    """Return the setting or template that adds the bar to the site's pages, or "" if none does."""
    try:
        return place_of_bar()
    except Exception:  # noqa: BLE001 - Django's own checks report invalid TEMPLATES
        return ""


def _nobody() -> list[checks.CheckMessage]:
    if value_of("PROCTOR_STAFF_MAY_FORCE") is True:
        return []
    for middleware in installed_middleware():
        for hook in (_HOOK, f"a{_HOOK}"):
            if getattr(middleware, hook) is not getattr(BaseProctorMiddleware, hook):
                return []
    return [
        checks.Warning(
            "proctor.urls is included, but no one can see its pages, because no middleware "
            "allows anyone to force groups.",
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
            hint = "Set it to the name of an existing template."
            if needed != name:
                hint = (
                    "Add 'proctor' to INSTALLED_APPS, and set APP_DIRS to True for a "
                    "DjangoTemplates engine."
                )
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

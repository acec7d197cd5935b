"""Check OpenFeature's remote protocol, if the site includes `proctor.ofrep.urls`."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.urls import NoReverseMatch, reverse

from proctor.checks.values import is_sound, value_of
from proctor.core.exceptions import ConfigurationError
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.messages import nearest
from proctor.ofrep.site import tokens_of
from proctor.resolving.site_setup import variables_from_settings

__all__ = ["check_ofrep"]

_READ = (
    "PROCTOR_OFREP_TOKEN",
    "PROCTOR_OFREP_PUBLIC",
    "PROCTOR_OFREP_TARGETING_KEY",
    "PROCTOR_API_ROOT",
    "PROCTOR_SOURCE",
    "PROCTOR_IDENTIFIERS",
    "PROCTOR_PIPET_CONFIG",
    "PROCTOR_TEST_TYPES",
)


def check_ofrep(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Check that clients can request flags, and that the targeting key is an identifier."""
    try:
        reverse("proctor_ofrep:flags")
    except NoReverseMatch:
        return []
    except Exception:  # noqa: BLE001 - Django's own checks report a broken URLconf
        return []
    return [*_access(), *_targeting_key()] if is_sound(*_READ) else []


def _access() -> list[checks.CheckMessage]:
    has_token = bool(tokens_of(value_of("PROCTOR_OFREP_TOKEN")))
    is_public = value_of("PROCTOR_OFREP_PUBLIC")
    if has_token and is_public:
        return [
            checks.Error(
                "PROCTOR_OFREP_TOKEN is set, but PROCTOR_OFREP_PUBLIC allows clients without a "
                "token.",
                hint="Remove one of the two settings.",
                id="proctor.E017",
            )
        ]
    if not has_token and not is_public:
        return [
            checks.Warning(
                "proctor.ofrep.urls is included, but it rejects every request.",
                hint="Set PROCTOR_OFREP_TOKEN, or PROCTOR_OFREP_PUBLIC = True.",
                id="proctor.W027",
            )
        ]
    return []


def _targeting_key() -> list[checks.CheckMessage]:
    # The source keys are known only if the process reads a matrix.
    if value_of("PROCTOR_API_ROOT") is not None or value_of("PROCTOR_SOURCE") is not None:
        return []
    try:
        variables = variables_from_settings()
    except ConfigurationError:
        return []  # another check reports this error
    known = (*TEST_TYPES, *value_of("PROCTOR_TEST_TYPES"))
    name = value_of("PROCTOR_OFREP_TARGETING_KEY")
    if variables.source_key(name, known) is not None:
        return []
    keys = [each.source_key for each in variables.identifier_variables]
    return [
        checks.Error(
            f"PROCTOR_OFREP_TARGETING_KEY is {name!r}, which maps to no test type.",
            hint=f"{nearest(name, (*keys, *known))}.",
            id="proctor.E016",
        )
    ]

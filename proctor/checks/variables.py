"""Checks of the declared identifiers and context variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks

from proctor.checks.hints import sentence
from proctor.checks.values import is_sound, value_of
from proctor.conf import settings
from proctor.core.exceptions import ConfigurationError
from proctor.core.matrices.limits import RANDOM, TEST_TYPES
from proctor.core.messages import nearest
from proctor.resolving.site_setup import variables_from_settings, variables_without_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.inputs.variables import Variables

__all__ = ["check_variables"]

_SETTINGS = (
    "PROCTOR_IDENTIFIERS",
    "PROCTOR_CONTEXT",
    "PROCTOR_PIPET_CONFIG",
    "PROCTOR_TEST_TYPES",
)


def check_variables(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report invalid declarations, and source keys of identifiers that map to no test type."""
    if not is_sound(*_SETTINGS):
        return []
    try:
        variables = variables_from_settings()
    except ConfigurationError as error:
        from_pipet = value_of("PROCTOR_PIPET_CONFIG") is not None
        names = "PROCTOR_PIPET_CONFIG" if from_pipet else "PROCTOR_IDENTIFIERS and PROCTOR_CONTEXT"
        return [
            checks.Error(
                f"{names}: {sentence(error)}",
                hint="Until this is fixed, no groups can be determined.",
                id="proctor.E008",
            )
        ]
    return [*_ignored(), *_without_parser(variables), *_destinations(variables)]


def _ignored() -> Iterator[checks.CheckMessage]:
    if value_of("PROCTOR_PIPET_CONFIG") is None:
        return
    for name in ("PROCTOR_IDENTIFIERS", "PROCTOR_CONTEXT"):
        if value_of(name):
            yield checks.Warning(
                f"{name} is set, but it is ignored because PROCTOR_PIPET_CONFIG is set too.",
                hint=f"Move the declarations to the Pipet configuration, or remove one of the two "
                f"settings: {name} or PROCTOR_PIPET_CONFIG.",
                id="proctor.W013",
            )


def _without_parser(variables: Variables) -> Iterator[checks.CheckMessage]:
    for name in variables_without_parser(variables):
        yield checks.Warning(
            f"The context variable {name!r} has the type UserAgent, but no parser for it is "
            "installed, so rules that read this variable fail.",
            hint="Run: pip install django-proctor[useragent]",
            id="proctor.W020",
        )


def _destinations(variables: Variables) -> Iterator[checks.CheckMessage]:
    known = (*TEST_TYPES, *settings.PROCTOR_TEST_TYPES)
    for variable in variables.identifier_variables:
        key, test_type = variable.source_key, variable.test_type
        if test_type == RANDOM:
            yield checks.Error(
                f"The identifier {key!r} maps to the RANDOM test type, which has no identifiers: "
                "its tests draw a random number.",
                hint=f"Remove {key!r}, or map it to another test type.",
                id="proctor.E008",
            )
        elif test_type not in known:
            yield checks.Warning(
                f"The identifier {key!r} maps to {test_type!r}, which is not a test type, so no "
                "test can use it.",
                hint=f"{sentence(nearest(test_type, known))} Register other test types "
                "in PROCTOR_TEST_TYPES.",
                id="proctor.W009",
            )

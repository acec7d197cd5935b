"""What identifiers and context variables are declared to mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks

from proctor.checks.hints import sentence
from proctor.checks.values import is_sound, value_of
from proctor.conf import settings
from proctor.configuration import variables_from_settings
from proctor.core.context_types import nearest
from proctor.core.exceptions import ConfigurationError
from proctor.core.source_keys import RANDOM
from proctor.core.variables import TEST_TYPES, Variables

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_variables"]

_SETTINGS = (
    "PROCTOR_IDENTIFIERS",
    "PROCTOR_CONTEXT",
    "PROCTOR_PIPET_CONFIG",
    "PROCTOR_TEST_TYPES",
)


def check_variables(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Declarations that make no sense, and keys of identifiers that lead nowhere."""
    if not is_sound(*_SETTINGS):
        return []
    try:
        variables = variables_from_settings()
    except ConfigurationError as error:
        from_pipet = settings.PROCTOR_PIPET_CONFIG is not None
        names = "PROCTOR_PIPET_CONFIG" if from_pipet else "PROCTOR_IDENTIFIERS and PROCTOR_CONTEXT"
        return [
            checks.Error(
                f"{names}: {sentence(error)}",
                hint="Until that is mended no groups can be determined.",
                id="proctor.E008",
            )
        ]
    return [*_ignored(), *_destinations(variables)]


def _ignored() -> Iterator[checks.CheckMessage]:
    if settings.PROCTOR_PIPET_CONFIG is None:
        return
    for name in ("PROCTOR_IDENTIFIERS", "PROCTOR_CONTEXT"):
        if value_of(name):
            yield checks.Warning(
                f"{name} is set, and not read, since PROCTOR_PIPET_CONFIG is set too.",
                hint=f"Move what it says to the Pipet configuration, or remove one of the two "
                f"settings: {name} or PROCTOR_PIPET_CONFIG.",
                id="proctor.W013",
            )


def _destinations(variables: Variables) -> Iterator[checks.CheckMessage]:
    known = (*TEST_TYPES, *settings.PROCTOR_TEST_TYPES)
    for variable in variables.identifier_variables:
        key, test_type = variable.source_key, variable.test_type
        if test_type == RANDOM:
            yield checks.Error(
                f"The identifier {key!r} leads to the test type RANDOM, which has no identifiers: "
                "its tests draw.",
                hint=f"Remove {key!r}, or lead it to another test type.",
                id="proctor.E008",
            )
        elif test_type not in known:
            yield checks.Warning(
                f"The identifier {key!r} leads to {test_type!r}, which is no test type; no test "
                "can use it.",
                hint=f"{sentence(nearest(test_type, known))} Others are registered in "
                "PROCTOR_TEST_TYPES.",
                id="proctor.W009",
            )

"""Our own rules against values that Java Proctor accepts even though the values have no effect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.definition import SPECIAL_FIELD
from proctor.core.exceptions import RuleRuntimeError
from proctor.core.java.jackson import shown_json
from proctor.core.java.numerals import parse_integer
from proctor.core.matrices.limits import PRIORITY_PATTERN
from proctor.core.matrices.payloads import PAYLOAD_TYPES
from proctor.core.messages import shown
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["value_problems"]


def value_problems(definition: Definition) -> Iterator[Problem]:
    """Yield problems with invalid countries, payloads and payload experiments."""
    yield from _countries(definition)
    yield from _payload_nulls(definition.test)
    yield from _experiment(definition.test)


def _problem(test: TestDefinition, code: str, message: str) -> Problem:
    return Problem(Severity.FATAL, message, test.name, code=code)


def _countries(definition: Definition) -> Iterator[Problem]:
    """Yield a problem if the list of countries is null or contains anything except strings."""
    # The value is a list or null, because `consumable` rejects everything else.
    countries = definition.special_constants.get("__COUNTRIES", ())
    bad = [None] if countries is None else [each for each in countries if type(each) is not str]
    if bad:
        text = gettext_noop(
            '{field}: expected a list of strings, but it contains {value}; write ["US", ...], or '
            "leave the field out to include all countries"
        )
        if countries is None:
            text = gettext_noop(
                '{field}: expected a list of strings, got {value}; write ["US", ...], or leave '
                "the field out to include all countries"
            )
        place = f"{SPECIAL_FIELD}.__COUNTRIES"
        message = Sentence(text, field=place, value=shown_json(bad[0]))
        yield _problem(definition.test, "countries", message)


def _payload_nulls(test: TestDefinition) -> Iterator[Problem]:
    """Yield a problem for each null in a payload whose type does not allow null."""
    for each in test.buckets:
        if each.payload is None:
            continue
        nulls: list[str] = [name for name in PAYLOAD_TYPES if name in each.payload.extra]
        payload_type, value = each.payload.type, each.payload.value
        if payload_type is not None and payload_type.endswith("Array") and None in value:
            nulls.append(Sentence(gettext_noop("an item of {type}"), type=payload_type))
        if nulls:
            yield _problem(
                test,
                "payload-null",
                Sentence(
                    gettext_noop(
                        "{place} is null in the payload of bucket {name!r}; write a value instead, "
                        "or remove the null"
                    ),
                    place=nulls[0],
                    name=each.name,
                ),
            )


def _experiment(test: TestDefinition) -> Iterator[Problem]:
    """Yield a problem for a priority that is not a number, and for null namespaces."""
    experiment = test.payload_experiment_config
    if experiment is None:
        return
    if experiment.priority is not None and not _is_priority(experiment.priority):
        yield _problem(
            test,
            "priority",
            Sentence(
                gettext_noop(
                    "expected an integer of up to 64 bits as the priority of the payload "
                    "experiment, got {priority}; write a number such as 5, or remove the priority"
                ),
                priority=shown(experiment.priority),
            ),
        )
    if None in experiment.namespaces:
        yield _problem(
            test,
            "namespaces",
            Sentence(
                gettext_noop(
                    "a namespace of the payload experiment is null; write a string, or remove it"
                )
            ),
        )


def _is_priority(text: str) -> bool:
    try:
        parse_integer(text)
    except RuleRuntimeError:
        return False
    return re.fullmatch(PRIORITY_PATTERN, text) is not None

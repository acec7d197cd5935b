"""Payload experiments: tests whose json payloads compete to set properties  [Proctor]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from proctor.core.evaluation.groups import GroupAssignment, Property
from proctor.core.exceptions import RuleRuntimeError
from proctor.core.java.numerals import LONG_MIN, parse_integer

if TYPE_CHECKING:
    from proctor.core.evaluation.chooser import Chooser

__all__ = ["won_properties"]


def won_properties(
    experiments: Iterable[Chooser], groups: Mapping[str, GroupAssignment]
) -> tuple[dict[str, Property], frozenset[str]]:
    """Return the properties that a visitor gets, and the participating tests that did not set any.

    If a json payload is an object, each of its fields is a property. If two tests set a property,
    the one with the higher priority wins. If the priorities are equal, the test that is evaluated
    first wins.
    """
    priorities: dict[str, str | None] = {}
    properties: dict[str, Property] = {}
    for test in experiments:
        assignment = groups.get(test.name)
        if assignment is None or test.experiment is None:
            continue
        priorities[test.name] = test.experiment.priority
        fields = assignment.payload
        if assignment.payload_type != "json" or not isinstance(fields, Mapping):
            continue
        for name, value in fields.items():
            holder = properties.get(name)
            if holder is None or _outranks(test.experiment.priority, priorities[holder.test]):
                properties[name] = Property(value, test.name)
    winners = {each.test for each in properties.values()}
    return properties, frozenset(priorities) - winners


def _outranks(priority: str | None, other: str | None) -> bool:
    """Return True if *priority* is higher than *other*; False if either is not a number."""
    try:
        return _as_long(priority) > _as_long(other)
    except RuleRuntimeError:
        return False


def _as_long(priority: str | None) -> int:
    return LONG_MIN if priority is None else parse_integer(priority)

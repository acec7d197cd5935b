"""Finish a test: give every visitor the winning group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Allocation, Range
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition

__all__ = ["finished"]

#: The special constant that restricts a test to certain countries.
_COUNTRIES = "__COUNTRIES"


def finished(definition: Definition, value: int) -> Definition:
    """Return *definition* with a single allocation that puts every visitor into one bucket.

    The rules, the restriction to countries, the dependency and all other allocations are removed,
    because they would exclude visitors. The remaining allocation keeps the first allocation's name
    and gets a new id. *value* is the value of the bucket. Raises ChangeRefused if no bucket has it.
    """
    old = definition.test
    buckets = {bucket.value: bucket.name for bucket in old.buckets}
    if value not in buckets:
        names = listed(f"{each} ({name})" for each, name in sorted(buckets.items()))
        raise ChangeRefused(
            Sentence(
                gettext_noop("expected the value of a group, got {value}; the groups are {names}"),
                value=value,
                names=names,
            )
        )
    name = old.allocations[0].name if old.allocations else ""
    allocation = Allocation(None, (Range(value, 1.0),), "", name)
    test = replace(old, rule=None, depends_on=None, allocations=(allocation,))
    special = {key: each for key, each in definition.special_constants.items() if key != _COUNTRIES}
    return replace(definition, test=test, special_constants=FrozenDict(special), nulls=frozenset())

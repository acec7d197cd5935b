"""What the groups page shows: every declared test, as one visitor has it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ProctorError
from proctor.core.forcing import ForceGroups
from proctor.core.frozen import thaw
from proctor.core.source_keys import RANDOM
from proctor.core.sources import MatrixSource
from proctor.pages.shown_matrix import ShownMatrix, shown_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.configuration import Configuration
    from proctor.core.declarations import ProctorTest
    from proctor.core.engine import Proctor
    from proctor.core.explanation import Explanation
    from proctor.core.groups import GroupAssignment
    from proctor.core.matrix import Allocation, Bucket, TestDefinition
    from proctor.core.sources import GroupsRequest

__all__ = ["Overview", "ShownBucket", "ShownTest", "overview"]


@dataclass(frozen=True, slots=True)
class ShownBucket:
    """One group of a test."""

    name: str
    value: int
    description: str
    #: Of the visitors of the allocation that is shown, from 0 to 100.
    percent: float
    #: As JSON; "" where the group carries nothing.
    payload: str
    is_mine: bool
    is_forced: bool
    #: False for a group that PROCTOR_TESTS does not list, so that visitors have the default.
    is_declared: bool

    @property
    def share(self) -> str:
        """For people: `33.3 %`."""
        return f"{self.percent:.4g} %"

    @property
    def width(self) -> str:
        """For an attribute of SVG."""
        return f"{min(max(self.percent, 0.0), 100.0):.3f}%"


@dataclass(frozen=True, slots=True)
class ShownTest:
    """One declared test."""

    name: str
    assignment: GroupAssignment
    description: str
    buckets: tuple[ShownBucket, ...]
    #: Why, in a line; "" where nobody can say.
    summary: str
    #: Why, in full.
    details: str
    #: None where nobody can say.
    is_eligible: bool | None
    #: Whether force groups can name it.
    can_be_forced: bool
    #: The value that is asked for, if any.
    forced_value: int | None
    #: What is wrong with the test in the matrix; "" where nothing is.
    problem: str
    #: Of the allocation whose shares are shown.
    allocation: str

    @property
    def payload(self) -> str:
        """What the visitor's group carries, as JSON; "" for nothing."""
        payload = self.assignment.payload
        return "" if payload is None else _json(payload)

    def matches(self, words: str) -> bool:
        """Whether all *words* are in what is said of it, in any case."""
        names = [f"{each.name} {each.description}" for each in self.buckets]
        text = " ".join([self.name, self.description, str(self.assignment.group), *names]).lower()
        return all(word in text for word in words.lower().split())

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **self.assignment.to_dict(),
            "description": self.description,
            "summary": self.summary,
            "eligible": self.is_eligible,
            "forced": self.assignment.forced,
            "problem": self.problem or None,
            "buckets": [
                {
                    "name": each.name,
                    "value": each.value,
                    "description": each.description,
                    "percent": each.percent,
                    "declared": each.is_declared,
                }
                for each in self.buckets
            ],
        }


@dataclass(frozen=True, slots=True)
class Overview:
    """All declared tests, and where the answers come from."""

    tests: tuple[ShownTest, ...]
    matrix: ShownMatrix

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "matrix_version": self.matrix.version,
            "problem": self.matrix.problem or None,
            "tests": {each.name: each.to_dict() for each in self.tests},
        }


def overview(
    configuration: Configuration,
    assignments: Mapping[str, GroupAssignment],
    asked: GroupsRequest | None,
    force: ForceGroups,
    matrix: ShownMatrix | None = None,
) -> Overview:
    """What is to be shown of the *assignments* of a visitor for whom *asked* was asked.

    *force* is what he forces. Nothing is asked but the *matrix*, all of one version.
    """
    matrix = matrix or shown_matrix(configuration)
    source = configuration.source if isinstance(configuration.source, MatrixSource) else None
    tests = []
    for name, declared in configuration.registry.items():
        explanation = None
        if source is not None and asked is not None and matrix.proctor is not None:
            explanation = _explain(source, asked, name, matrix.proctor)
        tests.append(
            _test(declared, assignments[name], matrix.proctor, explanation, force.groups.get(name))
        )
    return Overview(tuple(tests), matrix)


def _explain(
    source: MatrixSource, asked: GroupsRequest, name: str, proctor: Proctor
) -> Explanation | None:
    definition = proctor.matrix.tests.get(name)
    if definition is not None and definition.test_type == RANDOM:
        return None  # it would draw once more, and explain another group
    try:
        return source.explain(asked, name, proctor=proctor)
    except ProctorError:
        return None


def _test(
    declared: ProctorTest,
    assignment: GroupAssignment,
    proctor: Proctor | None,
    explanation: Explanation | None,
    forced_value: int | None,
) -> ShownTest:
    name = declared.name
    definition = None if proctor is None else proctor.matrix.tests.get(name)
    dropped = None if proctor is None else proctor.dropped.get(name)
    shown = _allocation(definition, explanation)
    return ShownTest(
        name=name,
        assignment=assignment,
        description=(definition.description or "") if definition else "",
        buckets=tuple(
            _bucket(bucket, declared, assignment, shown, forced_value)
            for bucket in (definition.buckets if definition else ())
        ),
        summary=explanation.summary if explanation else "",
        details=str(explanation) if explanation else "",
        is_eligible=explanation.eligible if explanation else None,
        can_be_forced=_can_be_forced(name),
        forced_value=forced_value,
        problem=_problem(definition, str(dropped.message) if dropped else "", proctor),
        allocation=(shown.id or "") if shown else "",
    )


def _problem(definition: TestDefinition | None, dropped: str, proctor: Proctor | None) -> str:
    if proctor is not None and definition is None:
        return "The matrix has no test of this name."
    return dropped and f"It is not evaluated: {dropped}"


def _allocation(
    definition: TestDefinition | None, explanation: Explanation | None
) -> Allocation | None:
    """The allocation whose shares are shown: the visitor's own, else the last, for everybody."""
    if definition is None or not definition.allocations:
        return None
    plain = explanation and (explanation.unforced or explanation)
    chosen = plain.allocation if plain else None
    return definition.allocations[-1 if chosen is None else chosen.index]


def _bucket(
    bucket: Bucket,
    declared: ProctorTest,
    assignment: GroupAssignment,
    shown: Allocation | None,
    forced_value: int | None,
) -> ShownBucket:
    payload = bucket.payload
    lengths = (
        [each.length for each in shown.ranges if each.bucket_value == bucket.value] if shown else []
    )
    return ShownBucket(
        name=bucket.name or "",
        value=bucket.value,
        description=bucket.description or "",
        percent=round(100 * sum(lengths), 6),
        payload="" if payload is None or payload.type is None else _json(payload.value),
        is_mine=not assignment.reason.is_default and assignment.value == bucket.value,
        is_forced=forced_value == bucket.value,
        is_declared=declared.knows(bucket.name),
    )


def _can_be_forced(name: str) -> bool:
    try:
        ForceGroups().with_group(name, 0)
    except ValueError:
        return False
    return True


def _json(value: Any) -> str:
    return json.dumps(thaw(value), ensure_ascii=False)

"""Compute the content of the groups page: every declared test for one visitor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctor.core.evaluation.explanation_parts import Decision
from proctor.core.exceptions import ProctorError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.java.frozen import thaw
from proctor.core.matrices.limits import RANDOM
from proctor.core.sources.source import MatrixSource
from proctor.pages.line import OFF, Line, line_of, shades_of
from proctor.pages.reasons import reason_of
from proctor.pages.shown_matrix import ShownMatrix, shown_matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.explanation import Explanation
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.matrices.matrix import Allocation, Bucket, TestDefinition
    from proctor.core.sources.source import GroupsRequest
    from proctor.resolving.site_setup import SiteSetup

__all__ = ["Overview", "ShownBucket", "ShownTest", "overview"]


@dataclass(frozen=True, slots=True)
class ShownBucket:
    """One group of a test, as shown on the page."""

    name: str
    value: int
    description: str
    #: Percentage of the visitors in the shown allocation who get this group, from 0 to 100.
    percent: float
    #: The payload as JSON, or "" if the group has none.
    payload: str
    is_mine: bool
    is_forced: bool
    #: False if PROCTOR_TESTS does not list the group; visitors in the group then get the default.
    is_declared: bool

    #: The CSS class that the same group has in the drawing.
    shade: str = OFF

    @property
    def share(self) -> str:
        """The percentage as readable text: `33.3 %`."""
        return f"{self.percent:.4g} %"

    @property
    def rounded(self) -> str:
        """The percentage as text for a button, such as `33 %`, or `3.3 %` if it is below ten."""
        return f"{self.percent:.1f} %" if 0 < self.percent < 9.95 else f"{self.percent:.0f} %"


@dataclass(frozen=True, slots=True)
class ShownTest:
    """One declared test, as shown on the page."""

    name: str
    assignment: GroupAssignment
    description: str
    buckets: tuple[ShownBucket, ...]
    #: The reason for the group in one line; "" if it is unknown.
    summary: str
    #: The complete reason.
    details: str
    #: True if the visitor is eligible; None if eligibility is unknown.
    is_eligible: bool | None
    #: True if the test's name is allowed in force groups.
    can_be_forced: bool
    #: The value of the bucket that the visitor forces; None if nothing is forced.
    forced_value: int | None
    #: The problem with the test's definition in the matrix; "" if there is none.
    problem: str
    #: The reason why the forced group is not assigned; "" if it is assigned or nothing is forced.
    force_problem: str
    #: The id of the allocation whose percentages are shown.
    allocation: str
    #: A drawing of the allocation whose percentages are shown.
    line: Line
    #: The group that the visitor would have if they forced no groups at all; "" if this test's
    #: group is not forced, or if that group is unknown.
    unforced: str

    @property
    def payload(self) -> str:
        """The payload of the visitor's group as JSON, or "" if it has none."""
        payload = self.assignment.payload
        return "" if payload is None else _json(payload)

    @property
    def why(self) -> str:
        """The reason for the group in one line."""
        return self.summary or reason_of(self.assignment)

    @property
    def text(self) -> str:
        """The text that the page's filter searches: names and descriptions, in lower case."""
        names = [f"{each.name} {each.description}" for each in self.buckets]
        return " ".join([self.name, self.description, str(self.assignment.group), *names]).lower()

    def matches(self, words: str) -> bool:
        """Return True if the test's names and descriptions contain all *words*, ignoring case."""
        text = self.text
        return all(word in text for word in words.lower().split())

    def to_dict(self) -> dict[str, Any]:
        """Return the test as a dict that can be serialized as JSON."""
        return {
            **self.assignment.to_dict(),
            "description": self.description,
            "summary": self.summary,
            "eligible": self.is_eligible,
            "forced": self.assignment.forced,
            "problem": self.problem or None,
            "force_problem": self.force_problem or None,
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
    """All declared tests, and the source of the groups."""

    tests: tuple[ShownTest, ...]
    matrix: ShownMatrix
    #: Number of tests in the matrix that the site does not declare. Their names are not shown,
    #: because they may belong to other teams.
    undeclared: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the overview as a dict that can be serialized as JSON."""
        return {
            "matrix_version": self.matrix.version,
            "problem": self.matrix.problem or None,
            "tests": {each.name: each.to_dict() for each in self.tests},
        }


def overview(
    setup: SiteSetup,
    assignments: Mapping[str, GroupAssignment],
    asked: GroupsRequest | None,
    force: ForceGroups,
    matrix: ShownMatrix | None = None,
    *,
    names: Iterable[str] | None = None,
) -> Overview:
    """Return the content of the page for a visitor.

    *assignments* is the source's answer to *asked*, the request; *force* contains the groups that
    the visitor forces; *names* are the tests to show (by default, all declared tests). Everything
    is computed from the same version of the *matrix*, without querying the source.
    """
    matrix = matrix or shown_matrix(setup)
    source = setup.source if isinstance(setup.source, MatrixSource) else None
    tests = []
    for name in setup.registry if names is None else names:
        declared, explanation = setup.registry[name], None
        if source is not None and asked is not None and matrix.proctor is not None:
            explanation = _explain(source, asked, name, matrix.proctor)
        tests.append(
            _test(declared, assignments[name], matrix.proctor, explanation, force.groups.get(name))
        )
    if names is not None or matrix.proctor is None:
        return Overview(tuple(tests), matrix)
    undeclared = matrix.proctor.matrix.tests.keys() - setup.registry.keys()
    return Overview(tuple(tests), matrix, len(undeclared))


def _explain(
    source: MatrixSource, asked: GroupsRequest, name: str, proctor: Proctor
) -> Explanation | None:
    definition = proctor.matrix.tests.get(name)
    if definition is not None and definition.test_type == RANDOM:
        return None  # explaining a RANDOM test would draw a new group
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
    plain = explanation and (explanation.unforced or explanation)
    shown = _allocation(definition, plain)
    shades = shades_of(definition) if definition else {}
    buckets = tuple(
        _bucket(each, declared, assignment, shown, forced_value, shade=shades.get(each.value, OFF))
        for each in (definition.buckets if definition else ())
    )
    return ShownTest(
        name=name,
        assignment=assignment,
        description=(definition.description or "") if definition else "",
        buckets=buckets,
        summary=explanation.summary if explanation else "",
        details=explanation.steps if explanation else "",
        is_eligible=explanation.eligible if explanation else None,
        can_be_forced=_can_be_forced(name),
        forced_value=forced_value,
        problem=_problem(definition, str(dropped.message) if dropped else "", proctor),
        force_problem=_force_problem(definition, explanation, forced_value),
        allocation=(shown.id or "") if shown else "",
        # A visitor who is in no allocation has no position in the shown allocation.
        line=line_of(definition, shown, plain if plain and plain.allocation else None)
        if definition
        else Line(),
        unforced=_unforced(declared, explanation) if assignment.forced else "",
    )


def _unforced(declared: ProctorTest, explanation: Explanation | None) -> str:
    if explanation is None or explanation.unforced is None:
        return ""
    found = explanation.unforced.assignment
    if found is None or not declared.declares(found.group, found.value):
        return declared.default or _("no group")
    return declared.declared_name(found.group, found.value) or _("no group")


def _force_problem(
    definition: TestDefinition | None, explanation: Explanation | None, value: int | None
) -> str:
    """Return the reason why a forced group is not assigned, or "" if it is."""
    if definition is None or value is None:
        return ""
    names = {bucket.value: bucket.name for bucket in definition.buckets}
    if value not in names:
        return _("%(test)s has no group %(value)s.") % {"test": definition.name, "value": value}
    if explanation is None or explanation.decision is Decision.FORCED:
        return ""
    group = names[value] or str(value)
    if explanation.decision is Decision.NO_IDENTIFIER:
        text = _("You force %(group)s, but the test needs an identifier of type %(type)s.")
        return text % {"group": group, "type": definition.test_type}
    return _("You force %(group)s, which has no effect: %(why)s.") % {
        "group": group,
        "why": explanation.summary,
    }


def _problem(definition: TestDefinition | None, dropped: str, proctor: Proctor | None) -> str:
    if proctor is not None and definition is None:
        return _("The matrix has no test with this name.")
    return dropped and _("The test is not evaluated: %(problem)s") % {"problem": dropped}


def _allocation(definition: TestDefinition | None, plain: Explanation | None) -> Allocation | None:
    """Return the allocation whose percentages are shown.

    This is the visitor's allocation or, if the visitor has none, the last one.
    """
    if definition is None or not definition.allocations:
        return None
    chosen = plain.allocation if plain else None
    return definition.allocations[-1 if chosen is None else chosen.index]


def _bucket(
    bucket: Bucket,
    declared: ProctorTest,
    assignment: GroupAssignment,
    shown: Allocation | None,
    forced_value: int | None,
    *,
    shade: str,
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
        is_declared=declared.declares(bucket.name, bucket.value),
        shade=shade,
    )


def _can_be_forced(name: str) -> bool:
    try:
        ForceGroups().with_group(name, 0)
    except ValueError:
        return False
    return True


def _json(value: Any) -> str:
    return json.dumps(thaw(value), ensure_ascii=False)

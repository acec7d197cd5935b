"""Choose a group in one test, step by step [TestChooser, TestRangeSelector].

`choose` defines the engine's results. `selection` gives the same results faster for ordinary tests
and calls. A unit test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proctor.core.evaluation.allocation import Random, RangeTable, random_range, smallest_live
from proctor.core.evaluation.groups import GroupAssignment, Reason
from proctor.core.evaluation.hashing import encode_identifier, md5, salted_prefix
from proctor.core.exceptions import RuleError
from proctor.core.inputs.force_groups import DefaultMode, ForceGroups
from proctor.core.inputs.forced_payloads import apply_payload
from proctor.core.java.conversion import to_json
from proctor.core.matrices.limits import RANDOM
from proctor.core.matrices.rule_check import MISSING_EXPERIMENTAL_UNIT
from proctor.core.rules.rule import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.matrices.matrix import Allocation, Bucket, Payload, TestDefinition
    from proctor.core.rules.compiler import Scope
    from proctor.core.rules.pool import RulePool
    from proctor.core.rules.rule import Rule

__all__ = ["Chooser", "Option", "VisitorState", "choose"]


class Option:
    """One allocation of a test, in compiled form."""

    __slots__ = ("assignments", "lengths", "rule", "smallest", "table", "unitless")

    def __init__(
        self, allocation: Allocation, index: int, test: TestDefinition, rule: Rule
    ) -> None:
        self.rule = rule
        self.lengths = tuple(each.length for each in allocation.ranges)
        values = [each.bucket_value for each in allocation.ranges]
        # If several buckets have the same value, the last one is used here.
        buckets = {bucket.value: bucket for bucket in test.buckets}
        entry = _log_prefix(allocation, test)
        made = {
            value: _assignment(
                buckets[value],
                test,
                allocation_id=allocation.id,
                allocation_index=index,
                log_prefix=entry,
            )
            for value in dict.fromkeys(values)
        }
        #: The outcome of each range.
        self.assignments = tuple(made[value] for value in values)
        #: The same outcomes in a table for fast look-ups by digest.
        self.table: RangeTable[GroupAssignment] = RangeTable.build(self.lengths, self.assignments)
        smallest = smallest_live(self.lengths, values)
        #: The assignment if the smallest live bucket is forced.
        self.smallest = (
            None
            if smallest is None
            else _assignment(first_bucket(test, smallest), test, reason=Reason.FORCED)
        )
        #: True if visitors whose identifier was rejected can be in this allocation.
        self.unitless = (
            test.contains_unitless_allocation
            and allocation.rule is not None
            and MISSING_EXPERIMENTAL_UNIT in allocation.rule
        )


class Chooser:
    """One test, compiled when the matrix is loaded. Immutable and shared by all threads."""

    __slots__ = (
        "definition",
        "depends_on",
        "experiment",
        "for_incognito",
        "is_random",
        "name",
        "options",
        "prefix",
        "rule",
        "test_type",
        "unitless",
    )

    def __init__(self, definition: TestDefinition, pool: RulePool) -> None:
        constants = {name: to_json(value) for name, value in definition.constants.items()}
        self.definition = definition
        self.name = definition.name
        self.test_type = definition.test_type or ""
        self.is_random = definition.test_type == RANDOM
        self.prefix = salted_prefix(definition.name, definition.salt)
        self.rule = pool.get(definition.rule, constants)
        self.options = tuple(
            Option(allocation, index, definition, pool.get(allocation.rule, constants))
            for index, allocation in enumerate(definition.allocations)
        )
        depends_on = definition.depends_on
        #: The name of the parent test, and the value of the parent's bucket that a visitor must be
        #: in.
        self.depends_on = (
            None if depends_on is None else (depends_on.test_name or "", depends_on.bucket_value)
        )
        self.unitless = definition.enable_unitless_allocations and not self.is_random
        self.for_incognito = definition.evaluate_for_incognito_users
        self.experiment = definition.payload_experiment_config

    def forced(self, force: ForceGroups) -> GroupAssignment | None:
        """Return the group that a visitor forces; None if the test has no such group."""
        value = force.groups.get(self.name)
        if value is None:
            return None
        if all(bucket.value != value for bucket in self.definition.buckets):
            return None
        bucket = first_bucket(self.definition, value)
        payload = apply_payload(bucket.payload, force.payloads.get(self.name))
        return _assignment(bucket, self.definition, payload=payload, reason=Reason.FORCED)


def first_bucket(test: TestDefinition, value: int) -> Bucket:
    """Return the first bucket with *value*. Visitors who force the value get this bucket."""
    return next(each for each in test.buckets if each.value == value)


def _assignment(
    bucket: Bucket,
    test: TestDefinition,
    *,
    payload: Payload | None = None,
    reason: Reason = Reason.ASSIGNED,
    allocation_id: str = "",
    allocation_index: int | None = None,
    log_prefix: str | None = None,
) -> GroupAssignment:
    payload = payload or bucket.payload
    if reason is Reason.FORCED:
        log_prefix = None if test.silent else test.name
    return GroupAssignment(
        bucket.name,
        bucket.value,
        None if payload is None else payload.value,
        reason=reason,
        allocation_id=allocation_id,
        allocation_index=allocation_index,
        payload_type=None if payload is None else payload.type or "",
        version=test.version,
        log_entry=None if log_prefix is None or bucket.value < 0 else f"{log_prefix}{bucket.value}",
    )


def _log_prefix(allocation: Allocation, test: TestDefinition) -> str | None:
    """Return the text before the value in the logging string  [TestGroupFormatter]."""
    uninformative = any(each.length == 1 for each in allocation.ranges) and not test.force_logging
    if test.silent or uninformative or not allocation.id:
        return None
    return f"{allocation.id}:{test.name}"


@dataclass(slots=True)
class VisitorState:
    """The state of one call of the engine: data about the visitor, and the results so far."""

    scope: Scope
    identifiers: Mapping[str, str | None]
    is_valid: Callable[[str, str], bool]
    force: ForceGroups
    incognito: bool
    random: Random | None
    groups: dict[str, GroupAssignment]
    errors: dict[str, RuleError]
    answers: dict[Rule, bool | RuleError] = field(default_factory=dict)

    def holds(self, rule: Rule) -> bool:
        """Return True if *rule* holds. Equal rules are evaluated only once. Raises RuleError."""
        answer = self.answers.get(rule)
        if answer is None or MISSING_EXPERIMENTAL_UNIT in (rule.text or ""):
            try:
                answer = holds(rule, self.scope)
            except RuleError as error:
                answer = error
            self.answers[rule] = answer
        if isinstance(answer, RuleError):
            raise answer
        return answer


def holds(rule: Rule, scope: Scope) -> bool:
    """Return True if *rule* holds. Raises only RuleError."""
    return guarded(rule.holds, scope)


def choose(test: Chooser, visit: VisitorState) -> GroupAssignment | None:
    """Return the group of a visitor in *test*, or None if they have no group.

    *visit* must already contain the groups in the tests that *test* depends on. If a rule fails,
    the error is added to the visit's errors.
    """
    if visit.incognito and not test.for_incognito:
        return None
    identifier = "" if test.is_random else visit.identifiers.get(test.test_type)
    if identifier is None or (test.is_random and visit.random is None):
        return None
    rejected = not test.is_random and not visit.is_valid(test.test_type, identifier)
    if rejected and not test.unitless:
        return None
    forced = test.forced(visit.force)
    if forced is not None:
        return forced
    if visit.force.default_mode is DefaultMode.FALLBACK or not _parent_holds(test, visit):
        return None
    contains_unitless = test.definition.contains_unitless_allocation
    visit.scope[MISSING_EXPERIMENTAL_UNIT] = rejected and contains_unitless
    try:
        option = _option(test, visit, unitless_only=rejected)
    except RuleError as error:
        visit.errors[test.name] = error
        return None
    finally:
        visit.scope[MISSING_EXPERIMENTAL_UNIT] = False
    if option is None:
        return None
    if visit.force.default_mode is DefaultMode.MIN_LIVE:
        return option.smallest
    if test.is_random and visit.random is not None:
        return option.assignments[random_range(option.lengths, visit.random)]
    return option.table.find(md5(test.prefix + encode_identifier(identifier)).digest())


def _parent_holds(test: Chooser, visit: VisitorState) -> bool:
    if test.depends_on is None:
        return True
    parent = visit.groups.get(test.depends_on[0])
    return parent is not None and parent.value == test.depends_on[1]


def _option(test: Chooser, visit: VisitorState, *, unitless_only: bool) -> Option | None:
    """Return the first allocation whose rule holds, if the test's own rule holds."""
    if not visit.holds(test.rule):
        return None
    for option in test.options:
        if unitless_only and not option.unitless:
            continue
        if visit.holds(option.rule):
            return option
    return None

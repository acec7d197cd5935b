"""Create explanations: repeat the choice of a group and record its steps.

Only `chooser.choose` makes decisions. This module records the rules that `choose` evaluates, and
derives from them the step at which the choice ended.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from proctor.core.evaluation.allocation import (
    POSITION_MAX,
    POSITION_MIN,
    Random,
    cutoffs,
    random_range,
    range_index,
)
from proctor.core.evaluation.chooser import VisitorState, choose
from proctor.core.evaluation.explanation import DependencyExplanation, Explanation
from proctor.core.evaluation.explanation_parts import (
    AllocationExplanation,
    Decision,
    ForceExplanation,
    RangeExplanation,
)
from proctor.core.evaluation.hashing import encode_identifier, hash_position
from proctor.core.exceptions import RuleError, UnknownTest
from proctor.core.inputs.force_groups import DefaultMode
from proctor.core.inputs.forced_payloads import apply_payload
from proctor.core.rules.rule_explanation import RuleExplanation, explain_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proctor.core.evaluation.chooser import Chooser, Option
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.matrices.matrix import Allocation
    from proctor.core.problems import Problem
    from proctor.core.rules.rule import Rule

__all__ = ["WatchedVisit", "explain", "explain_dropped", "refuse_unknown"]

_POSITIONS = float(POSITION_MAX - POSITION_MIN + 1)
_BY_FORCE = (Decision.FORCED, Decision.SMALLEST_LIVE, Decision.FALLBACK_MODE)


@dataclass(slots=True)
class WatchedVisit(VisitorState):
    """A `VisitorState` that also records the evaluated rules and the numbers drawn."""

    variable_errors: Mapping[str, str] = field(default_factory=dict)
    asked: list[RuleExplanation] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.random is not None:
            self.random = _Drawing(self.random, self.drawn)

    def holds(self, rule: Rule) -> bool:
        """Return True if *rule* holds. Record its explanation now, before the scope changes."""
        answer: bool | RuleError
        try:
            # `super()` fails here, because `dataclass(slots=True)` creates a second class.
            answer = VisitorState.holds(self, rule)
        except RuleError as error:
            answer = error
        self.asked.append(explain_rule(rule, answer, self.scope, self.variable_errors))
        if isinstance(answer, RuleError):
            raise answer
        return answer


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A source of random numbers that records them in a list."""

    source: Random
    drawn: list[float]

    def random(self) -> float:
        self.drawn.append(self.source.random())
        return self.drawn[-1]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A source of random numbers that repeats a number drawn earlier."""

    number: float

    def random(self) -> float:
        return self.number


def refuse_unknown(test: str, known: Iterable[str]) -> NoReturn:
    """Raise UnknownTest with a suggestion if the matrix does not have the test."""
    from difflib import get_close_matches  # noqa: PLC0415 - for messages only, and slow to import

    names = sorted(known)
    close = get_close_matches(str(test), names, n=1)
    if close:
        hint = f"did you mean {close[0]!r}?"
    else:
        listed = ", ".join(map(repr, names[:12])) + (", …" if len(names) > 12 else "")
        hint = f"it has {listed or 'no tests'}"
    raise UnknownTest(f"the matrix has no test {str(test)[:80]!r}; {hint}")


def explain_dropped(test: str, test_type: str | None, problem: Problem) -> Explanation:
    """Return the explanation of a test that was dropped."""
    return Explanation(test, Decision.DROPPED, None, test_type, problem)


def explain(
    order: Sequence[Chooser], visit: WatchedVisit, unforced_visit: WatchedVisit
) -> Explanation:
    """Return the explanation of the last test in *order*.

    The tests that this test depends on come before it. *unforced_visit* is a visit by the same
    visitor without force groups. Neither visit may have been used before.
    """
    unforced = _explain_all(order, unforced_visit, {}) if visit.force else {}
    return _explain_all(order, visit, unforced)[order[-1].name]


def _explain_all(
    order: Sequence[Chooser], visit: WatchedVisit, unforced: Mapping[str, Explanation]
) -> dict[str, Explanation]:
    explanations: dict[str, Explanation] = {}
    for test in order:
        visit.asked.clear()
        visit.drawn.clear()
        assignment = choose(test, visit)
        if assignment is not None:
            visit.groups[test.name] = assignment
        explanations[test.name] = _explanation(test, visit, assignment, explanations, unforced)
    return explanations


def _explanation(
    test: Chooser,
    visit: WatchedVisit,
    assignment: GroupAssignment | None,
    parents: Mapping[str, Explanation],
    unforced: Mapping[str, Explanation],
) -> Explanation:
    decision = _decision(test, visit, assignment)
    options = _options(test, visit)
    allocations = tuple(
        AllocationExplanation(index, given.id, given.name, rule)
        for (index, given), rule in zip(options, visit.asked[1:], strict=False)
    )
    rejected = decision is Decision.IDENTIFIER_REJECTED
    position, share = (None, None) if rejected else _place(test, visit)
    chosen = next((each.index for each in allocations if each.chosen), None)
    hit_share = share if decision is Decision.ASSIGNED else None
    return Explanation(
        test=test.name,
        decision=decision,
        assignment=assignment,
        test_type=test.definition.test_type,
        rule=visit.asked[0] if visit.asked else None,
        allocations=allocations,
        position=position,
        share=share,
        ranges=() if chosen is None else _ranges(test, test.options[chosen], position, hit_share),
        dependency=_dependency(test, visit, parents),
        force=_force(test, visit),
        unforced=unforced.get(test.name) if decision in _BY_FORCE else None,
        identifier=None if test.is_random else visit.identifiers.get(test.test_type),
    )


def _decision(test: Chooser, visit: WatchedVisit, assignment: GroupAssignment | None) -> Decision:
    """Return the step at which `choose` ended, judging by its result and the rules it evaluated."""
    if not visit.asked:
        return Decision.FORCED if assignment is not None else _refusal(test, visit)
    last = visit.asked[-1]
    if last.result is None:
        return Decision.RULE_ERROR
    if len(visit.asked) == 1:
        # Only the test's own rule was evaluated. If it is true, there was no allocation to try.
        return Decision.NO_ALLOCATION if last.result else Decision.RULE_FALSE
    if not last.result:
        return Decision.NO_ALLOCATION
    minimal = visit.force.default_mode is DefaultMode.MIN_LIVE
    return Decision.SMALLEST_LIVE if minimal else Decision.ASSIGNED


def _refusal(test: Chooser, visit: WatchedVisit) -> Decision:
    """Return the reason why `choose` ended without a group before it evaluated any rule."""
    if visit.incognito and not test.for_incognito:
        return Decision.INCOGNITO
    if test.is_random and visit.random is None:
        return Decision.RANDOM_DISABLED
    if not test.is_random and visit.identifiers.get(test.test_type) is None:
        return Decision.NO_IDENTIFIER
    if _is_rejected(test, visit) and not test.unitless:
        return Decision.IDENTIFIER_REJECTED
    if visit.force.default_mode is DefaultMode.FALLBACK:
        return Decision.FALLBACK_MODE
    return Decision.DEPENDENCY


def _is_rejected(test: Chooser, visit: WatchedVisit) -> bool:
    identifier = visit.identifiers.get(test.test_type)
    if test.is_random or identifier is None:
        return False
    return not visit.is_valid(test.test_type, identifier)


def _options(test: Chooser, visit: WatchedVisit) -> list[tuple[int, Allocation]]:
    """Return the allocations that `choose` would try, in order."""
    rejected = bool(visit.asked) and _is_rejected(test, visit)
    return [
        (index, test.definition.allocations[index])
        for index, option in enumerate(test.options)
        if option.unitless or not rejected
    ]


def _place(test: Chooser, visit: WatchedVisit) -> tuple[int | None, float | None]:
    """Return the position as an integer and as a fraction.

    For a test of type RANDOM, return None and the number drawn.
    """
    if test.is_random:
        return None, visit.drawn[-1] if visit.drawn else None
    identifier = visit.identifiers.get(test.test_type)
    if identifier is None:
        return None, None
    position = hash_position(test.prefix, encode_identifier(identifier))
    return position, (position - POSITION_MIN) / _POSITIONS


def _ranges(
    test: Chooser, option: Option, position: int | None, share: float | None
) -> tuple[RangeExplanation, ...]:
    """Return the ranges of the chosen allocation. If *share* is None, no range is marked as hit."""
    lengths = option.lengths
    if test.is_random:
        ends = [*itertools.accumulate(lengths[:-1]), 1.0]
        hit = None if share is None else random_range(lengths, _Drawn(share))
    else:
        bounds = cutoffs(lengths)
        ends = [(each - POSITION_MIN + 1) / _POSITIONS for each in (*bounds, POSITION_MAX)]
        hit = None if share is None or position is None else range_index(position, bounds)
    # The search from the left never reaches a bound that is below an earlier one.
    reached = list(itertools.accumulate(ends, max, initial=0.0))
    return tuple(
        RangeExplanation(
            bucket_value=found.value or 0,
            bucket_name=found.group or "",
            length=length,
            start=min(start, 1.0),
            end=min(end, 1.0),
            hit=index == hit,
        )
        for index, (found, length, (start, end)) in enumerate(
            zip(option.assignments, lengths, itertools.pairwise(reached), strict=True)
        )
    )


def _dependency(
    test: Chooser, visit: WatchedVisit, parents: Mapping[str, Explanation]
) -> DependencyExplanation | None:
    if test.depends_on is None:
        return None
    name, value = test.depends_on
    group = visit.groups.get(name)
    holds = group is not None and group.value == value
    return DependencyExplanation(name, value, holds, parents[name])


def _force(test: Chooser, visit: WatchedVisit) -> ForceExplanation | None:
    value = visit.force.groups.get(test.name)
    mode = visit.force.default_mode
    if value is None and mode is DefaultMode.NONE:
        return None
    payload = visit.force.payloads.get(test.name)
    bucket = next((each for each in test.definition.buckets if each.value == value), None)
    own = None if bucket is None else bucket.payload
    return ForceExplanation(
        value=value,
        known=bucket is not None,
        payload_given=payload is not None,
        payload_applied=payload is not None and apply_payload(own, payload) is not own,
        mode=mode.value,
    )

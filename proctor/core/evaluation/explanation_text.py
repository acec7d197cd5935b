"""Write an explanation as text: one line, or all steps with a picture of the ranges.

The text has no colors. Text from a matrix or a visitor is shortened and made printable.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Protocol

from proctor.core.evaluation.explanation_parts import Decision
from proctor.core.java.display import shown_value
from proctor.core.java.frozen import thaw
from proctor.core.messages import printable
from proctor.core.rules.rule import RuleKind
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.core.evaluation.explanation_parts import (
        AllocationExplanation,
        ForceExplanation,
        RangeExplanation,
    )
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.problems import Problem
    from proctor.core.rules.rule_explanation import RuleExplanation

__all__ = ["steps", "summary", "text"]

#: Width of the picture in columns.
BAR = 64
#: If there are more ranges than this, they are not listed one by one.
MAX_RANGES = 20
_NAMES = string.ascii_lowercase + string.ascii_uppercase


class ExplainedDependency(Protocol):
    """The interface of `explanation.DependencyExplanation`."""

    @property
    def test(self) -> str:
        """The name of the other test."""

    @property
    def bucket_value(self) -> int:
        """The bucket that the visitor must be in."""

    @property
    def parent(self) -> Explained:
        """The decision in the other test."""


class Explained(Protocol):
    """The interface of `explanation.Explanation`, whose module imports this one."""

    @property
    def test(self) -> str: ...
    @property
    def decision(self) -> Decision: ...
    @property
    def assignment(self) -> GroupAssignment | None: ...
    @property
    def test_type(self) -> str | None: ...
    @property
    def problem(self) -> Problem | None: ...
    @property
    def rule(self) -> RuleExplanation | None: ...
    @property
    def allocations(self) -> Sequence[AllocationExplanation]: ...
    @property
    def allocation(self) -> AllocationExplanation | None: ...
    @property
    def position(self) -> int | None: ...
    @property
    def share(self) -> float | None: ...
    @property
    def ranges(self) -> Sequence[RangeExplanation]: ...
    @property
    def dependency(self) -> ExplainedDependency | None: ...
    @property
    def force(self) -> ForceExplanation | None: ...
    @property
    def unforced(self) -> Explained | None: ...


def summary(explanation: Explained) -> Sentence:
    """Return the decision and its reason in one line."""
    if explanation.assignment is not None:
        return _assigned(explanation, explanation.assignment)
    return Sentence(gettext_noop("no group: {reason}"), reason=_refused(explanation))


def text(explanation: Explained) -> str:
    """Return the whole explanation, one paragraph per step, without a newline at the end."""
    return "\n".join(line.rstrip() for line in _lines(explanation))


def steps(explanation: Explained) -> str:
    """Return the lines after the summary, without the picture of the ranges."""
    _, *lines = _lines(explanation, draws=False)
    return "\n".join(line.removeprefix("  ").rstrip() for line in lines)


def _name(value: str | None) -> str:
    return printable(repr(value), 80)


def _group(assignment: GroupAssignment) -> str:
    return f"{_name(assignment.group)} ({assignment.value})"


def _assigned(explanation: Explained, assignment: GroupAssignment) -> Sentence:
    group = _group(assignment)
    if explanation.decision is Decision.FORCED:
        return Sentence(gettext_noop("group {group}, forced"), group=group)
    chosen = explanation.allocation
    if explanation.decision is Decision.SMALLEST_LIVE:
        if chosen is None:
            text = gettext_noop("group {group}, forced: the smallest live one")
            return Sentence(text, group=group)
        text = gettext_noop("group {group}, forced: the smallest live one of {allocation}")
        return Sentence(text, group=group, allocation=_allocation(chosen))
    if chosen is None:
        return Sentence(gettext_noop("group {group}"), group=group)
    text = gettext_noop("group {group} of {allocation}")
    return Sentence(text, group=group, allocation=_allocation(chosen))


def _allocation(allocation: AllocationExplanation) -> Sentence:
    number = allocation.index + 1
    if not allocation.id:
        return Sentence(gettext_noop("allocation {number}"), number=number)
    return Sentence(
        gettext_noop("allocation {number} {id}"), number=number, id=_name(allocation.id)
    )


_REFUSED = {
    Decision.SMALLEST_LIVE: gettext_noop("the allocation has no live bucket"),
    Decision.FALLBACK_MODE: gettext_noop("the force mode asks for the fallback"),
    Decision.INCOGNITO: gettext_noop(
        "the visitor is incognito, and the test excludes such visitors"
    ),
    Decision.NO_IDENTIFIER: gettext_noop("there is no identifier of type {test_type}"),
    Decision.IDENTIFIER_REJECTED: gettext_noop("the identifier of type {test_type} was rejected"),
    Decision.RANDOM_DISABLED: gettext_noop("tests of type RANDOM are not enabled in this call"),
}


def _refused(explanation: Explained) -> str:
    rules = {Decision.RULE_FALSE, Decision.RULE_ERROR, Decision.NO_ALLOCATION}
    if explanation.decision in rules:
        return _refused_by_rule(explanation)
    if explanation.decision is Decision.DEPENDENCY and explanation.dependency is not None:
        return _dependency(explanation)
    if explanation.problem is not None:
        problem = printable(explanation.problem.message, 400)
        return Sentence(gettext_noop("the test is dropped: {problem}"), problem=problem)
    test_type = printable(explanation.test_type or "", 80)
    return Sentence(_REFUSED[explanation.decision], test_type=test_type)


def _refused_by_rule(explanation: Explained) -> Sentence:
    rule = explanation.rule
    if rule is not None and explanation.decision is Decision.RULE_FALSE:
        return Sentence(gettext_noop("the test's rule is false: {why}"), why=rule.why)
    last = explanation.allocations[-1] if explanation.allocations else None
    if explanation.decision is Decision.RULE_ERROR:
        if rule is not None and rule.result is None:
            return Sentence(gettext_noop("the test's rule failed: {why}"), why=rule.why)
        if last is not None:
            text = gettext_noop("the rule of {allocation} failed: {why}")
            return Sentence(text, allocation=_allocation(last), why=last.rule.why)
    if last is None:
        text = gettext_noop("no allocation is for visitors whose identifier was rejected")
        return Sentence(text)
    text = gettext_noop("no allocation's rule is true; the last, of {allocation}: {why}")
    return Sentence(text, allocation=_allocation(last), why=last.rule.why)


def _dependency(explanation: Explained) -> str:
    dependency = explanation.dependency
    if dependency is None:
        return ""
    found = dependency.parent.assignment
    text = gettext_noop("it depends on bucket {value} of {test}; the visitor is in {group} there")
    if found is None:
        text = gettext_noop(
            "it depends on bucket {value} of {test}; the visitor is in no group there"
        )
    value, test = dependency.bucket_value, _name(dependency.test)
    group = "" if found is None else _group(found)
    return Sentence(text, value=value, test=test, group=group)


def _lines(explanation: Explained, *, draws: bool = True) -> Iterator[str]:
    yield f"{_name(explanation.test)[1:-1]}: {summary(explanation)}"
    assignment = explanation.assignment
    if assignment is not None and assignment.payload_type is not None:
        kind, shown = assignment.payload_type, shown_value(thaw(assignment.payload))
        yield _row("payload", f"{shown} ({kind})" if kind else "{}")
    if explanation.test_type is not None:
        yield _row("test type", printable(explanation.test_type, 80))
    if explanation.problem is not None:
        yield _row("problem in", printable(explanation.problem.place))
        if explanation.problem.rule is not None:
            yield _row("", printable(explanation.problem.rule))
    if explanation.force is not None:
        yield _row("force", _force(explanation.force, explanation.decision))
    if explanation.dependency is not None:
        yield _row("dependency", _dependency(explanation))
        parent = explanation.dependency.parent
        yield _row("", f"{_name(parent.test)}: {summary(parent)}")
    if explanation.rule is not None:
        yield from _rule("rule", explanation.rule)
    for each in explanation.allocations:
        yield from _rule(f"allocation {each.index + 1}", each.rule, each.id)
    yield from _position(explanation)
    if explanation.ranges and draws:
        yield from _ranges(explanation.ranges, explanation.share)
    if explanation.unforced is not None:
        yield "without force groups:"
        yield from (f"  {line}" for line in _lines(explanation.unforced, draws=draws))


def _row(label: str, content: str) -> str:
    return f"  {label:<14}{content}"


def _force(force: ForceExplanation, decision: Decision) -> str:
    parts = []
    if force.value is not None:
        parts.append(f"bucket {force.value}")
        if not force.known:
            parts.append("which the test does not have, so it is ignored")
        elif decision is not Decision.FORCED:
            parts.append("which was not reached")
        elif force.payload_given:
            parts.append(
                "with its payload" if force.payload_applied else "whose payload does not fit"
            )
    if force.mode:
        parts.append(f"mode {force.mode}")
    return ", ".join(parts)


def _rule(label: str, rule: RuleExplanation, allocation_id: str = "") -> Iterator[str]:
    named = f"  {_name(allocation_id)}" if allocation_id else ""
    if rule.kind is RuleKind.EMPTY:
        yield _row(label, f"true   (no rule){named}")
        return
    yield _row(label, f"{rule.outcome:<5}  {printable(rule.text or '')}{named}")
    if rule.operand is None:
        yield _row("", f"       {rule.why}")
        return
    whole = rule.operand.text == (rule.text or "")[2:-1].strip()
    if not whole:
        decided = "failed" if rule.result is None else "decided"
        place = f"column {rule.operand.column}"
        yield _row("", f"       {decided} at {place}: {printable(rule.operand.text)}")
    if rule.error is not None:
        yield _row("", f"       {rule.error}")
    for each in rule.variables:
        yield _row("", f"       {each}")


def _position(explanation: Explained) -> Iterator[str]:
    if explanation.share is None:
        return
    share = f"{explanation.share:.6f} of the line"
    if explanation.position is None:
        yield _row("drawn", share)
    else:
        yield _row("position", f"{explanation.position}, at {share}")


def _ranges(ranges: Sequence[RangeExplanation], share: float | None) -> Iterator[str]:
    hit = next((index for index, each in enumerate(ranges) if each.hit), None)
    cells = [_cell(ranges, (column + 0.5) / BAR) for column in range(BAR)]
    mark = ""
    if hit is not None and share is not None:
        column = min(int(share * BAR), BAR - 1)
        # A range narrower than one column may contain the visitor's position.
        cells[column] = _NAMES[hit % len(_NAMES)]
        mark = " " * (column + 1) + "^"
    yield _row("ranges", f"|{''.join(cells)}|")
    if mark:
        yield _row("", mark)
    shown = [index for index in range(len(ranges)) if index < MAX_RANGES or index == hit]
    for index in shown:
        yield _row("", _range(ranges[index], index))
    if len(shown) < len(ranges):
        yield _row("", f"  … and {len(ranges) - len(shown)} more")


def _cell(ranges: Sequence[RangeExplanation], share: float) -> str:
    """Return the letter of the range that contains *share*."""
    found = (index for index, each in enumerate(ranges) if each.start <= share < each.end)
    return _NAMES[next(found, 0) % len(_NAMES)]


def _range(each: RangeExplanation, index: int) -> str:
    mark = ">" if each.hit else " "
    bounds = "empty" if each.start == each.end else f"{each.start:.6f} to {each.end:.6f}"
    letter = _NAMES[index % len(_NAMES)]
    return f"{mark} {letter}  {bounds:<21}{_name(each.bucket_name)} ({each.bucket_value})"

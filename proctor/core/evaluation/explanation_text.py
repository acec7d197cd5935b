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
from proctor.core.sentences import Sentence, gettext_noop, listed

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
#: Ranges beyond this number are not listed, unless they contain the visitor's position.
MAX_RANGES = 20
_NAMES = string.ascii_lowercase + string.ascii_uppercase


class ExplainedDependency(Protocol):
    """The interface of `explanation.DependencyExplanation`."""

    @property
    def test(self) -> str:
        """The name of the other test."""

    @property
    def bucket_value(self) -> int:
        """The value of the bucket that the visitor must be in."""

    @property
    def parent(self) -> Explained:
        """The decision in the other test."""


class Explained(Protocol):
    """The attributes of an `Explanation`. Importing the class here would create an import cycle."""

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


def text(explanation: Explained) -> Sentence:
    """Return the whole explanation, one paragraph per step, without a newline at the end."""
    lines = listed(_lines(explanation), gettext_noop("\n"))
    return Sentence(gettext_noop("{lines}"), lines=lines)


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
            text = gettext_noop("group {group}, forced: the smallest live bucket")
            return Sentence(text, group=group)
        text = gettext_noop("group {group}, forced: the smallest live bucket of {allocation}")
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
    Decision.FALLBACK_MODE: gettext_noop("the force mode requests the fallback"),
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
        text = gettext_noop("no allocation accepts visitors whose identifier was rejected")
        return Sentence(text)
    text = gettext_noop(
        "no allocation's rule is true; the rule of the last one, {allocation}, is false: {why}"
    )
    return Sentence(text, allocation=_allocation(last), why=last.rule.why)


def _dependency(explanation: Explained) -> str:
    dependency = explanation.dependency
    if dependency is None:
        return ""
    found = dependency.parent.assignment
    text = gettext_noop(
        "the test depends on bucket {value} of {test}; in that test, the visitor is in {group}"
    )
    if found is None:
        text = gettext_noop(
            "the test depends on bucket {value} of {test}; in that test, the visitor has no group"
        )
    value, test = dependency.bucket_value, _name(dependency.test)
    group = "" if found is None else _group(found)
    return Sentence(text, value=value, test=test, group=group)


def _lines(explanation: Explained, *, draws: bool = True) -> Iterator[Sentence]:
    text, name = gettext_noop("{test}: {summary}"), _name(explanation.test)[1:-1]
    yield Sentence(text, test=name, summary=summary(explanation))
    yield from _payload(explanation.assignment)
    if explanation.test_type is not None:
        label = Sentence(gettext_noop("test type"))
        yield _row(label, printable(explanation.test_type, 80))
    if explanation.problem is not None:
        label = Sentence(gettext_noop("problem in"))
        yield _row(label, printable(explanation.problem.place))
        if explanation.problem.rule is not None:
            yield _more(printable(explanation.problem.rule))
    if explanation.force is not None:
        label = Sentence(gettext_noop("force"))
        yield _row(label, _force(explanation.force, explanation.decision))
    if explanation.dependency is not None:
        label, parent = Sentence(gettext_noop("dependency")), explanation.dependency.parent
        yield _row(label, _dependency(explanation))
        yield _more(Sentence(text, test=_name(parent.test), summary=summary(parent)))
    if explanation.rule is not None:
        yield from _rule(Sentence(gettext_noop("rule")), explanation.rule)
    for each in explanation.allocations:
        label = Sentence(gettext_noop("allocation {number}"), number=each.index + 1)
        yield from _rule(label, each.rule, each.id)
    yield from _position(explanation)
    if explanation.ranges and draws:
        yield from _ranges(explanation.ranges, explanation.share)
    if explanation.unforced is not None:
        yield Sentence(gettext_noop("without force groups:"))
        for line in _lines(explanation.unforced, draws=draws):
            yield Sentence(gettext_noop("  {line}"), line=line)


def _row(label: Sentence, content: str) -> Sentence:
    return Sentence(gettext_noop("  {label:<14}{content}"), label=label, content=content)


def _more(content: str) -> Sentence:
    """Return a line without a label, which continues the row above it."""
    return Sentence(gettext_noop("                {content}"), content=content)


def _payload(assignment: GroupAssignment | None) -> Iterator[Sentence]:
    if assignment is not None and assignment.payload_type is not None:
        kind, shown = assignment.payload_type, shown_value(thaw(assignment.payload))
        yield _row(Sentence(gettext_noop("payload")), f"{shown} ({kind})" if kind else "{}")


def _force(force: ForceExplanation, decision: Decision) -> Sentence:
    parts = []
    if force.value is not None:
        parts.append(Sentence(gettext_noop("bucket {value}"), value=force.value))
        if not force.known:
            text = gettext_noop("which the test does not have, so it is ignored")
            parts.append(Sentence(text))
        elif decision is not Decision.FORCED:
            parts.append(Sentence(gettext_noop("which was not reached")))
        elif force.payload_given:
            text = gettext_noop("whose payload does not fit")
            if force.payload_applied:
                text = gettext_noop("with its payload")
            parts.append(Sentence(text))
    if force.mode:
        parts.append(Sentence(gettext_noop("mode {mode}"), mode=force.mode))
    return Sentence(gettext_noop("{parts}"), parts=listed(parts))


def _rule(label: Sentence, rule: RuleExplanation, allocation_id: str = "") -> Iterator[Sentence]:
    named = f"  {_name(allocation_id)}" if allocation_id else ""
    if rule.kind is RuleKind.EMPTY:
        yield _row(label, Sentence(gettext_noop("true   (no rule){id}"), id=named))
        return
    # The outcome is not translated: it is a keyword of the rule language.
    yield _row(label, f"{rule.outcome:<5}  {printable(rule.text or '')}{named}")
    if rule.operand is None:
        yield _inside(rule.why)
        return
    whole = rule.operand.text == (rule.text or "")[2:-1].strip()
    if not whole:
        text = gettext_noop("decided at column {column}: {operand}")
        if rule.result is None:
            text = gettext_noop("failed at column {column}: {operand}")
        operand = printable(rule.operand.text)
        yield _inside(Sentence(text, column=rule.operand.column, operand=operand))
    if rule.error is not None:
        yield _inside(rule.error)
    for each in rule.variables:
        yield _inside(each.text)


def _inside(content: str) -> Sentence:
    """Return a line to print below a rule, indented like the text of the rule."""
    return _more(Sentence(gettext_noop("       {content}"), content=content))


def _position(explanation: Explained) -> Iterator[Sentence]:
    if explanation.share is None:
        return
    share = f"{explanation.share:.6f}"
    if explanation.position is None:
        content = Sentence(gettext_noop("{share} on a scale from 0 to 1"), share=share)
        yield _row(Sentence(gettext_noop("drawn")), content)
    else:
        text = gettext_noop("{position}, or {share} on a scale from 0 to 1")
        content = Sentence(text, position=explanation.position, share=share)
        yield _row(Sentence(gettext_noop("position")), content)


def _ranges(ranges: Sequence[RangeExplanation], share: float | None) -> Iterator[Sentence]:
    hit = next((index for index, each in enumerate(ranges) if each.hit), None)
    cells = [_cell(ranges, (column + 0.5) / BAR) for column in range(BAR)]
    mark = ""
    if hit is not None and share is not None:
        column = min(int(share * BAR), BAR - 1)
        # Always show the range that contains the position, even if it is narrower than one column.
        cells[column] = _NAMES[hit % len(_NAMES)]
        mark = " " * (column + 1) + "^"
    yield _row(Sentence(gettext_noop("ranges")), f"|{''.join(cells)}|")
    if mark:
        yield _more(mark)
    shown = [index for index in range(len(ranges)) if index < MAX_RANGES or index == hit]
    for index in shown:
        yield _more(_range(ranges[index], index))
    if len(shown) < len(ranges):
        text = gettext_noop("  … and {count} more")
        yield _more(Sentence(text, count=len(ranges) - len(shown)))


def _cell(ranges: Sequence[RangeExplanation], share: float) -> str:
    """Return the letter of the range that contains *share*."""
    found = (index for index, each in enumerate(ranges) if each.start <= share < each.end)
    return _NAMES[next(found, 0) % len(_NAMES)]


def _range(each: RangeExplanation, index: int) -> Sentence:
    bounds = Sentence(gettext_noop("empty"))
    if each.start != each.end:
        text = gettext_noop("{start} to {end}")
        bounds = Sentence(text, start=f"{each.start:.6f}", end=f"{each.end:.6f}")
    return Sentence(
        gettext_noop("{mark} {letter}  {bounds:<21}{group}"),
        mark=">" if each.hit else " ",
        letter=_NAMES[index % len(_NAMES)],
        bounds=bounds,
        group=f"{_name(each.bucket_name)} ({each.bucket_value})",
    )

"""An explanation as text: one line, or the whole with a picture of the ranges.

No colours; everything that comes from a matrix or a visitor is cut and made printable.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from proctor.core.display import printable, shown_value
from proctor.core.explanation import Decision, Explanation
from proctor.core.frozen import thaw
from proctor.core.rules.rule import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.core.explanation import AllocationExplanation, ForceExplanation, RangeExplanation
    from proctor.core.groups import GroupAssignment
    from proctor.core.rules.explanation import RuleExplanation

__all__ = ["summary", "text"]

#: Columns of the picture of the line.
BAR = 64
#: More ranges than this are not listed one by one.
MAX_RANGES = 20
_NAMES = string.ascii_lowercase + string.ascii_uppercase


def summary(explanation: Explanation) -> str:
    """What was decided and why, in one line."""
    if explanation.assignment is not None:
        return _assigned(explanation, explanation.assignment)
    return "no group: " + _refused(explanation)


def text(explanation: Explanation) -> str:
    """The whole explanation, one step a paragraph, ends without a line break."""
    return "\n".join(line.rstrip() for line in _lines(explanation))


def _name(value: str | None) -> str:
    return printable(repr(value), 80)


def _group(assignment: GroupAssignment) -> str:
    return f"{_name(assignment.group)} ({assignment.value})"


def _assigned(explanation: Explanation, assignment: GroupAssignment) -> str:
    group = _group(assignment)
    if explanation.decision is Decision.FORCED:
        return f"group {group}, forced"
    chosen = explanation.allocation
    where = "" if chosen is None else f" of {_allocation(chosen)}"
    if explanation.decision is Decision.SMALLEST_LIVE:
        return f"group {group}, forced: the smallest live one{where}"
    return f"group {group}{where}"


def _allocation(allocation: AllocationExplanation) -> str:
    named = f" {_name(allocation.id)}" if allocation.id else ""
    return f"allocation {allocation.index + 1}{named}"


def _refused(explanation: Explanation) -> str:
    test_type = printable(explanation.test_type or "", 80)
    rules = {Decision.RULE_FALSE, Decision.RULE_ERROR, Decision.NO_ALLOCATION}
    if explanation.decision in rules:
        return _refused_by_rule(explanation)
    if explanation.decision is Decision.DEPENDENCY and explanation.dependency is not None:
        return _dependency(explanation)
    if explanation.problem is not None:
        return f"the test is dropped: {printable(explanation.problem.message, 400)}"
    return {
        Decision.SMALLEST_LIVE: "the allocation has no live bucket",
        Decision.FALLBACK_MODE: "the force mode asks for the fallback",
        Decision.INCOGNITO: "the visitor is incognito, and the test leaves such visitors alone",
        Decision.NO_IDENTIFIER: f"there is no identifier of type {test_type}",
        Decision.IDENTIFIER_REJECTED: f"the identifier of type {test_type} was rejected",
        Decision.RANDOM_DISABLED: "tests of type RANDOM are not enabled in this call",
    }[explanation.decision]


def _refused_by_rule(explanation: Explanation) -> str:
    rule = explanation.rule
    if rule is not None and explanation.decision is Decision.RULE_FALSE:
        return f"the test's rule is false: {rule.why}"
    last = explanation.allocations[-1] if explanation.allocations else None
    if explanation.decision is Decision.RULE_ERROR:
        if rule is not None and rule.result is None:
            return f"the test's rule failed: {rule.why}"
        if last is not None:
            return f"the rule of {_allocation(last)} failed: {last.rule.why}"
    if last is None:
        return "no allocation is for visitors whose identifier was rejected"
    return f"no allocation's rule is true; the last, of {_allocation(last)}: {last.rule.why}"


def _dependency(explanation: Explanation) -> str:
    dependency = explanation.dependency
    if dependency is None:
        return ""
    found = dependency.parent.assignment
    where = "in no group there" if found is None else f"in {_group(found)} there"
    needed = f"bucket {dependency.bucket_value} of {_name(dependency.test)}"
    return f"it depends on {needed}; the visitor is {where}"


def _lines(explanation: Explanation) -> Iterator[str]:
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
    if explanation.ranges:
        yield from _ranges(explanation.ranges, explanation.share)
    if explanation.unforced is not None:
        yield "without force groups:"
        yield from (f"  {line}" for line in _lines(explanation.unforced))


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
    if rule.kind is Kind.EMPTY:
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


def _position(explanation: Explanation) -> Iterator[str]:
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
        # A range narrower than a column may be the one that was hit.
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
    """The letter of the range that a share of the line is in."""
    found = (index for index, each in enumerate(ranges) if each.start <= share < each.end)
    return _NAMES[next(found, 0) % len(_NAMES)]


def _range(each: RangeExplanation, index: int) -> str:
    mark = ">" if each.hit else " "
    bounds = "empty" if each.start == each.end else f"{each.start:.6f} to {each.end:.6f}"
    letter = _NAMES[index % len(_NAMES)]
    return f"{mark} {letter}  {bounds:<21}{_name(each.bucket_name)} ({each.bucket_value})"

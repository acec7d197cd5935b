"""The buttons inside the Edit form: add, remove and reorder rows."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from proctor.editor.pages.form.form_shares import percent_text, raised, share_of
from proctor.editor.pages.form.form_state import (
    AllocationRow,
    BucketRow,
    ConstantRow,
    FormState,
    integer_of,
)
from proctor.editor.specifications.known import read_applications

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OPERATORS", "apply_step", "built_rule", "new_state"]

#: Maps each operator in the condition builder to the template of the rule that it adds.
OPERATORS = {
    "==": "{variable} == {value}",
    "!=": "{variable} != {value}",
    "<": "{variable} < {value}",
    "<=": "{variable} <= {value}",
    ">": "{variable} > {value}",
    ">=": "{variable} >= {value}",
    "in": "({each})",
}
_STEP = re.compile(r"(?P<name>[a-z-]+?)(?:-(?P<index>\d{1,4}|test))?(?:-to-(?P<target>\d{1,4}))?\Z")

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")


def new_state() -> FormState:
    """Return the form for a new test, with the groups inactive, control and active."""
    state = FormState()
    state.texts["test_type"] = "USER"
    state.buckets = [
        BucketRow("inactive", "-1", ""),
        BucketRow("control", "0", ""),
        BucketRow("active", "1", ""),
    ]
    state.allocations = [AllocationRow(shares=["100", "0", "0"])]
    return state


def apply_step(state: FormState, step: str) -> str:
    """Perform the action of the button called *step* on the form.

    Return the id of the field that gets the focus. If the button is unknown, return "" and change
    nothing.
    """
    match = _STEP.match(step)
    if match is None or match["name"] not in _STEPS:
        return ""
    index = match["index"]
    if index == "test":
        return _build(state, None)
    place = int(index) if index else 0
    if match["name"] == "raise":
        return _raise(state, place, int(match["target"] or 0))
    return _STEPS[match["name"]](state, place)


def _add_bucket(state: FormState, _index: int) -> str:
    typed = [integer_of(row.value) for row in state.buckets]
    values = [value for value in typed if value is not None]
    state.buckets.append(BucketRow("", str(max([*values, -1]) + 1)))
    for each in state.allocations:
        each.shares.append("0")
    return f"bucket-{len(state.buckets) - 1}-name"


def _remove_bucket(state: FormState, index: int) -> str:
    if index < len(state.buckets):
        del state.buckets[index]
        for each in state.allocations:
            del each.shares[index]
    return "add-bucket"


def _add_allocation(state: FormState, _index: int) -> str:
    """Add an allocation before the last one, which covers everyone else."""
    shares = ["0"] * len(state.buckets)
    rest = next((index for index, row in enumerate(state.buckets) if row.is_remainder), 0)
    if shares:
        shares[rest] = "100"
    place = max(0, len(state.allocations) - 1)
    state.allocations.insert(place, AllocationRow(shares=shares))
    return f"allocation-{place}-rule"


def _remove_allocation(state: FormState, index: int) -> str:
    if index < len(state.allocations):
        del state.allocations[index]
    return "add-allocation"


def _up(state: FormState, index: int) -> str:
    rows = state.allocations
    if 0 < index < len(rows):
        rows[index - 1], rows[index] = rows[index], rows[index - 1]
    return f"allocation-{max(0, index - 1)}-up"


def _down(state: FormState, index: int) -> str:
    _up(state, index + 1)
    return f"allocation-{min(index + 1, len(state.allocations) - 1)}-down"


def _add_constant(state: FormState, _index: int) -> str:
    state.constants.append(ConstantRow())
    return f"constant-{len(state.constants) - 1}-name"


def _remove_constant(state: FormState, index: int) -> str:
    if index < len(state.constants):
        del state.constants[index]
    return "add-constant"


def _raise(state: FormState, index: int, target: int) -> str:
    if index >= len(state.allocations) or not 0 <= target <= 100:
        return ""
    row = state.allocations[index]
    shares: dict[int, Fraction] = {}
    for bucket, text in zip(state.buckets, row.shares, strict=True):
        share = share_of(text)
        value = integer_of(bucket.value)
        if share is None or value is None:
            return f"share-{index}-0"
        shares[value] = share
    found = raised(shares, Fraction(target, 100))
    if found is not None:
        row.shares = [percent_text(found[int(bucket.value)]) for bucket in state.buckets]
    return f"share-{index}-0"


def _build(state: FormState, index: int | None) -> str:
    """Add the condition from a condition builder to its rule.

    Return the id of the rule's field.
    """
    if index is not None and index >= len(state.allocations):
        return ""
    row = state.builder if index is None else state.allocations[index]
    condition = built_rule(row.variable, row.operator, row.operand)
    known = state.texts["rule"] if index is None else row.rule
    if condition:
        rule = f"{known.strip()} && {condition}" if known.strip() else condition
        if index is None:
            state.texts["rule"] = rule
        else:
            row.rule = rule
        row.variable = row.operand = ""
    return "rule" if index is None else f"allocation-{index}-rule"


def built_rule(variable: str, operator: str, operand: str) -> str:
    """Return a rule for a variable, an operator and a value, or "" if any of them is missing."""
    form = OPERATORS.get(operator)
    if not variable or form is None:
        return ""
    known = read_applications().variables.get(variable)
    is_text = known is not None and known.kind in ("string", None)
    if operator == "in":
        values = [each.strip() for each in operand.split(",") if each.strip()]
        parts = [f"{variable} == {_literal(each, is_text=is_text)}" for each in values]
        return form.format(each=" || ".join(parts)) if len(parts) > 1 else "".join(parts)
    return form.format(variable=variable, value=_literal(operand.strip(), is_text=is_text))


def _literal(text: str, *, is_text: bool) -> str:
    """Return a value in rule syntax: quoted if the variable is a string."""
    if not is_text and (text in ("true", "false", "null") or _NUMBER.match(text)):
        return text
    return "'" + json.dumps(text, ensure_ascii=False)[1:-1].replace("'", "\\'") + "'"


_STEPS: dict[str, Callable[[FormState, int], str]] = {
    "add-bucket": _add_bucket,
    "remove-bucket": _remove_bucket,
    "add-allocation": _add_allocation,
    "remove-allocation": _remove_allocation,
    "up": _up,
    "down": _down,
    "add-constant": _add_constant,
    "remove-constant": _remove_constant,
    "raise": lambda _state, _index: "",
    "build": _build,
}

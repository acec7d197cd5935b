"""Context variables: convert columns of a table to the scopes in which rules are evaluated.

A rule is evaluated once for each distinct tuple of its variables. If more than half of the rows are
distinct, the rule is evaluated row by row, because finding equal tuples would cost more than it
saves.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from proctor.core.evaluation.call import INCOGNITO, EngineCall, is_incognito
from proctor.core.evaluation.chooser import holds
from proctor.core.exceptions import ConversionError, RuleError
from proctor.core.rules.rule import RuleKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from proctor.core.evaluation.plan import Plan
    from proctor.core.java.context_types import ContextType
    from proctor.core.rules.rule import Rule
    from proctor.core.rules.scope import Scope

__all__ = ["ABSENT", "FAILED", "HOLDS", "Contexts", "Variable"]

#: The results of a rule, as numbers in arrays: HOLDS equals True, and 0 (False) means that the rule
#: is false.
HOLDS, FAILED, _UNKNOWN = 1, 2, 3

#: Up to this number of possible tuples, equal tuples are found with a lookup table; above this
#: number, they are found by sorting.
_DENSE = 1 << 16

#: Marks a missing value.
ABSENT: Any = object()


class Variable:
    """A context variable: its distinct raw values, and the index of each row's value."""

    __slots__ = ("codes", "refused", "values")

    #: For each row, an index into `values`.
    codes: NDArray[Any]
    #: The distinct raw values. The last one is used for rows that have no value.
    values: list[Any]
    #: The indices of values that cannot be converted.
    refused: set[int]

    def __init__(self, column: pa.Array, default: Any, kind: ContextType | None) -> None:
        self.codes, self.values = _distinct(column)
        self.refused = set()
        # The default is used for nulls.
        self.values.append(default)
        if kind is not None:
            for index, raw in enumerate(self.values):
                if raw is not ABSENT:
                    self._convert(index, kind)

    def _convert(self, index: int, kind: ContextType) -> None:
        try:
            self.values[index] = kind.convert(self.values[index])
        except ConversionError:
            self.values[index] = ABSENT
            self.refused.add(index)

    def refused_rows(self, name: str, plan: Plan) -> int:
        """Return the number of rows whose value cannot be converted."""
        for index, raw in enumerate(self.values):
            if raw is not ABSENT:
                call = EngineCall(plan, {name: raw})
                call.convert()
                if call.variable_errors:
                    self.refused.add(index)
        if not self.refused:
            return 0
        return int(np.isin(self.codes, list(self.refused)).sum())


def _distinct(column: pa.Array) -> tuple[NDArray[Any], list[Any]]:
    """Return a code for each row, and the list of values that the codes index.

    The code of null is the length of the list.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    bits = _as_bits(column)
    try:
        encoded = bits.dictionary_encode()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, AttributeError):
        # Lists and similar values are not compared; each row counts as a distinct value.
        values = _python(column)
        return np.where(np.asarray(column.is_valid()), np.arange(len(values)), len(values)), values
    distinct = encoded.dictionary
    if bits is not column:
        distinct = distinct.view(column.type)
    values = _python(distinct)
    return np.asarray(encoded.indices.fill_null(len(values))), values


def _as_bits(column: pa.Array) -> pa.Array:
    """Return floats as integers with the same bits, so that 0.0 and -0.0 are different."""
    if pa.types.is_float64(column.type):
        return column.view(pa.int64())
    if pa.types.is_float32(column.type):
        return column.view(pa.int32())
    return column


def _python(column: pa.Array) -> list[Any]:
    values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    return values


class _Group:
    """Rows grouped by the values of some variables, with cached results of rules per group."""

    def __init__(self, names: Sequence[str], variables: Sequence[Variable], rows: int) -> None:
        self._names = names
        self._variables = variables
        self.codes, self._samples = _tuples(variables, rows)
        self._scopes: list[Scope | None] = [None] * len(self._samples)
        self._answers: dict[Rule, NDArray[Any]] = {}

    def context(self, code: int) -> dict[str, Any]:
        """Return the raw value of each variable for a group of rows."""
        row = self._samples[code]
        found = {}
        for name, variable in zip(self._names, self._variables, strict=True):
            value = variable.values[variable.codes[row]]
            if value is not ABSENT:
                found[name] = value
        return found

    def ask(self, rule: Rule, rows: NDArray[Any] | None, plan: Plan) -> NDArray[Any]:
        """Return the result of *rule* for each of *rows* (None means all rows)."""
        answers = self._answers.get(rule)
        if answers is None:
            answers = self._answers[rule] = np.full(len(self._samples), _UNKNOWN, np.uint8)
        codes = self.codes if rows is None else self.codes[rows]
        found: NDArray[Any] = answers[codes]
        if (found == _UNKNOWN).any():
            for code in np.unique(codes[found == _UNKNOWN]).tolist():
                answers[code] = self._evaluate(rule, code, plan)
            found = answers[codes]
        return found

    def _evaluate(self, rule: Rule, code: int, plan: Plan) -> int:
        scope = self._scopes[code]
        if scope is None:
            scope = self._scopes[code] = EngineCall(plan, self.context(code)).convert()
        try:
            return int(holds(rule, scope))
        except RuleError:
            return FAILED


def _tuples(variables: Sequence[Variable], rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the code of each row's combination of values, and a sample row for each code."""
    if not variables:
        return np.zeros(rows, np.int8), np.zeros(1, np.int64)
    sizes = [len(each.values) for each in variables]
    if max(sizes) - 1 > rows / 2:
        return np.arange(rows), np.arange(rows)
    codes = variables[0].codes
    if len(sizes) == 1 or math.prod(sizes) <= _DENSE:
        for each, size in zip(variables[1:], sizes[1:], strict=True):
            codes = codes.astype(np.int64) * size + each.codes
        # Unused codes keep row 0 as their sample, but are never looked up.
        samples = np.zeros(math.prod(sizes), np.int64)
        samples[codes] = np.arange(rows)
        return codes, samples
    for each, size in zip(variables[1:], sizes[1:], strict=True):
        combined = codes.astype(np.int64) * size + each.codes
        _, samples, codes = np.unique(combined, return_index=True, return_inverse=True)
        codes = codes.reshape(-1)
    if len(samples) > rows / 2:
        return np.arange(rows), np.arange(rows)
    return codes, samples


class Contexts:
    """The contexts of all rows in a batch."""

    def __init__(self, plan: Plan, variables: Mapping[str, Variable], rows: int) -> None:
        self._plan = plan
        self._variables = variables
        self._rows = rows
        self._groups: dict[tuple[str, ...], _Group] = {}

    def ask(self, rule: Rule, rows: NDArray[Any] | None) -> NDArray[Any]:
        """Return the result of *rule* (False, HOLDS or FAILED) for each of *rows* (None: all)."""
        group = self._group(() if rule.kind is not RuleKind.EXPRESSION else rule.names)
        return group.ask(rule, rows, self._plan)

    def incognito(self) -> NDArray[Any] | None:
        """Return an array that is True for incognito visitors, or None if there are none."""
        if INCOGNITO not in self._variables:
            return None
        group = self._group((INCOGNITO,))
        context = [group.context(code) for code in range(int(group.codes.max(initial=-1)) + 1)]
        found = np.array(
            [bool(each) and is_incognito(each, self._plan.types) for each in context],
            dtype=np.bool_,
        )
        return found[group.codes] if found.any() else None

    def raw(self, row: int) -> dict[str, Any]:
        """Return the context of one row in the form that the engine expects."""
        found = {}
        for name, variable in self._variables.items():
            value = variable.values[variable.codes[row]]
            if value is not ABSENT:
                found[name] = value
        return found

    def refused(self) -> dict[str, int]:
        """Return, for each variable, the number of rows whose value cannot be converted."""
        counts = {
            name: each.refused_rows(name, self._plan) for name, each in self._variables.items()
        }
        return {name: count for name, count in counts.items() if count}

    def _group(self, names: frozenset[str] | tuple[str, ...]) -> _Group:
        known = tuple(sorted(name for name in names if name in self._variables))
        group = self._groups.get(known)
        if group is None:
            variables = [self._variables[name] for name in known]
            group = self._groups[known] = _Group(known, variables, self._rows)
        return group

"""Find the groups of many rows, test by test, with the same results as the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from proctor.bulk.compiled import NO_GROUP, CompiledTest
from proctor.bulk.contexts import ABSENT, FAILED, HOLDS, Contexts, Variable
from proctor.bulk.identifiers import Identifiers
from proctor.bulk.md5 import positions
from proctor.core.evaluation.engine import plan_of
from proctor.core.exceptions import IdentifierError
from proctor.core.matrices.limits import RANDOM
from proctor.core.rules.rule import RuleKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from proctor.bulk.summary import Summary
    from proctor.core.evaluation.chooser import Option
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.java.context_types import ContextType
    from proctor.core.rules.rule import Rule

__all__ = ["Assigned", "Assigner", "Inputs"]

Rows = Any  # An array of row numbers, or None for all rows.


@dataclass(frozen=True, slots=True)
class Inputs:
    """The columns to read from a table, and the options for the engine."""

    #: The column with the identifiers of each test type.
    identifiers: Mapping[str, str]
    #: The column with the values of each context variable.
    context: Mapping[str, str]
    #: For each variable, the raw value that replaces nulls or a missing column.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    #: The types of variables that the `Proctor` object does not declare.
    types: Mapping[str, ContextType] = field(default_factory=dict)
    #: True to draw groups in tests of type RANDOM.
    random_enabled: bool = False


@dataclass(slots=True)
class Assigned:
    """The code of each row's outcome, by test, and each row's identifier, by test type."""

    codes: dict[str, NDArray[Any]]
    identifiers: Mapping[str, Identifiers]


class Assigner:
    """Assigns rows to groups.

    Rows get no group in a test if no column has identifiers of the test's type. For
    tests of type RANDOM, groups are drawn if this is enabled.
    """

    def __init__(self, proctor: Proctor, tests: Collection[str], inputs: Inputs) -> None:
        if RANDOM in inputs.identifiers:
            raise IdentifierError(
                "Expected no column for the RANDOM test type: such tests draw a random number"
            )
        plan = plan_of(proctor)
        #: The requested tests.
        self.tests = tuple(sorted(tests))
        self.compiled = {
            each.name: CompiledTest(each) for each in plan.in_order(plan.with_parents(tests))
        }
        self._proctor = proctor
        self._inputs = inputs
        self._drawn = self._with_random() if inputs.random_enabled else frozenset()

    def _with_random(self) -> frozenset[str]:
        """Return the RANDOM tests, and all tests that they depend on or that depend on them.

        All of these must be evaluated in one call of the engine, which draws once for each test.
        """
        links = {
            name: {each.chooser.depends_on[0]} if each.chooser.depends_on else set()
            for name, each in self.compiled.items()
        }
        for name, parents in list(links.items()):
            for parent in parents:
                links[parent] = links[parent] | {name}
        found: set[str] = set()
        waiting = [name for name, each in self.compiled.items() if each.chooser.is_random]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(links[name])
        return frozenset(found)

    def assign(self, batch: pa.RecordBatch, summary: Summary | None = None) -> Assigned:
        """Assign all rows in all requested tests; return the codes, and add counts to *summary*."""
        rows = batch.num_rows
        work = _Batch(self, batch)
        for name, test in self.compiled.items():
            if name not in self._drawn:
                work.codes[name] = work.choose(test)
        if work.apart is not None:
            chosen = np.flatnonzero(work.apart)
            work.ask_engine(chosen, [each for each in self.compiled if each not in self._drawn])
        if self._drawn:
            work.ask_engine(
                np.arange(rows), [each for each in self.compiled if each in self._drawn]
            )
        codes = {name: work.codes[name] for name in self.tests}
        if summary is not None:
            summary.rows += rows
            summary.by_engine += int(work.by_engine.sum())
            summary.count_errors(work.errors)
            summary.count_refused(work.contexts.refused())
            summary.count_missing(work.missing())
            for name, found in codes.items():
                summary.count_groups(name, self.compiled[name], found)
        return Assigned(codes, work.identifiers)

    @property
    def inputs(self) -> Inputs:
        """The columns and options passed to the constructor."""
        return self._inputs

    @property
    def proctor(self) -> Proctor:
        """The engine that contains the tests."""
        return self._proctor


class _Batch:
    """The assignment of one batch of rows."""

    def __init__(self, assigner: Assigner, batch: pa.RecordBatch) -> None:
        self._assigner = assigner
        inputs = assigner.inputs
        self._rows = batch.num_rows
        self.identifiers = {
            kind: Identifiers(batch.column(column)) for kind, column in inputs.identifiers.items()
        }
        variables = {
            name: Variable(
                batch.column(inputs.context[name])
                if name in inputs.context
                else pa.nulls(self._rows, pa.string()),
                inputs.defaults.get(name, ABSENT),
                inputs.types.get(name),
            )
            for name in {**inputs.context, **inputs.defaults}
        }
        self.contexts = Contexts(plan_of(assigner.proctor), variables, self._rows)
        self.codes: dict[str, NDArray[Any]] = {}
        self.errors: dict[str, int] = {}
        #: For each row, True if the engine assigned it.
        self.by_engine = np.zeros(self._rows, bool)
        rejected = self._rejected()
        #: For each row, True if only the engine can assign it; None if there are no such rows.
        self.apart = self._find_apart(rejected)
        #: The rows that NumPy can assign, by test type.
        self._eligible = {
            kind: _excluded(_excluded(each.given, rejected.get(kind)), self.apart)
            for kind, each in self.identifiers.items()
        }

    def _rejected(self) -> dict[str, NDArray[Any]]:
        """Return the rows whose identifiers the application's validator rejects, by test type."""
        is_valid = self._assigner.proctor.identifier_validator
        found = {}
        if is_valid is not None:
            for kind, each in self.identifiers.items():
                texts = each.column.to_pylist()
                bad = [text is not None and not is_valid(kind, text) for text in texts]
                found[kind] = np.array(bad, bool)
        return found

    def _find_apart(self, rejected: Mapping[str, NDArray[Any]]) -> NDArray[Any] | None:
        found = self.contexts.incognito()
        unitless = {
            each.chooser.test_type
            for each in self._assigner.compiled.values()
            if each.chooser.unitless
        }
        for kind in unitless & rejected.keys():
            found = rejected[kind] if found is None else found | rejected[kind]
        return found if found is not None and found.any() else None

    def missing(self) -> dict[str, int]:
        """Return the number of rows without an identifier, by test type."""
        counts = {kind: int((~each.given).sum()) for kind, each in self.identifiers.items()}
        return {kind: count for kind, count in counts.items() if count}

    def choose(self, test: CompiledTest) -> NDArray[Any]:
        """Return the codes of all rows in one test, with the same results as the engine."""
        chooser = test.chooser
        codes = np.full(self._rows, NO_GROUP, np.int32)
        if chooser.is_random or chooser.test_type not in self.identifiers:
            return codes
        eligible = self._eligible[chooser.test_type]
        if chooser.depends_on is not None:
            parent, value = chooser.depends_on
            held = self._assigner.compiled[parent].has_value(self.codes[parent], value)
            eligible = eligible & held
        rows: Rows = None if eligible.all() else np.flatnonzero(eligible)
        rows, _ = self._split(chooser.name, chooser.rule, rows)
        for option in chooser.options:
            if rows is not None and not len(rows):
                break
            chosen, rows = self._split(chooser.name, option.rule, rows)
            self._place(test, option, chosen, codes)
        return codes

    def _split(self, test: str, rule: Rule, rows: Rows) -> tuple[Rows, Rows]:
        """Return the *rows* for which *rule* is true, and those for which it is false.

        Rows for which the rule fails are counted as errors, and are in neither result.
        """
        none = np.empty(0, np.int64)
        if rule.kind in (RuleKind.EMPTY, RuleKind.TRUE):
            return rows, none
        answers = self.contexts.ask(rule, rows)
        failed = int((answers == FAILED).sum())
        if failed:
            self.errors[test] = self.errors.get(test, 0) + failed
        held = answers == HOLDS
        if not failed and held.all():
            return rows, none
        others = np.flatnonzero(answers == 0)
        chosen = np.flatnonzero(held)
        return (chosen, others) if rows is None else (rows[chosen], rows[others])

    def _place(self, test: CompiledTest, option: Option, rows: Rows, codes: NDArray[Any]) -> None:
        if rows is not None and not len(rows):
            return
        target = slice(None) if rows is None else rows
        if test.is_certain(option):
            codes[target] = test.certain(option)
            return
        identifiers = self.identifiers[test.chooser.test_type]
        codes[target] = test.place(option, positions(test.chooser.prefix, identifiers, rows))

    def ask_engine(self, rows: NDArray[Any], tests: Collection[str]) -> None:
        """Assign groups in *tests* to *rows*, one row at a time, with the engine."""
        if not tests:
            return
        self.by_engine[rows] = True
        compiled = {name: self._assigner.compiled[name] for name in tests}
        found = {name: self.codes.setdefault(name, self._none()) for name in tests}
        texts = {
            kind: each.column.take(rows).to_pylist() for kind, each in self.identifiers.items()
        }
        asked = tuple(sorted(tests))
        for number, row in enumerate(rows.tolist()):
            groups = self._assigner.proctor.determine_groups(
                identifiers={kind: each[number] for kind, each in texts.items()},
                context=self.contexts.raw(row),
                tests=asked,
                random_enabled=self._assigner.inputs.random_enabled,
            )
            for name, test in compiled.items():
                found[name][row] = test.code(groups.get(name))
            for name in groups.errors:
                self.errors[name] = self.errors.get(name, 0) + 1

    def _none(self) -> NDArray[Any]:
        return np.full(self._rows, NO_GROUP, np.int32)


def _excluded(rows: NDArray[Any], excluded: NDArray[Any] | None) -> NDArray[Any]:
    return rows if excluded is None else rows & ~excluded

"""Translate a test to one SQL expression, for a warehouse that cannot run Python."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

from proctor.bulk.dialects import DIALECTS
from proctor.bulk.sqlrules import Columns, condition
from proctor.core.evaluation.allocation import cutoffs
from proctor.core.evaluation.call import INCOGNITO
from proctor.core.evaluation.engine import plan_of
from proctor.core.evaluation.explainer import refuse_unknown
from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import nearest, printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from proctor.core.evaluation.chooser import Chooser, Option
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.java.context_types import ContextType

__all__ = ["sql_expression"]


def sql_expression(
    proctor: Proctor,
    test: str,
    *,
    dialect: str,
    identifiers: Mapping[str, str],
    context: Mapping[str, str] | None = None,
    types: Mapping[str, ContextType] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> str:
    """Return an SQL expression whose value is the name of a row's group in *test*, or NULL.

    *dialect* is duckdb, bigquery, snowflake, spark or postgres. *identifiers* maps test types to
    columns, *context* maps variables to columns; any other variable is read from the column with
    the same name. *types* declares the variables; if it is None, *proctor* declares them.
    *defaults* maps variables to raw values that replace NULL. The SQL type of each column must
    match the declared type of its variable. Identifiers must be text, integers or UUIDs.

    Raises ConfigurationError with the reason if SQL cannot express the test, and UnknownTest if the
    matrix does not contain the test.
    """
    if dialect not in DIALECTS:
        raise ConfigurationError(f"Unknown dialect {shown(dialect)}: {nearest(dialect, DIALECTS)}")
    if test in proctor.dropped:
        reason = printable(proctor.dropped[test].message)
        raise ConfigurationError(f"The test {shown(test)} was dropped: {reason}")
    if test not in proctor.loaded_names:
        refuse_unknown(test, proctor.loaded)
    if proctor.identifier_validator is not None:
        raise ConfigurationError("SQL cannot express an identifier validator")
    if types is None:
        types = plan_of(proctor).types or {}
    columns = Columns(DIALECTS[dialect], types, context or {}, defaults or {})
    writer = _Writer(proctor, columns, identifiers, knows_incognito=INCOGNITO in (context or {}))
    return writer.expression(test, lambda outcome: writer.text(outcome.group or ""))


class _Writer:
    def __init__(
        self,
        proctor: Proctor,
        columns: Columns,
        identifiers: Mapping[str, str],
        *,
        knows_incognito: bool,
    ) -> None:
        self._tests = plan_of(proctor).choosers
        self._columns = columns
        self._dialect = columns.dialect
        self._identifiers = identifiers
        self._knows_incognito = knows_incognito

    def text(self, value: str) -> str:
        """Return a string as an SQL literal."""
        return self._dialect.text(value)

    def expression(self, name: str, show: Callable[[GroupAssignment], str]) -> str:
        """Return the expression for one test. *show* returns the SQL for one of its outcomes."""
        test = self._tests[name]
        if test.is_random:
            raise ConfigurationError(
                f"SQL cannot express the test {shown(name)}: tests of type RANDOM draw a "
                "random number"
            )
        if test.test_type not in self._identifiers:
            raise ConfigurationError(
                f"The test {shown(name)} needs a column of identifiers of type "
                f"{printable(test.test_type)}"
            )
        column = self._dialect.column(self._identifiers[test.test_type])
        conditions = [f"{column} IS NOT NULL", *self._conditions(test)]
        chosen = self._options(test, column, show)
        if chosen is None:
            raise ConfigurationError(f"The test {shown(name)} has no allocation")
        needed = "\n  AND ".join(conditions)
        return f"CASE WHEN {needed} THEN\n{indent(chosen, '  ')}\nEND"

    def _conditions(self, test: Chooser) -> Iterator[str]:
        if self._knows_incognito and not test.for_incognito:
            yield self._not_incognito()
        if test.depends_on is not None:
            parent, value = test.depends_on
            inner = self.expression(parent, lambda outcome: str(outcome.value))
            yield f"(\n{indent(inner, '    ')}\n  ) = {value}"
        rule = condition(test.rule, self._columns)
        if rule is not None:
            yield f"({rule})"

    def _not_incognito(self) -> str:
        declared = self._columns.types.get(INCOGNITO)
        if declared is None or declared.kind not in ("boolean", "string"):
            raise ConfigurationError(
                f"SQL needs the type of the variable {INCOGNITO!r}: declare it as boolean or String"
            )
        column = self._columns.column(INCOGNITO)
        if declared.kind == "boolean":
            return f"NOT COALESCE({column}, FALSE)"
        return f"COALESCE(LOWER({column}), '') <> 'true'"

    def _options(
        self, test: Chooser, column: str, show: Callable[[GroupAssignment], str]
    ) -> str | None:
        """Return SQL that uses the first allocation whose rule holds, or NULL if a rule fails."""
        rendered: str | None = None
        for option in reversed(test.options):
            placed = self._placed(test, option, column, show)
            rule = condition(option.rule, self._columns)
            if rule is None:
                rendered = placed
            elif rendered is None:
                rendered = f"CASE WHEN {rule} THEN\n{indent(placed, '  ')}\nEND"
            else:
                rendered = (
                    f"CASE WHEN {rule} THEN\n{indent(placed, '  ')}\n"
                    f"WHEN NOT ({rule}) THEN\n{indent(rendered, '  ')}\nEND"
                )
        return rendered

    def _placed(
        self, test: Chooser, option: Option, column: str, show: Callable[[GroupAssignment], str]
    ) -> str:
        pieces = list(_pieces(option))
        if len(pieces) == 1:
            return show(pieces[0][1])
        position = self._dialect.position_of(test.prefix.decode(), column)
        arms = [f"WHEN {position} <= {cut} THEN {show(outcome)}" for cut, outcome in pieces[:-1]]
        return "\n".join(
            ["CASE", *(f"  {arm}" for arm in arms), f"  ELSE {show(pieces[-1][1])}", "END"]
        )


def _pieces(option: Option) -> Iterator[tuple[int, GroupAssignment]]:
    """Return pairs (last position, outcome) in ascending order, without unreachable ranges."""
    last = 2**31 - 1
    found: list[tuple[int, GroupAssignment]] = []
    reached = -(2**31) - 1
    for cut, outcome in zip((*cutoffs(option.lengths), last), option.assignments, strict=True):
        # A range is unreachable if its cut-off is not above the earlier ones.
        if cut > reached:
            if found and found[-1][1] is outcome:
                found.pop()
            found.append((cut, outcome))
            reached = cut
    yield from found

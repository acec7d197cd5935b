"""Translate rules to SQL conditions.

A condition is TRUE if the rule is true, FALSE if it is false, and NULL if it fails. A NULL in a
column is a missing value, and a rule that reads a missing value fails. In rules, unlike in SQL,
`&&` and `||` are evaluated from left to right: the left side can hide a failure on the right, but
the right side cannot hide a failure on the left.

`rules.typed` decides which comparisons can be translated, and this module turns its result into
SQL.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConfigurationError
from proctor.core.java.numerals import LONG_MIN
from proctor.core.matrices.rule_check import MISSING_EXPERIMENTAL_UNIT
from proctor.core.messages import printable, shown
from proctor.core.rules import nodes
from proctor.core.rules.functions import LIBRARY
from proctor.core.rules.names import NameTable
from proctor.core.rules.rule import RuleKind
from proctor.core.rules.typed import TypedBuilder, VariableType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.bulk.dialects import Dialect
    from proctor.core.java.context_types import ContextType
    from proctor.core.rules.rule import Rule

__all__ = ["Columns", "condition"]

_KINDS = ("boolean", "int", "double", "string")
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_CONTAINS = ("proctor:contains", "indeed:contains")


class Columns:
    """The columns of context variables, and the types of the variables."""

    def __init__(
        self,
        dialect: Dialect,
        types: Mapping[str, ContextType],
        names: Mapping[str, str],
        defaults: Mapping[str, Any],
    ) -> None:
        self.dialect = dialect
        self.types = types
        self._names = names
        self._defaults = defaults

    def column(self, variable: str) -> str:
        """Return SQL for a variable's value; NULL if the value is missing or of the wrong type."""
        found = self.dialect.column(self._names.get(variable, variable))
        if variable in self._defaults:
            default = self.types[variable].convert(self._defaults[variable])
            found = f"COALESCE({found}, {literal(self.dialect, default)})"
        declared = self.types[variable]
        if declared.kind == "int" and declared.low > LONG_MIN:
            return f"CASE WHEN {found} BETWEEN {declared.low} AND {declared.high} THEN {found} END"
        return found


def literal(dialect: Dialect, value: Any) -> str:
    """Return a constant from a rule as an SQL literal."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return dialect.text(value)
    if isinstance(value, (int, float)) and value != LONG_MIN:
        return dialect.number(value if isinstance(value, float) else int(value))
    raise ConfigurationError(f"SQL cannot express the value {shown(value)}")


def condition(rule: Rule, columns: Columns) -> str | None:
    """Return *rule* as an SQL condition, or None if the rule is true for everyone.

    Raises ConfigurationError, which quotes the part of the rule that SQL cannot express.
    """
    if rule.kind in (RuleKind.EMPTY, RuleKind.TRUE):
        return None
    if rule.node is None:
        return "FALSE"
    return _Renderer(rule, columns).render(rule.node)


class _Renderer:
    def __init__(self, rule: Rule, columns: Columns) -> None:
        self._rule = rule
        self._columns = columns
        self._table = NameTable()
        variables = {
            name: VariableType(each.kind, each.low, each.high)
            for name, each in columns.types.items()
            if each.kind is not None and name != MISSING_EXPERIMENTAL_UNIT
        }
        self._builder = TypedBuilder(variables, rule.constants, self._table)

    def render(self, node: nodes.Node) -> str:
        """Return the condition of a node whose value is true or false."""
        if isinstance(node, nodes.Chain):
            return self._chain(node)
        if isinstance(node, nodes.Not):
            return f"NOT ({self.render(node.operand)})"
        if isinstance(node, nodes.Choice):
            test, yes, no = map(self.render, (node.test, node.yes, node.no))
            return f"CASE WHEN {test} THEN {yes} WHEN NOT ({test}) THEN {no} END"
        if isinstance(node, nodes.Binary) and (null := self._with_null(node)):
            return null
        if isinstance(node, nodes.Name) and node.name == MISSING_EXPERIMENTAL_UNIT:
            # The variable is true only for identifiers that a validator rejects, and SQL has no
            # validator.
            return "FALSE"
        return self._leaf(node)

    def _chain(self, node: nodes.Chain) -> str:
        operands = [self.render(each) for each in node.operands]
        *first, last = operands
        rendered = f"({last})"
        for operand in reversed(first):
            if isinstance(node, nodes.And):
                rendered = (
                    f"CASE WHEN ({operand}) THEN {rendered} WHEN NOT ({operand}) THEN FALSE END"
                )
            else:
                rendered = (
                    f"CASE WHEN ({operand}) THEN TRUE WHEN NOT ({operand}) THEN {rendered} END"
                )
        return rendered

    def _with_null(self, node: nodes.Binary) -> str | None:
        """Return a comparison with null. A variable that has a value never equals null."""
        sides = (node.left, node.right)
        null = [each for each in sides if isinstance(each, nodes.Literal) and each.value is None]
        names = [each for each in sides if isinstance(each, nodes.Name)]
        if node.operator not in ("==", "!=") or not (len(null) == len(names) == 1):
            return None
        if names[0].name in self._rule.constants:
            return None
        column = self._column(names[0])
        return f"CASE WHEN {column} IS NOT NULL THEN {literal_bool(node.operator == '!=')} END"

    def _leaf(self, node: nodes.Node) -> str:
        for each in nodes.walk(node):
            if isinstance(each, nodes.Name) and each.name not in self._rule.constants:
                if each.name == MISSING_EXPERIMENTAL_UNIT:
                    raise self._refusal(node)
                self._column(each)
        if isinstance(node, nodes.FunctionCall):
            name = f"{node.prefix}:{node.name}"
            own = name in LIBRARY and self._rule.compiler.function(node) is not LIBRARY[name]
            if name not in _CONTAINS or own:
                raise self._refusal(node)
        built = self._builder.condition(node)
        if built is None:
            raise self._refusal(node)
        return self._plain(built, node)

    def _plain(self, built: ast.expr, node: nodes.Node) -> str:
        if isinstance(built, ast.Compare):
            [operator], [right] = built.ops, built.comparators
            if isinstance(operator, ast.In):
                return self._member(built.left, right, node)
            left, other = self._operand(built.left, node), self._operand(right, node)
            rendered = f"{left} {_OPERATORS[type(operator)]} {other}"
            return self._with_nan(rendered, operator, built.left, right)
        if isinstance(built, ast.UnaryOp) and isinstance(node, nodes.Empty):
            return f"{self._operand(built.operand, node)} = {self._columns.dialect.text('')}"
        return self._operand(built, node)

    def _with_nan(self, rendered: str, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> str:
        """Return a comparison that treats NaN as greater than all other numbers, as in Java."""
        larger = {ast.Gt: left, ast.GtE: left, ast.Lt: right, ast.LtE: right}.get(type(operator))
        if not self._columns.dialect.nan_is_unordered or larger is None:
            return rendered
        name = self._variable(larger)
        if name is None or self._columns.types[name].kind != "double":
            return rendered
        return f"({rendered} OR IS_NAN({self._columns.column(name)}))"

    def _member(self, element: ast.expr, members: ast.expr, node: nodes.Node) -> str:
        values = self._table.values.get(members.id) if isinstance(members, ast.Name) else None
        if not isinstance(values, frozenset):
            raise self._refusal(node)
        operand = self._operand(element, node)
        if not values:
            return f"CASE WHEN {operand} IS NOT NULL THEN FALSE END"
        listed = ", ".join(literal(self._columns.dialect, each) for each in sorted(values))
        return f"{operand} IN ({listed})"

    def _operand(self, built: ast.expr, node: nodes.Node) -> str:
        """Return SQL for a variable or a constant. Arithmetic is not supported."""
        if not isinstance(built, ast.Name):
            raise self._refusal(node)
        variable = self._variable(built)
        if variable is not None:
            return self._columns.column(variable)
        return literal(self._columns.dialect, self._table.values[built.id])

    def _variable(self, built: ast.expr) -> str | None:
        if not isinstance(built, ast.Name) or built.id in self._table.values:
            return None
        return {local: name for name, local in self._table.variables.items()}[built.id]

    def _column(self, node: nodes.Name) -> str:
        """Return the column of a variable.

        Raises ConfigurationError if the variable's type has no equivalent in SQL.
        """
        declared = self._columns.types.get(node.name)
        if declared is None:
            raise ConfigurationError(
                f"SQL needs the type of the variable {shown(node.name)}: declare the variable, "
                f"for example as {printable(node.name)}:String"
            )
        if declared.kind not in _KINDS:
            raise ConfigurationError(
                f"SQL cannot express the type {printable(declared.name)} of the variable "
                f"{shown(node.name)}: expected String, boolean, double, or a whole number"
            )
        return self._columns.column(node.name)

    def _refusal(self, node: nodes.Node) -> ConfigurationError:
        text = (self._rule.text or "")[node.start : node.end]
        return ConfigurationError(
            f"SQL cannot express {shown(text)} in the rule {shown(self._rule.text)}: expected "
            "comparisons of variables with values, proctor:contains over constants, and logical "
            "operators"
        )


def literal_bool(value: bool) -> str:
    """Return TRUE or FALSE."""
    return "TRUE" if value else "FALSE"

"""Translate rules whose variables have known types into Python expressions.

If the types of all operands are known and no operand is null, most conversions of the rule language
do nothing, and Python's own comparison gives the right result. `TypedBuilder` turns such a rule
into a Python syntax tree. The trees of many rules are compiled into one function. The builder
returns None for everything that Python might evaluate differently from `compiler`, which is the
reference. This module only computes the same results faster.

A tree contains operators, a few Python methods, and names. All values of the rule are in a table of
globals. Text from the matrix appears in the tree only as a part of names (see `names`). The
expressions cannot raise exceptions.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from proctor.core.java.numerals import LONG_MAX, LONG_MIN
from proctor.core.java.values import Float, Integer
from proctor.core.rules import nodes, trees

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proctor.core.rules.names import NameTable

__all__ = ["Typed", "TypedBuilder", "VariableType", "compared"]

TypedKind = Literal["boolean", "int", "double", "string", "list", "strings", "ints"]

#: Above this, neighboring integers are equal as doubles, and Java compares doubles.
_EXACT_DOUBLE = 2**53


@dataclass(frozen=True, slots=True)
class VariableType:
    """The kind of a variable and, for a whole number, its bounds."""

    kind: Literal["boolean", "int", "double", "string", "list"]
    low: int = LONG_MIN
    high: int = LONG_MAX


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression, its kind and, for a whole number, the bounds of its value."""

    expression: ast.expr
    kind: TypedKind
    low: int = LONG_MIN
    high: int = LONG_MAX
    #: The value, if the expression is a literal. Always set for the kinds `strings` and `ints`.
    literal: Any = None


def method(receiver: ast.expr, name: str, *arguments: ast.expr) -> ast.expr:
    """Return the expression `receiver.name(arguments)`."""
    return trees.Call(trees.Attribute(receiver, name, ast.Load()), list(arguments), [])


def compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """Return the expression `left operator right`."""
    return trees.Compare(left, [operator], [right])


_OPERATORS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
_ARITHMETIC: dict[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}


class TypedBuilder:
    """Builds the expressions for the rules of one test."""

    def __init__(
        self,
        variables: Mapping[str, VariableType],
        constants: Mapping[str, Any],
        table: NameTable,
    ) -> None:
        self._variables = variables
        self._constants = constants
        self._table = table

    def condition(self, node: nodes.Node) -> ast.expr | None:
        """Return an expression for the rule's result, or None if the rule cannot be translated.

        The expression is valid only if all variables in the rule have values of their declared
        types.
        """
        typed = self._build(node)
        return typed.expression if typed is not None and typed.kind == "boolean" else None

    def _build(self, node: nodes.Node) -> Typed | None:
        builder = _BUILDERS.get(type(node))
        return None if builder is None else builder(self, node)

    def _all(self, found: Sequence[nodes.Node]) -> list[Typed] | None:
        built = [self._build(each) for each in found]
        return None if None in built else [each for each in built if each is not None]

    def _literal(self, node: nodes.Literal) -> Typed | None:
        return self._value(node.value)

    def _value(self, value: Any, constant: str | None = None) -> Typed | None:
        """Return the expression for a literal in the rule, or for a *constant* of the test."""
        if isinstance(value, bool):
            return Typed(self._named(value, constant), "boolean", literal=value)
        if type(value) in (int, Integer):
            plain = int(value)
            return Typed(self._named(plain, constant), "int", plain, plain, literal=plain)
        if isinstance(value, float) and not isinstance(value, Float) and math.isfinite(value):
            return Typed(self._named(value, constant), "double", literal=value)
        if type(value) is str:
            return Typed(self._named(value, constant), "string", literal=value)
        if isinstance(value, (list, tuple)):
            return self._members(value, constant)
        return None

    def _members(self, members: Sequence[Any], constant: str | None) -> Typed | None:
        if all(type(each) is str for each in members):
            return Typed(self._named(frozenset(members), constant), "strings", literal=members)
        if all(type(each) in (int, Integer) for each in members):
            whole = frozenset(map(int, members))
            return Typed(self._named(whole, constant), "ints", literal=members)
        return None

    def _named(self, value: Any, constant: str | None) -> ast.expr:
        if constant is None:
            return self._table.value(value)
        return self._table.value(value, "constant", constant)

    def _name(self, node: nodes.Name) -> Typed | None:
        if node.name in self._constants:
            return self._value(self._constants[node.name], node.name)
        variable = self._variables.get(node.name)
        if variable is None:
            return None
        local = self._table.variable(node.name)
        return Typed(local, variable.kind, variable.low, variable.high)

    def _chain(self, node: nodes.Chain) -> Typed | None:
        operands = self._all(node.operands)
        if operands is None or any(each.kind != "boolean" for each in operands):
            return None
        operator = ast.And() if isinstance(node, nodes.And) else ast.Or()
        return Typed(trees.BoolOp(operator, [each.expression for each in operands]), "boolean")

    def _not(self, node: nodes.Not) -> Typed | None:
        operand = self._build(node.operand)
        if operand is None or operand.kind != "boolean":
            return None
        return Typed(trees.UnaryOp(ast.Not(), operand.expression), "boolean")

    def _empty(self, node: nodes.Empty) -> Typed | None:
        operand = self._build(node.operand)
        if operand is None or operand.kind not in ("string", "list"):
            return None
        return Typed(trees.UnaryOp(ast.Not(), operand.expression), "boolean")

    def _choice(self, node: nodes.Choice) -> Typed | None:
        parts = self._all((node.test, node.yes, node.no))
        if parts is None or any(each.kind != "boolean" for each in parts):
            return None
        test, yes, no = (each.expression for each in parts)
        return Typed(trees.IfExp(test, yes, no), "boolean")

    def _binary(self, node: nodes.Binary) -> Typed | None:
        operands = self._all((node.left, node.right))
        if operands is None:
            return None
        left, right = operands
        if node.operator in _OPERATORS:
            return self._comparison(node.operator, left, right)
        if left.kind == right.kind == "int":
            return self._whole(node.operator, left, right)
        return self._fractional(node.operator, left, right)

    def _comparison(self, operator: str, left: Typed, right: Typed) -> Typed | None:
        kinds = {left.kind, right.kind}
        sound = (
            kinds == {"int"}
            or (kinds in ({"boolean"}, {"string"}) and operator in ("==", "!="))
            or (kinds <= {"int", "double"} and _as_doubles(left, right))
        )
        if not sound:
            return None
        expression = compared(left.expression, _OPERATORS[operator](), right.expression)
        return Typed(expression, "boolean")

    def _whole(self, operator: str, left: Typed, right: Typed) -> Typed | None:
        """Build arithmetic whose results always fit into 64 bits, so that nothing wraps."""
        if operator == "%":
            return self._remainder(left, right)
        if operator not in _ARITHMETIC:
            return None
        ends = [
            {"+": a + b, "-": a - b, "*": a * b}[operator]
            for a in (left.low, left.high)
            for b in (right.low, right.high)
        ]
        if min(ends) < LONG_MIN or max(ends) > LONG_MAX:
            return None
        expression = trees.BinOp(left.expression, _ARITHMETIC[operator](), right.expression)
        return Typed(expression, "int", min(ends), max(ends))

    def _remainder(self, left: Typed, right: Typed) -> Typed | None:
        """Build `x % n` for a positive literal. The result has the sign of x, as in Java."""
        if right.literal is None or right.literal <= 0:
            return None
        plain = trees.BinOp(left.expression, ast.Mod(), right.expression)
        if left.low >= 0:
            return Typed(plain, "int", 0, right.literal - 1)
        if not isinstance(left.expression, ast.Name):
            return None
        zero = self._table.value(0)
        minus = trees.UnaryOp(ast.USub(), left.expression)
        mirrored = trees.BinOp(minus, ast.Mod(), right.expression)
        expression = trees.IfExp(
            compared(left.expression, ast.GtE(), zero),
            plain,
            trees.UnaryOp(ast.USub(), mirrored),
        )
        return Typed(expression, "int", 1 - right.literal, right.literal - 1)

    def _fractional(self, operator: str, left: Typed, right: Typed) -> Typed | None:
        """Build a sum or product of a variable and a number. The result is never NaN."""
        if operator not in _ARITHMETIC or {left.kind, right.kind} - {"int", "double"}:
            return None
        variable, number = (left, right) if left.literal is None else (right, left)
        if not (isinstance(variable.expression, ast.Name) and variable.kind == "double"):
            return None
        if number.literal in (None, 0) or abs(number.literal) > _EXACT_DOUBLE:
            return None
        expression = trees.BinOp(left.expression, _ARITHMETIC[operator](), right.expression)
        return Typed(expression, "double")

    def _call(self, node: nodes.FunctionCall) -> Typed | None:
        arguments = self._all(node.arguments)
        build = _CALLS.get(f"{node.prefix}:{node.name}")
        if arguments is None or build is None:
            return None
        return build(*arguments)


def _as_doubles(left: Typed, right: Typed) -> bool:
    """Return True if Python compares two numbers as Java does after converting them to double.

    Variables are finite. Zero is excluded, because in Java 0.0 is above -0.0.
    """
    literals = [each for each in (left, right) if each.literal is not None]
    return (
        len(literals) == 1
        and literals[0].literal != 0
        and all(
            each.low >= -_EXACT_DOUBLE and each.high <= _EXACT_DOUBLE
            for each in (left, right)
            if each.kind == "int"
        )
    )


def _strings(name: str) -> Callable[[Typed, Typed], Typed | None]:
    def build(subject: Typed, part: Typed) -> Typed | None:
        if not subject.kind == part.kind == "string":
            return None
        return Typed(method(subject.expression, name, part.expression), "boolean")

    return build


def _cased(name: str) -> Callable[[Typed], Typed | None]:
    def build(subject: Typed) -> Typed | None:
        if subject.kind != "string":
            return None
        return Typed(method(subject.expression, name), "string")

    return build


def _part_of(subject: Typed, part: Typed) -> Typed | None:
    if not subject.kind == part.kind == "string":
        return None
    return Typed(compared(part.expression, ast.In(), subject.expression), "boolean")


def _contains(members: Typed, element: Typed) -> Typed | None:
    """Build a membership test.

    A string or a whole number can be searched for in a list of constants, and a string also in a
    variable whose value is a list.
    """
    if (members.kind, element.kind) not in (
        ("strings", "string"),
        ("ints", "int"),
        ("list", "string"),
    ):
        return None
    return Typed(compared(element.expression, ast.In(), members.expression), "boolean")


_CALLS: dict[str, Callable[..., Typed | None]] = {
    "fn:startsWith": _strings("startswith"),
    "fn:endsWith": _strings("endswith"),
    "fn:contains": _part_of,
    "fn:toLowerCase": _cased("lower"),
    "fn:toUpperCase": _cased("upper"),
    "proctor:contains": _contains,
    "indeed:contains": _contains,
}

_BUILDERS: dict[type, Callable[[TypedBuilder, Any], Typed | None]] = {
    nodes.Literal: TypedBuilder._literal,  # noqa: SLF001 - the table of this class
    nodes.Name: TypedBuilder._name,  # noqa: SLF001
    nodes.And: TypedBuilder._chain,  # noqa: SLF001
    nodes.Or: TypedBuilder._chain,  # noqa: SLF001
    nodes.Not: TypedBuilder._not,  # noqa: SLF001
    nodes.Empty: TypedBuilder._empty,  # noqa: SLF001
    nodes.Choice: TypedBuilder._choice,  # noqa: SLF001
    nodes.Binary: TypedBuilder._binary,  # noqa: SLF001
    nodes.FunctionCall: TypedBuilder._call,  # noqa: SLF001
}

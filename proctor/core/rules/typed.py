"""Rules over variables of known types, as Python expressions.

Where the types of all operands are known and none is null, most of the conversions of the
rule language have nothing to do, and a comparison is Python's own. `TypedBuilder` makes a
syntax tree of such a rule, to be compiled into a function that answers for many rules at
once. It refuses (with None) whatever Python might answer otherwise than `compiler` does:
that module says what a rule means, this one only says the same faster.

The trees hold names that are made up here and nothing of the rule's text: its literals are
values in a table. What is built cannot raise.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from proctor.core.rules import nodes, trees
from proctor.core.rules.numerals import LONG_MAX, LONG_MIN
from proctor.core.rules.values import Float, Integer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["NameTable", "Typed", "TypedBuilder", "VariableType"]

Kind = Literal["boolean", "int", "double", "string", "list", "strings", "ints"]

#: Beyond this, a double cannot tell whole numbers apart, and Java compares as doubles.
_EXACT_DOUBLE = 2**53


@dataclass(frozen=True, slots=True)
class VariableType:
    """What is known of a variable: its kind, and for whole numbers its bounds."""

    kind: Literal["boolean", "int", "double", "string", "list"]
    low: int = LONG_MIN
    high: int = LONG_MAX


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression, its kind, and what is known of its value."""

    expression: ast.expr
    kind: Kind
    low: int = LONG_MIN
    high: int = LONG_MAX
    #: The value, where it is written in the rule; for `strings` and `ints` it always is.
    literal: Any = None


class NameTable:
    """Python names for the variables and values that expressions mention."""

    def __init__(self) -> None:
        #: Variables by name, numbered in the order of their first mention.
        self.variables: dict[str, int] = {}
        #: The table of values, by their Python names.
        self.values: dict[str, Any] = {}
        self._known: dict[tuple[type, Any], str] = {}

    def variable(self, name: str) -> ast.expr:
        """The local that holds variable *name*."""
        return load(f"v{self.variables.setdefault(name, len(self.variables))}")

    def value(self, value: Any) -> ast.expr:
        """The global that holds *value*; equal hashable values of one type share one."""
        key = (type(value), value)
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = f"k{len(self.values)}"
            self.values[name] = value
        return load(name)


def load(name: str) -> ast.Name:
    """The expression that reads *name*."""
    return trees.Name(name, ast.Load())


def method(receiver: ast.expr, name: str, *arguments: ast.expr) -> ast.expr:
    """The expression `receiver.name(arguments)`."""
    return trees.Call(trees.Attribute(receiver, name, ast.Load()), list(arguments), [])


def compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """The expression `left operator right`."""
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
    """Builds the expressions of the rules of one test."""

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
        """An expression that is True or False as the rule is, or None.

        It holds where all variables of the rule have values of their types.
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

    def _value(self, value: Any) -> Typed | None:
        """A value written in the rule, or a constant of the test."""
        if isinstance(value, bool):
            return Typed(self._table.value(value), "boolean", literal=value)
        if type(value) in (int, Integer):
            plain = int(value)
            return Typed(self._table.value(plain), "int", plain, plain, literal=plain)
        if isinstance(value, float) and not isinstance(value, Float) and math.isfinite(value):
            return Typed(self._table.value(value), "double", literal=value)
        if type(value) is str:
            return Typed(self._table.value(value), "string", literal=value)
        if isinstance(value, (list, tuple)):
            return self._members(value)
        return None

    def _members(self, members: Sequence[Any]) -> Typed | None:
        if all(type(each) is str for each in members):
            return Typed(self._table.value(frozenset(members)), "strings", literal=members)
        if all(type(each) in (int, Integer) for each in members):
            whole = frozenset(map(int, members))
            return Typed(self._table.value(whole), "ints", literal=members)
        return None

    def _name(self, node: nodes.Name) -> Typed | None:
        if node.name in self._constants:
            return self._value(self._constants[node.name])
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
        """Arithmetic that cannot leave 64 bits, so that nothing wraps."""
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
        """`x % n` for a positive literal: Python's sign is the divisor's, Java's is not."""
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
        """One variable and one number: such a sum or product is a number, or infinite."""
        if operator not in _ARITHMETIC or {left.kind, right.kind} - {"int", "double"}:
            return None
        variable, number = (left, right) if left.literal is None else (right, left)
        if not (isinstance(variable.expression, ast.Name) and variable.kind == "double"):
            return None
        if number.literal in (None, 0) or abs(number.literal) > _EXACT_DOUBLE:
            return None
        expression = trees.BinOp(left.expression, _ARITHMETIC[operator](), right.expression)
        return Typed(expression, "double")

    def _call(self, node: nodes.Call) -> Typed | None:
        arguments = self._all(node.arguments)
        build = _CALLS.get(f"{node.prefix}:{node.name}")
        if arguments is None or build is None:
            return None
        return build(*arguments)


def _as_doubles(left: Typed, right: Typed) -> bool:
    """Whether two numbers compare in Python as they do after Java made doubles of them.

    Variables are finite. Zero is left out: to Java 0.0 is above -0.0.
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
    """Strings among strings, whole numbers among whole numbers, text in a variable list."""
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
    nodes.Call: TypedBuilder._call,  # noqa: SLF001
}

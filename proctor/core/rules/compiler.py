"""From a tree to a closure: the one definition of what an expression means.

Every node becomes a function of a `Scope`. Faster forms, where there are any, are held
against these in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import (
    RuleRuntimeError,
    RuleSyntaxError,
    UndefinedName,
)
from proctor.core.rules import arithmetic, functions, nodes
from proctor.core.rules.coercion import to_boolean, to_text
from proctor.core.rules.comparison import compare, equals, is_empty
from proctor.core.rules.methods import call_method
from proctor.core.rules.properties import get_property
from proctor.core.rules.scope import Scope
from proctor.core.rules.values import Byte, Integer, Short

if TYPE_CHECKING:
    from proctor.core.rules.functions import Function
    from proctor.core.rules.nodes import Node

__all__ = ["Compiler", "Evaluate", "Scope"]


Evaluate = Callable[[Scope], Any]


class Compiler:
    """Makes closures for the rules of one test: its constants are known, variables are not."""

    def __init__(self, constants: Mapping[str, Any], library: Mapping[str, Function]) -> None:
        self._constants = constants
        self._library = library

    def compile(self, node: Node) -> Evaluate:
        """The closure of *node*.

        Raises RuleSyntaxError for a function that is not there, or takes another number
        of arguments, in branches never taken too.
        """
        return _BUILDERS[type(node)](self, node)

    def function(self, node: nodes.Call) -> Function:
        """The function that *node* calls."""
        name = f"{node.prefix}:{node.name}"
        function = self._library.get(name)
        if function is None:
            raise RuleSyntaxError(
                f"column {node.start + 1}: there is no function {name}({len(node.arguments)}); "
                + _hint(name, self._library),
                column=node.start + 1,
            )
        if len(function.parameters) != len(node.arguments):
            raise RuleSyntaxError(
                f"column {node.start + 1}: {name} takes {len(function.parameters)} "
                f"arguments, not {len(node.arguments)}",
                column=node.start + 1,
            )
        return function

    def name(self, node: nodes.Name) -> Evaluate:
        if node.name in self._constants:
            return _constant(self._constants[node.name])
        return itemgetter(node.name)

    def call(self, node: nodes.Call) -> Evaluate:
        function = self.function(node)
        arguments = [self.compile(argument) for argument in node.arguments]
        name, call = f"{node.prefix}:{node.name}", functions.call
        return lambda scope: call(name, function, arguments, scope)

    def access(self, node: nodes.Access) -> Evaluate:
        base = self.compile(node.base)
        steps = tuple(
            (
                self.compile(suffix.key),
                None
                if suffix.arguments is None
                else tuple(self.compile(argument) for argument in suffix.arguments),
            )
            for suffix in node.suffixes
        )
        return lambda scope: _access(base, steps, scope)

    def chain(self, node: nodes.Chain) -> Evaluate:
        operands = tuple(self.compile(operand) for operand in node.operands)
        return _all(operands) if isinstance(node, nodes.And) else _any(operands)

    def binary(self, node: nodes.Binary) -> Evaluate:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator in _ARITHMETIC:
            operate = _ARITHMETIC[node.operator]
            return lambda scope: operate(left(scope), right(scope))
        return _COMPARISONS[node.operator](left, right)

    def unary(self, node: nodes.Unary) -> Evaluate:
        operand, operate = self.compile(node.operand), _UNARY[type(node)]
        return lambda scope: operate(operand(scope))

    def choice(self, node: nodes.Choice) -> Evaluate:
        test, yes, no = map(self.compile, (node.test, node.yes, node.no))
        return lambda scope: yes(scope) if to_boolean(test(scope)) else no(scope)

    def composite(self, node: nodes.Composite) -> Evaluate:
        parts = tuple(map(self.compile, node.parts))
        return lambda scope: "".join([to_text(part(scope)) for part in parts])


def _hint(name: str, library: Mapping[str, Function]) -> str:
    # Imported only here: a rule that names a function wrongly is rare, the import is not cheap.
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(name, library, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return "functions are written prefix:name, with fn, proctor or one of your own"


def _constant(value: Any) -> Evaluate:
    return lambda scope: value


def _overlong(node: nodes.OverlongInteger) -> Evaluate:
    def fail(scope: Scope) -> Any:
        raise RuleRuntimeError(
            f"column {node.start + 1}: {node.text[:40]} is beyond 64 bits",
            java_class="java.lang.NumberFormatException",
            column=node.start + 1,
        )

    return fail


def _access(
    base: Evaluate, steps: tuple[tuple[Evaluate, tuple[Evaluate, ...] | None], ...], scope: Scope
) -> Any:
    """AstValue.getValue: stops at the first null."""
    value = base(scope)
    for key, arguments in steps:
        if value is None:
            break
        suffix = key(scope)
        if arguments is not None:
            value = call_method(value, suffix, [argument(scope) for argument in arguments], scope)
        elif suffix is None:
            return None
        else:
            value = get_property(value, suffix)
        scope.resolved = True
    if not scope.resolved:
        raise UndefinedName("a property of null was asked for, before any other was found")
    return value


def _not(value: object) -> bool:
    return not to_boolean(value)


def _all(operands: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(scope: Scope) -> bool:
        for operand in operands:
            value = operand(scope)
            if value is not True and not to_boolean(value):
                return False
        return True

    return evaluate


def _any(operands: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(scope: Scope) -> bool:
        for operand in operands:
            value = operand(scope)
            if value is True or to_boolean(value):
                return True
        return False

    return evaluate


# The comparisons look at two texts or two whole numbers first: that is what rules compare
# nearly always, and there Python's operators and the Java's agree.

#: The classes that the Java compares as Long.
_LONGS = frozenset((int, Integer, Short, Byte))


def _equal(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> bool:
        a, b = left(scope), right(scope)
        if type(a) is str and type(b) is str:
            return a == b
        if type(a) in _LONGS and type(b) in _LONGS:
            return bool(a == b)
        return equals(a, b)

    return evaluate


def _unequal(left: Evaluate, right: Evaluate) -> Evaluate:
    equal = _equal(left, right)
    return lambda scope: not equal(scope)


def _strictly(holds: Callable[[Any, Any], bool]) -> Callable[[Evaluate, Evaluate], Evaluate]:
    """`<` and `>`: null on the left is false before the right is looked at."""

    def build(left: Evaluate, right: Evaluate) -> Evaluate:
        def evaluate(scope: Scope) -> bool:
            a = left(scope)
            if a is None:
                return False
            b = right(scope)
            if type(a) in _LONGS and type(b) in _LONGS:
                return holds(a, b)
            return b is not None and holds(compare(a, b), 0)

        return evaluate

    return build


def _weakly(holds: Callable[[Any, Any], bool]) -> Callable[[Evaluate, Evaluate], Evaluate]:
    """`<=` and `>=`: true for one and the same object, null included."""

    def build(left: Evaluate, right: Evaluate) -> Evaluate:
        def evaluate(scope: Scope) -> bool:
            a, b = left(scope), right(scope)
            if a is b:
                return True
            if type(a) in _LONGS and type(b) in _LONGS:
                return holds(a, b)
            return a is not None and b is not None and holds(compare(a, b), 0)

        return evaluate

    return build


_COMPARISONS: dict[str, Callable[[Evaluate, Evaluate], Evaluate]] = {
    "==": _equal,
    "!=": _unequal,
    "<": _strictly(lambda a, b: bool(a < b)),
    ">": _strictly(lambda a, b: bool(a > b)),
    "<=": _weakly(lambda a, b: bool(a <= b)),
    ">=": _weakly(lambda a, b: bool(a >= b)),
}

_ARITHMETIC: dict[str, Callable[[object, object], object]] = {
    "+": arithmetic.add,
    "-": arithmetic.subtract,
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "%": arithmetic.modulo,
}

_UNARY: dict[type, Callable[[object], object]] = {
    nodes.Negate: arithmetic.negate,
    nodes.Not: _not,
    nodes.Empty: is_empty,
}

_BUILDERS: dict[type, Callable[[Compiler, Any], Evaluate]] = {
    nodes.Literal: lambda compiler, node: _constant(node.value),
    nodes.OverlongInteger: lambda compiler, node: _overlong(node),
    nodes.Name: Compiler.name,
    nodes.Call: Compiler.call,
    nodes.Access: Compiler.access,
    nodes.And: Compiler.chain,
    nodes.Or: Compiler.chain,
    nodes.Binary: Compiler.binary,
    nodes.Negate: Compiler.unary,
    nodes.Not: Compiler.unary,
    nodes.Empty: Compiler.unary,
    nodes.Choice: Compiler.choice,
    nodes.Composite: Compiler.composite,
}

"""Compile a syntax tree to a closure: the reference implementation of expressions.

Every node becomes a function of a `Scope`. Tests compare the faster implementations with this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter
from sys import intern
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import (
    RuleRuntimeError,
    RuleSyntaxError,
    UndefinedName,
)
from proctor.core.java import arithmetic
from proctor.core.java.coercion import to_boolean, to_text
from proctor.core.java.comparison import compare, equals, is_empty
from proctor.core.java.properties import get_property
from proctor.core.java.values import Byte, Integer, Short
from proctor.core.rules import functions, nodes
from proctor.core.rules.methods import call_method
from proctor.core.rules.scope import Scope
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.rules.functions import Function
    from proctor.core.rules.nodes import Node

__all__ = ["Compiler", "Evaluate", "Scope"]


Evaluate = Callable[[Scope], Any]


class Compiler:
    """Creates closures for the rules of one test, using the test's constants."""

    def __init__(self, constants: Mapping[str, Any], library: Mapping[str, Function]) -> None:
        self._constants = constants
        self._library = library
        self._variables: dict[str, Evaluate] = {}

    def compile(self, node: Node) -> Evaluate:
        """Return the closure of *node*.

        Raises RuleSyntaxError for an unknown function or a wrong number of arguments, even in
        branches that are never evaluated.
        """
        return _BUILDERS[type(node)](self, node)

    def function(self, node: nodes.FunctionCall) -> Function:
        """Return the function that *node* calls."""
        name = f"{node.prefix}:{node.name}"
        function = self._library.get(name)
        if function is None:
            text = gettext_noop("column {column}: there is no function {name}({count}); {hint}")
            column, hint = node.start + 1, _hint(name, self._library)
            sentence = Sentence(
                text, column=column, name=name, count=len(node.arguments), hint=hint
            )
            raise RuleSyntaxError(sentence, column=column)
        if len(function.parameters) != len(node.arguments):
            raise RuleSyntaxError(
                Sentence(
                    gettext_noop(
                        "column {column}: wrong number of arguments for {name}: "
                        "expected {needed}, got {given}"
                    ),
                    column=node.start + 1,
                    name=name,
                    needed=len(function.parameters),
                    given=len(node.arguments),
                ),
                column=node.start + 1,
            )
        return function

    def name(self, node: nodes.Name) -> Evaluate:
        if node.name in self._constants:
            return _constant(self._constants[node.name])
        # Create each closure only once: a rule with many conditions can read a variable hundreds of
        # times.
        found = self._variables.get(node.name)
        if found is None:
            found = self._variables[node.name] = itemgetter(node.name)
        return found

    def call(self, node: nodes.FunctionCall) -> Evaluate:
        function = self.function(node)
        arguments = [self.compile(argument) for argument in node.arguments]
        return partial(functions.call, intern(f"{node.prefix}:{node.name}"), function, arguments)

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
        operands = tuple(map(self.compile, node.operands))
        return _all(operands) if isinstance(node, nodes.And) else _any(operands)

    def binary(self, node: nodes.Binary) -> Evaluate:
        equated = self._equated(node)
        if equated is not None:
            return equated
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator in _ARITHMETIC:
            return partial(_operated, _ARITHMETIC[node.operator], left, right)
        return partial(_COMPARISONS[node.operator], left, right)

    def _equated(self, node: nodes.Binary) -> Evaluate | None:
        """Return a fast closure for conditions such as `name == 'text'`; None for all others."""
        left, right = node.left, node.right
        if (
            node.operator not in ("==", "!=")
            or not isinstance(left, nodes.Name)
            or left.name in self._constants
            or not isinstance(right, nodes.Literal)
            or type(right.value) not in (str, int)
        ):
            return None
        # This takes a third of the memory that a function and its cells would take.
        return partial(_EQUATED[node.operator, type(right.value)], left.name, right.value)

    def unary(self, node: nodes.Unary) -> Evaluate:
        operand, operate = self.compile(node.operand), _UNARY[type(node)]
        return lambda scope: operate(operand(scope))

    def choice(self, node: nodes.Choice) -> Evaluate:
        test, yes, no = map(self.compile, (node.test, node.yes, node.no))
        return lambda scope: yes(scope) if to_boolean(test(scope)) else no(scope)

    def composite(self, node: nodes.Composite) -> Evaluate:
        parts = tuple(map(self.compile, node.parts))
        return lambda scope: "".join([to_text(part(scope)) for part in parts])


def _hint(name: str, library: Mapping[str, Function]) -> Sentence:
    # Imported only here, because the import is slow and rarely needed.
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(name, library, n=1)
    if close:
        return Sentence(gettext_noop("did you mean {name}?"), name=close[0])
    return Sentence(
        gettext_noop("functions are written prefix:name, with fn, proctor or your own prefix")
    )


def _constant(value: Any) -> Evaluate:
    return partial(_given, value)


def _given(value: Any, scope: Scope) -> Any:
    return value


def _overlong(node: nodes.OverlongInteger) -> Evaluate:
    def fail(scope: Scope) -> Any:
        raise RuleRuntimeError(
            Sentence(
                gettext_noop("column {column}: {text} has more than 64 bits"),
                column=node.start + 1,
                text=node.text[:40],
            ),
            java_class="java.lang.NumberFormatException",
            column=node.start + 1,
        )

    return fail


def _access(
    base: Evaluate, steps: tuple[tuple[Evaluate, tuple[Evaluate, ...] | None], ...], scope: Scope
) -> Any:
    """Evaluate a chain of properties, up to the first null (AstValue.getValue)."""
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
        raise UndefinedName(
            Sentence(gettext_noop("the first value is null, so it has no properties"))
        )
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


# Comparisons first check for two strings or two whole numbers, because nearly all comparisons are
# of this kind. For them, Python's operators agree with Java Proctor's.

#: The classes whose values Java Proctor compares as Long.
_LONGS = frozenset((int, Integer, Short, Byte))


def _is_text(name: str, text: str, scope: Scope) -> bool:
    value = scope[name]
    return value == text if type(value) is str else equals(value, text)


def _is_not_text(name: str, text: str, scope: Scope) -> bool:
    value = scope[name]
    return value != text if type(value) is str else not equals(value, text)


def _is_number(name: str, number: int, scope: Scope) -> bool:
    value = scope[name]
    return bool(value == number) if type(value) in _LONGS else equals(value, number)


def _is_not_number(name: str, number: int, scope: Scope) -> bool:
    return not _is_number(name, number, scope)


_EQUATED: dict[tuple[str, type], Callable[[str, Any, Scope], bool]] = {
    ("==", str): _is_text,
    ("!=", str): _is_not_text,
    ("==", int): _is_number,
    ("!=", int): _is_not_number,
}


def _operated(
    operate: Callable[[object, object], object], left: Evaluate, right: Evaluate, scope: Scope
) -> object:
    return operate(left(scope), right(scope))


def _equal(left: Evaluate, right: Evaluate, scope: Scope) -> bool:
    a, b = left(scope), right(scope)
    if type(a) is str and type(b) is str:
        return a == b
    if type(a) in _LONGS and type(b) in _LONGS:
        return bool(a == b)
    return equals(a, b)


def _unequal(left: Evaluate, right: Evaluate, scope: Scope) -> bool:
    return not _equal(left, right, scope)


Comparison = Callable[[Evaluate, Evaluate, Scope], bool]


def _strictly(holds: Callable[[Any, Any], bool]) -> Comparison:
    """Return the closure of `<` or `>`. If the left side is null, the right is not evaluated."""

    def evaluate(left: Evaluate, right: Evaluate, scope: Scope) -> bool:
        a = left(scope)
        if a is None:
            return False
        b = right(scope)
        if type(a) in _LONGS and type(b) in _LONGS:
            return holds(a, b)
        return b is not None and holds(compare(a, b), 0)

    return evaluate


def _weakly(holds: Callable[[Any, Any], bool]) -> Comparison:
    """Return the closure of `<=` or `>=`, which are true for identical objects and two nulls."""

    def evaluate(left: Evaluate, right: Evaluate, scope: Scope) -> bool:
        a, b = left(scope), right(scope)
        if a is b:
            return True
        if type(a) in _LONGS and type(b) in _LONGS:
            return holds(a, b)
        return a is not None and b is not None and holds(compare(a, b), 0)

    return evaluate


_COMPARISONS: dict[str, Comparison] = {
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
    nodes.FunctionCall: Compiler.call,
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

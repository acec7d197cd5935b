"""Is the expression boolean?  [RuleEvaluator.checkRuleIsBooleanType, the nodes' getType].

The Java asks the top node for its type before it computes anything: `${age + 1}` is an
error and not true, and so is a variable that holds the text "true".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleRuntimeError, RuleTypeError, UndefinedName
from proctor.core.rules import nodes
from proctor.core.rules.methods import call_method
from proctor.core.rules.printing import shown
from proctor.core.rules.properties import get_property, property_index
from proctor.core.rules.signatures import Type
from proctor.core.rules.values import JavaArray, java_class

if TYPE_CHECKING:
    from proctor.core.rules.compiler import Compiler, Evaluate, Scope
    from proctor.core.rules.nodes import Node

__all__ = ["boolean_check"]

Check = Callable[["Scope"], object]

_ARITHMETIC = frozenset("+-*/%")


def boolean_check(node: Node, compiler: Compiler) -> Check | None:
    """What to call with a scope before *node* is evaluated, or None: it is boolean always.

    The check raises RuleTypeError where the type is not boolean, and what evaluating its
    way there raises.
    """
    if isinstance(node, nodes.Name | nodes.Choice):
        evaluate = compiler.compile(node)
        return lambda scope: _require_boolean(evaluate(scope))
    if isinstance(node, nodes.Access):
        return _access_check(node, compiler)
    if isinstance(node, nodes.Call):
        returns = compiler.function(node).returns
        return None if returns is Type.BOOLEAN else _always(f"the function gives {returns.value}")
    if isinstance(node, nodes.Literal):
        return None if node.value is None else _literal_check(node.value)
    if isinstance(node, nodes.OverlongInteger):
        return compiler.compile(node)
    if isinstance(node, nodes.Negate):
        return _always("a negative number")
    if isinstance(node, nodes.Binary) and node.operator in _ARITHMETIC:
        return _always("a number")
    if isinstance(node, nodes.Composite):
        return _always("a text made of several parts")
    return None


def _literal_check(value: object) -> Check | None:
    return None if isinstance(value, bool) else _always(f"the constant {shown(value)!r}")


def _always(what: str) -> Check:
    def check(scope: Scope) -> None:
        raise RuleTypeError(f"the rule is not true or false but {what}; compare it with something")

    return check


def _require_boolean(value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise RuleTypeError(
            f"the rule is not true or false but {shown(value)!r} of type {java_class(value)}; "
            "compare it with something"
        )


def _access_check(node: nodes.Access, compiler: Compiler) -> Check:
    """AstValue.getType: evaluates all but the last step, then asks for that one's type."""
    base = compiler.compile(node.base)
    keys = [compiler.compile(suffix.key) for suffix in node.suffixes]
    arguments = [
        None
        if suffix.arguments is None
        else [compiler.compile(argument) for argument in suffix.arguments]
        for suffix in node.suffixes
    ]
    calls_first = node.suffixes[0].arguments is not None

    def check(scope: Scope) -> None:
        target = _reach(base(scope), "the head of the rule")
        for key, call in zip(keys[:-1], arguments[:-1], strict=True):
            name = key(scope)
            target = _reach(_step(target, name, call, scope), shown(name))
        last = keys[-1](scope)
        _check_last(target, _reach(last, "the last step"), calls_first=calls_first)
        scope.resolved = True

    return check


def _reach(value: object, what: str) -> object:
    if value is None:
        raise UndefinedName(f"{what} is null, and a property of it was asked for")
    return value


def _step(
    target: object, key: object, arguments: Sequence[Evaluate] | None, scope: Scope
) -> object:
    scope.resolved = True
    if arguments is not None:
        return call_method(target, key, [argument(scope) for argument in arguments], scope)
    return None if key is None else get_property(target, key)


def _check_last(target: object, key: object, *, calls_first: bool) -> None:
    if isinstance(target, Mapping):
        if calls_first:
            # Proctor asks for a ValueReference, which Tomcat has none of here.
            raise RuleRuntimeError(
                f"a method call cannot be the whole rule; write {shown(key)}() == …",
                java_class="java.lang.NullPointerException",
            )
        value = get_property(target, key)
        if value is None:
            raise RuleTypeError(f"{shown(key)!r} is not in the map; write {shown(key)} == true")
        _require_boolean(value)
    elif isinstance(target, Sequence) and not isinstance(target, str):
        _check_index(target, key)
    else:
        # A method's name is looked for as a property: text.startsWith('a') is none.
        _require_boolean(get_property(target, key))


def _check_index(target: Sequence[object], key: object) -> None:
    index = property_index(key)
    if not 0 <= index < len(target):
        raise UndefinedName(f"index {index} is outside 0 to {len(target) - 1}")
    component = target.component if isinstance(target, JavaArray) else "java.lang.Object"
    raise RuleTypeError(f"an element of a list is {component} to the Java; write [{index}] == …")

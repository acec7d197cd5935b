"""Check that an expression is boolean  [RuleEvaluator.checkRuleIsBooleanType, getType].

Before Java Proctor evaluates a rule, it checks the type of the top node. Therefore `${age + 1}`
raises an error and is never true. A rule that consists only of a variable also raises an error if
the variable's value is the string "true".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleRuntimeError, RuleTypeError, UndefinedName
from proctor.core.java.printing import shown_as_java
from proctor.core.java.properties import get_property, property_index
from proctor.core.java.values import JavaArray, java_class
from proctor.core.rules import nodes
from proctor.core.rules.methods import call_method
from proctor.core.rules.signatures import RuleType
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.rules.compiler import Compiler, Evaluate, Scope
    from proctor.core.rules.nodes import Node

__all__ = ["boolean_check", "type_error"]

Check = Callable[["Scope"], object]

_ARITHMETIC = frozenset("+-*/%")


def boolean_check(node: Node, compiler: Compiler) -> Check | None:
    """Return a check for *node*: a function to call with a scope before *node* is evaluated.

    Return None if *node* is always boolean and needs no check.

    The check raises RuleTypeError if the type is not boolean. If it must evaluate a part of *node*,
    it also raises any error that this evaluation raises.
    """
    if isinstance(node, nodes.Name | nodes.Choice):
        evaluate = compiler.compile(node)
        return lambda scope: _require_boolean(evaluate(scope))
    if isinstance(node, nodes.Access):
        return _access_check(node, compiler)
    if isinstance(node, nodes.OverlongInteger):
        return compiler.compile(node)
    if type_error(node, compiler) is None:
        return None

    def refuse(scope: Scope) -> None:
        found = type_error(node, compiler)
        assert found is not None
        raise found

    return refuse


def type_error(node: Node, compiler: Compiler) -> RuleTypeError | None:
    """Return the error if the expression can never be boolean, else None."""
    what = _never_boolean(node, compiler)
    if what is None:
        return None
    return RuleTypeError(
        Sentence(
            gettext_noop(
                "expected a rule that is true or false, got {what}; compare it with something"
            ),
            what=what,
        )
    )


def _never_boolean(node: Node, compiler: Compiler) -> Sentence | None:
    if isinstance(node, nodes.FunctionCall):
        returns = compiler.function(node).returns
        if returns is RuleType.BOOLEAN:
            return None
        return Sentence(gettext_noop("a function that returns {type}"), type=returns.value)
    if isinstance(node, nodes.Literal):
        if node.value is None or isinstance(node.value, bool):
            return None
        return Sentence(gettext_noop("the constant {value!r}"), value=shown_as_java(node.value))
    if isinstance(node, nodes.Negate):
        return Sentence(gettext_noop("a negative number"))
    if isinstance(node, nodes.Binary) and node.operator in _ARITHMETIC:
        return Sentence(gettext_noop("a number"))
    if isinstance(node, nodes.Composite):
        return Sentence(gettext_noop("a string made of several parts"))
    return None


_HEAD = Sentence(gettext_noop("the first value in the rule"))
_LAST_STEP = Sentence(gettext_noop("the last step"))


def _require_boolean(value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise RuleTypeError(
            Sentence(
                gettext_noop(
                    "expected a rule that is true or false, got {value!r} of type {type}; compare "
                    "it with something"
                ),
                value=shown_as_java(value),
                type=java_class(value),
            )
        )


def _access_check(node: nodes.Access, compiler: Compiler) -> Check:
    """Return a check that evaluates all steps of `a.b.c` except the last, whose type it tests.

    [AstValue.getType]
    """
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
        target = _reach(base(scope), _HEAD)
        for key, call in zip(keys[:-1], arguments[:-1], strict=True):
            name = key(scope)
            target = _reach(_step(target, name, call, scope), shown_as_java(name))
        last = keys[-1](scope)
        _check_last(target, _reach(last, _LAST_STEP), calls_first=calls_first)
        scope.resolved = True

    return check


def _reach(value: object, what: str) -> object:
    if value is None:
        raise UndefinedName(
            Sentence(gettext_noop("{what} is null, so it has no properties"), what=what)
        )
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
            # Java Proctor needs a ValueReference, which Tomcat does not have in this case.
            raise RuleRuntimeError(
                Sentence(
                    gettext_noop("a method call cannot be the whole rule; write {key}() == …"),
                    key=shown_as_java(key),
                ),
                java_class="java.lang.NullPointerException",
            )
        value = get_property(target, key)
        if value is None:
            raise RuleTypeError(
                Sentence(
                    gettext_noop("{key!r} is not in the map; write {key} == true"),
                    key=shown_as_java(key),
                )
            )
        _require_boolean(value)
    elif isinstance(target, Sequence) and not isinstance(target, str):
        _check_index(target, key)
    else:
        # Tomcat treats the name of the method as a property, so `text.startsWith('a')` fails:
        # there is no property `startsWith`.
        _require_boolean(get_property(target, key))


def _check_index(target: Sequence[object], key: object) -> None:
    index = property_index(key)
    if not 0 <= index < len(target):
        raise UndefinedName(
            Sentence(
                gettext_noop("index {index} is outside 0 to {last}"),
                index=index,
                last=len(target) - 1,
            )
        )
    component = target.component if isinstance(target, JavaArray) else "java.lang.Object"
    raise RuleTypeError(
        Sentence(
            gettext_noop(
                "in Java, an element of this list has the type {component}; write [{index}] == …"
            ),
            component=component,
            index=index,
        )
    )

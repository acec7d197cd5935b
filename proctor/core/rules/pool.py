"""Compile equal rules only once, so that each is evaluated only once per visitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.rules.compiler import Compiler
from proctor.core.rules.functions import LIBRARY, Function
from proctor.core.rules.parser import parse
from proctor.core.rules.rule import MAX_KEPT, Rule, RuleKind, boolean, classify, guarded
from proctor.core.rules.typecheck import type_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.exceptions import RuleTypeError
    from proctor.core.rules import nodes
    from proctor.core.rules.compiler import Scope

__all__ = ["RulePool"]


class RulePool:
    """Creates rules while a matrix is loaded, and returns the same object for equal rules.

    Two rules are equal if they have the same text, and if the constants that the text mentions are
    the same. All methods raise RuleSyntaxError, as `Rule` does.
    """

    def __init__(self, library: Mapping[str, Function] = LIBRARY) -> None:
        self._library = library
        self._trees: dict[str, nodes.Node] = {}
        #: The text and tree of the last call. The next call usually needs the same tree.
        self._last: tuple[str, nodes.Node] | None = None
        self._rules: dict[tuple[str | None, str], Rule] = {}

    def __len__(self) -> int:
        return len(self._rules)

    def get(self, text: str | None, constants: Mapping[str, Any]) -> Rule:
        """Return the rule for *text*."""
        key = (text, self._seen(text, constants))
        rule = self._rules.get(key)
        if rule is None:
            node = self._last[1] if self._last is not None and self._last[0] == text else None
            rule = self._rules[key] = Rule(text, constants, library=self._library, node=node)
        return rule

    def tree(self, text: str, constants: Mapping[str, Any]) -> nodes.Node:
        """Return the tree of the whole *text*, including parts that rules ignore."""
        node = self._trees.get(text)
        if node is None:
            node = parse(text)
            self._last = text, node
            # Compile the tree too, because only compilation finds unknown functions.
            if classify(text) is RuleKind.EXPRESSION:
                self.get(text, constants)
            else:
                Compiler(constants, self._library).compile(node)
            if len(text) <= MAX_KEPT:
                self._trees[text] = node
        return node

    def whole(self, text: str, constants: Mapping[str, Any]) -> Callable[[Scope], bool]:
        """Return a function that evaluates the whole text as a condition and checks its type."""
        rule = self.get(text, constants)
        holds = (
            boolean(self.tree(text, constants), Compiler(constants, self._library))
            if rule.kind is not RuleKind.EXPRESSION
            else rule.holds
        )
        return lambda scope: guarded(holds, scope)

    def type_error(self, node: nodes.Node, constants: Mapping[str, Any]) -> RuleTypeError | None:
        """Return the error if the expression can never be boolean, else None."""
        return type_error(node, Compiler(constants, self._library))

    def _seen(self, text: str | None, constants: Mapping[str, Any]) -> str:
        if not constants or text is None or not any(name in text for name in constants):
            return ""
        # Use repr, because 1, True and 1.0 are the same key in a dict but different values here.
        return repr([(name, constants[name]) for name in sorted(constants) if name in text])

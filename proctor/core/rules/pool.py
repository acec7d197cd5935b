"""Rules that are equal are compiled once, and later evaluated once for a visitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.rules.compiler import Compiler
from proctor.core.rules.functions import LIBRARY, Function
from proctor.core.rules.parser import parse
from proctor.core.rules.rule import Rule, boolean, guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.rules import nodes
    from proctor.core.rules.compiler import Scope

__all__ = ["RulePool"]


class RulePool:
    """Makes rules while a matrix is loaded, and gives equal ones the same object.

    Two rules are equal if they have the same text and see the same constants, as far as
    the text mentions them. All methods raise RuleSyntaxError as `Rule` does.
    """

    def __init__(self, library: Mapping[str, Function] = LIBRARY) -> None:
        self._library = library
        self._trees: dict[str, nodes.Node] = {}
        self._rules: dict[tuple[str | None, str], Rule] = {}

    def get(self, text: str | None, constants: Mapping[str, Any]) -> Rule:
        """The rule of *text*."""
        key = (text, self._seen(text, constants))
        rule = self._rules.get(key)
        if rule is None:
            rule = self._rules[key] = Rule(text, constants, library=self._library)
        return rule

    def tree(self, text: str, constants: Mapping[str, Any]) -> nodes.Node:
        """The tree of *text* as a whole, also where a rule would not look at all of it."""
        node = self._trees.get(text)
        if node is None:
            node = parse(text)
            # Functions are looked up when a tree is compiled, and only then.
            Compiler(constants, self._library).compile(node)
            self._trees[text] = node
        return node

    def whole(self, text: str, constants: Mapping[str, Any]) -> Callable[[Scope], bool]:
        """Type check, value and conversion of the text as a whole; raises only RuleError."""
        rule = self.get(text, constants)
        holds = (
            boolean(self.tree(text, constants), Compiler(constants, self._library))
            if rule.node is None
            else rule.holds
        )
        return lambda scope: guarded(holds, scope)

    def _seen(self, text: str | None, constants: Mapping[str, Any]) -> str:
        if not constants or text is None or not any(name in text for name in constants):
            return ""
        # By their repr: 1 and True and 1.0 are one key to a dict, and three values here.
        return repr([(name, constants[name]) for name in sorted(constants) if name in text])

"""Check of a rule against the declared variables  [RuleVerifyUtils].

The Java tries each rule once, with a sample value for each variable. What fails in this
trial drops the test, fails the whole load, or is forgiven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.context_types import MISSING
from proctor.core.exceptions import (
    RuleError,
    RuleRuntimeError,
    RuleSyntaxError,
    RuleTypeError,
)
from proctor.core.problems import Severity
from proctor.core.rules import nodes
from proctor.core.rules.compiler import Scope
from proctor.core.rules.regex import UnsupportedPattern, compile_regex
from proctor.core.rules.rule import Kind, classify

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from proctor.core.context_types import ContextType
    from proctor.core.rules.pool import RulePool

__all__ = ["MISSING_EXPERIMENTAL_UNIT", "RuleChecker"]

#: The variable that the engine itself sets.
MISSING_EXPERIMENTAL_UNIT = "missingExperimentalUnit"


class RuleChecker:
    """Checks rules; without declared variables they are parsed and no more."""

    def __init__(self, pool: RulePool, context_types: Mapping[str, ContextType] | None) -> None:
        self._pool = pool
        self._types = context_types
        self._seen: dict[tuple[str, str], tuple[Severity, RuleError] | None] = {}
        types = context_types or {}
        #: Variables without a sample: what fails where they are read may be their fault.
        self._unsampled = {name for name, each in types.items() if each.sample is MISSING}
        self._samples = Scope(
            {name: None if each.sample is MISSING else each.sample for name, each in types.items()}
        )
        self._samples[MISSING_EXPERIMENTAL_UNIT] = True

    def check(
        self, text: str | None, constants: Mapping[str, Any]
    ) -> tuple[Severity, RuleError] | None:
        """What is wrong with a rule, and what comes of it; None where nothing is."""
        if classify(text) is Kind.EMPTY:
            return None
        key = (text or "", repr(constants))
        if key not in self._seen:
            self._seen[key] = self._find(text or "", constants)
        return self._seen[key]

    def _find(self, text: str, constants: Mapping[str, Any]) -> tuple[Severity, RuleError] | None:
        # The Java parses the whole text here, also of `${true …}` and without braces.
        try:
            node = self._pool.tree(text, constants)
            _refuse_patterns(node)
        except RuleSyntaxError as error:
            return Severity.DROPPED, error
        if self._types is None:
            return None
        unknown = nodes.names(node) - {*self._samples, *constants}
        if unknown:
            return Severity.DROPPED, _undeclared(node, unknown, self._types)
        return self._try(node, text, constants)

    def _try(
        self, node: nodes.Node, text: str, constants: Mapping[str, Any]
    ) -> tuple[Severity, RuleError] | None:
        try:
            self._pool.whole(text, constants)(Scope(self._samples))
        except RuleTypeError as error:
            return Severity.DROPPED, error
        except RuleRuntimeError as error:
            return Severity.FATAL, error
        except RuleError as error:
            forgiven = any(
                isinstance(leaf, nodes.Name)
                and leaf.name in self._unsampled
                and leaf.name not in constants
                for leaf in nodes.leaves(node)
            )
            return None if forgiven else (Severity.DROPPED, error)
        return None


def _undeclared(
    node: nodes.Node, unknown: Collection[str], types: Mapping[str, ContextType]
) -> RuleSyntaxError:
    from proctor.core.context_types import nearest  # noqa: PLC0415 - for the message only

    first = next(
        each for each in nodes.walk(node) if isinstance(each, nodes.Name) and each.name in unknown
    )
    return RuleSyntaxError(
        f"column {first.start + 1}: the variable {first.name!r} is not declared: "
        f"{nearest(first.name, types)}",
        column=first.start + 1,
    )


#: Functions and methods that take a pattern, and whether they search with it.
_FUNCTIONS = {"proctor:matches": False, "indeed:matches": False}
_METHODS = {"matches": False, "split": True, "replaceAll": True, "replaceFirst": True}


def _patterns(node: nodes.Node) -> Iterator[tuple[nodes.Node, bool]]:
    """What stands for a pattern in a rule, and whether it is searched for."""
    for each in nodes.walk(node):
        if isinstance(each, nodes.Call):
            searching = _FUNCTIONS.get(f"{each.prefix}:{each.name}")
            if searching is not None:
                yield each.arguments[1], searching
        elif isinstance(each, nodes.Access):
            for suffix in each.suffixes:
                name = suffix.key.value if isinstance(suffix.key, nodes.Literal) else None
                if isinstance(name, str) and name in _METHODS and suffix.arguments:
                    yield suffix.arguments[0], _METHODS[name]


def _refuse_patterns(node: nodes.Node) -> None:
    """Raise where a pattern is written out that would never be matched here."""
    for pattern, searching in _patterns(node):
        if not isinstance(pattern, nodes.Literal) or not isinstance(pattern.value, str):
            continue
        try:
            compile_regex(pattern.value, searching=searching)
        except UnsupportedPattern as error:
            raise RuleSyntaxError(
                f"column {pattern.start + 1}: {error}", column=pattern.start + 1
            ) from error
        except RuleSyntaxError:
            # The Java refuses it too, each time that the rule is evaluated.
            continue

"""Check rules against the declared variables  [RuleVerifyUtils].

Java Proctor evaluates each rule once, with a sample value for each variable. If a rule fails, then,
depending on the error, the failure is ignored, the test is dropped, or the whole matrix is
rejected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from proctor.core.exceptions import (
    RuleError,
    RuleRuntimeError,
    RuleSyntaxError,
    RuleTypeError,
)
from proctor.core.java.context_types import MISSING
from proctor.core.java.versions import ReleaseVersion
from proctor.core.matrices.braces import without_braces
from proctor.core.problems import Severity
from proctor.core.rules import nodes
from proctor.core.rules.compiler import Scope
from proctor.core.rules.regex import UnsupportedPattern, compile_regex
from proctor.core.rules.rule import RuleKind, classify
from proctor.core.rules.work import pattern_bound
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from typing import Any

    from proctor.core.java.context_types import ContextType
    from proctor.core.rules.pool import RulePool

__all__ = ["MISSING_EXPERIMENTAL_UNIT", "RuleChecker"]

#: The variable that the engine sets, not the application.
MISSING_EXPERIMENTAL_UNIT = "missingExperimentalUnit"


class RuleChecker:
    """Checks rules. If no variables are declared, rules are only parsed."""

    def __init__(
        self,
        pool: RulePool,
        context_types: Mapping[str, ContextType] | None,
        patterns: Mapping[tuple[str, bool, object], int] | None = None,
    ) -> None:
        """Create a checker for *context_types*.

        *patterns* contains the patterns of rules that were checked earlier.
        """
        self._pool = pool
        self._types = context_types
        self._seen: dict[tuple[str, str], tuple[Severity, RuleError] | None] = {}
        types = context_types or {}
        #: Variables without a sample value. A rule that reads them can fail for this reason alone.
        self._unsampled = {name for name, each in types.items() if each.sample is MISSING}
        #: The maximum number of steps for each pattern. The keys contain the pattern, True if it is
        #: searched for (False if it must match the whole text), and the text.
        self.patterns: dict[tuple[str, bool, object], int] = dict(patterns or {})
        self._samples = Scope(
            {name: None if each.sample is MISSING else each.sample for name, each in types.items()}
        )
        self._samples[MISSING_EXPERIMENTAL_UNIT] = True

    def check(
        self, text: str | None, constants: Mapping[str, Any]
    ) -> tuple[Severity, RuleError] | None:
        """Return the problem with a rule and its severity, or None if the rule is valid."""
        if classify(text) is RuleKind.EMPTY:
            return None
        key = (text or "", repr(constants))
        if key not in self._seen:
            found = self._seen[key] = self._find(text or "", constants)
            if found is not None and found[0] is Severity.DROPPED:
                _say_as_the_java(found[1], text or "")
        return self._seen[key]

    def never_true(self, text: str, constants: Mapping[str, Any]) -> Iterator[RuleError]:
        """Yield the reasons why an otherwise valid rule is never true, or always fails.

        The reasons are text outside of `${` and `}`, a result that is not a Boolean, and versions
        that `proctor:version` cannot read.
        """
        kind = classify(text)
        if kind is RuleKind.INVALID:
            yield RuleTypeError(without_braces(text))
        elif kind is RuleKind.EXPRESSION:
            node = self._pool.tree(text, constants)
            if isinstance(node, nodes.Composite):
                yield RuleTypeError(without_braces(text))
            elif found := self._pool.type_error(node, constants):
                yield found
            yield from _bad_versions(node, constants)

    def _find(self, text: str, constants: Mapping[str, Any]) -> tuple[Severity, RuleError] | None:
        # In this check, Java Proctor parses every rule, including `${true …}` and text without
        # braces.
        try:
            node = self._pool.tree(text, constants)
            patterns = list(_patterns(node))
            _refuse_patterns(patterns)
            self._count_patterns(text, patterns, constants)
        except RuleSyntaxError as error:
            return Severity.DROPPED, error
        if self._types is None:
            return None
        unknown = nodes.names(node) - {*self._samples, *constants}
        if unknown:
            return Severity.DROPPED, _undeclared(node, unknown, self._types)
        return self._try(node, text, constants)

    @property
    def steps(self) -> int:
        """The maximum number of steps for matching every pattern once against its text."""
        return sum(self.patterns.values())

    def _count_patterns(
        self, text: str, patterns: Iterable[_Pattern], constants: Mapping[str, Any]
    ) -> None:
        for pattern, searching, subject in patterns:
            value: object = None
            if isinstance(pattern, nodes.Literal):
                value = pattern.value
            elif isinstance(pattern, nodes.Name):
                value = constants.get(pattern.name)
            words = value if isinstance(value, str) else text[pattern.start : pattern.end]
            subjects = text[subject.start : subject.end], repr(constants)
            if (words, searching, subjects) not in self.patterns:
                known = words if isinstance(value, str) else None
                self.patterns[words, searching, subjects] = pattern_bound(
                    known, searching=searching
                )

    def _try(
        self, node: nodes.Node, text: str, constants: Mapping[str, Any]
    ) -> tuple[Severity, RuleError] | None:
        try:
            self._pool.whole(text, constants)(Scope(self._samples))
        except RuleTypeError as error:
            is_whole = classify(text) is RuleKind.EXPRESSION
            if is_whole and not isinstance(node, nodes.Composite):
                return Severity.DROPPED, error
            return Severity.DROPPED, RuleTypeError(without_braces(text))
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
    from proctor.core.messages import nearest  # noqa: PLC0415 - for the message only

    first = next(
        each for each in nodes.walk(node) if isinstance(each, nodes.Name) and each.name in unknown
    )
    error = RuleSyntaxError(
        Sentence(
            gettext_noop("column {column}: the variable {name!r} is not declared: {known}"),
            column=first.start + 1,
            name=first.name,
            known=nearest(first.name, types),
        ),
        column=first.start + 1,
    )
    error.java_message = _UNDECLARED.replace("{variable}", first.name)
    return error


_UNDECLARED = (
    "The variable {variable} is defined in rule {rule}, however it is not defined in the "
    "application's test specification. Add the variable to your application's "
    "providedContext.json or remove it from the rule, or if the application should not load "
    "your test report the issue to the Proctor team."
)
_SYNTAX = (
    "Unable to evaluate rule {rule} due to a syntax error. Check that your rule is in the "
    "correct format and returns a boolean. For more information read: "
    "https://opensource.indeedeng.io/proctor/docs/test-rules/."
)
_FAILED = "Failed to evaluate a rule {rule}: "


def _say_as_the_java(error: RuleError, rule: str) -> None:
    """Store Java Proctor's message for a rule whose test is dropped [InvalidRuleException]."""
    if isinstance(error, (RuleSyntaxError, RuleTypeError)):
        error.java_message = (error.java_message or _SYNTAX).replace("{rule}", rule)
    else:
        error.java_message = _FAILED.replace("{rule}", rule) + (error.java_message or str(error))


#: Maps each function with version arguments to the positions of these arguments.
_VERSIONS = {"version": slice(0, 1), "versionInRange": slice(1, 3)}


def _bad_versions(node: nodes.Node, constants: Mapping[str, Any]) -> Iterator[RuleSyntaxError]:
    for call in nodes.walk(node):
        if not isinstance(call, nodes.FunctionCall) or call.prefix not in ("proctor", "indeed"):
            continue
        for argument in call.arguments[_VERSIONS.get(call.name, slice(0))]:
            value = argument.value if isinstance(argument, nodes.Literal) else None
            if isinstance(argument, nodes.Name):
                value = constants.get(argument.name)
            if isinstance(value, str):
                try:
                    ReleaseVersion(value)
                except (ValueError, RuleRuntimeError) as error:
                    column = argument.start + 1
                    yield RuleSyntaxError(
                        Sentence(
                            gettext_noop("column {column}: the rule always fails here: {error}"),
                            column=column,
                            error=sentence_of(error),
                        ),
                        column=column,
                    )


#: The functions and methods that take a pattern: True if they search for it, False if it must match
#: the whole text.
_FUNCTIONS = {"proctor:matches": False, "indeed:matches": False}
_METHODS = {"matches": False, "split": True, "replaceAll": True, "replaceFirst": True}


#: A pattern in a rule; True if the rule searches for it, or False if it must match the whole text;
#: and the text to match.
_Pattern: TypeAlias = tuple[nodes.Node, bool, nodes.Node]


def _patterns(node: nodes.Node) -> Iterator[_Pattern]:
    """Yield the pattern of each call that takes a pattern."""
    for each in nodes.walk(node):
        if isinstance(each, nodes.FunctionCall):
            searching = _FUNCTIONS.get(f"{each.prefix}:{each.name}")
            if searching is not None:
                yield each.arguments[1], searching, each.arguments[0]
        elif isinstance(each, nodes.Access):
            for suffix in each.suffixes:
                name = suffix.key.value if isinstance(suffix.key, nodes.Literal) else None
                if isinstance(name, str) and name in _METHODS and suffix.arguments:
                    yield suffix.arguments[0], _METHODS[name], each


def _refuse_patterns(patterns: Iterable[_Pattern]) -> None:
    """Raise an error for a literal pattern that is always rejected."""
    for pattern, searching, _ in patterns:
        if not isinstance(pattern, nodes.Literal) or not isinstance(pattern.value, str):
            continue
        try:
            compile_regex(pattern.value, searching=searching)
        except UnsupportedPattern as error:
            raise RuleSyntaxError(
                Sentence(
                    gettext_noop("column {column}: {error}"),
                    column=pattern.start + 1,
                    error=sentence_of(error),
                ),
                column=pattern.start + 1,
            ) from error
        except RuleSyntaxError:
            # Java Proctor also rejects this pattern, but only when the rule is evaluated.
            continue

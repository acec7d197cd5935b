"""The engine: a matrix, compiled, and the groups of a visitor  [Proctor]."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from proctor.core.chooser import Chooser, Visit, choose, holds
from proctor.core.context_types import ContextType, pipet_type
from proctor.core.dependencies import in_order
from proctor.core.exceptions import (
    ConfigurationError,
    ConversionError,
    IdentifierError,
    MatrixLoadError,
    RuleError,
)
from proctor.core.experiments import won_properties
from proctor.core.forcing import ForceGroups
from proctor.core.groups import GroupAssignment, Groups, Property
from proctor.core.hashing import encode_identifier, md5
from proctor.core.rule_check import MISSING_EXPERIMENTAL_UNIT
from proctor.core.rules.compiler import Scope
from proctor.core.rules.functions import LIBRARY, Function, extended
from proctor.core.rules.pool import RulePool
from proctor.core.rules.values import LONG_MAX, LONG_MIN, BigInteger, java_string
from proctor.core.selection import build_select, is_ordinary
from proctor.core.source_keys import RANDOM
from proctor.core.validation import examine

if TYPE_CHECKING:
    from proctor.core.matrix import Matrix, TestDefinition
    from proctor.core.problems import Problem
    from proctor.core.rules.rule import Rule

__all__ = ["Proctor"]

#: A context variable that the engine itself reads.
INCOGNITO = "isIncognitoUser"

_NO_FORCE = ForceGroups()
_NO_CONTEXT: Mapping[str, Any] = {}

#: "noempty", or a function of test type and identifier that says whether it is valid.
IdentifierValidator = Literal["noempty"] | Callable[[str, str], bool]


class Proctor:
    """A matrix, checked and compiled. Immutable; safe to share between threads.

    *context_types* declares the variables that rules may use: a `ContextType`, or the name
    of one as Pipet has it, by variable name. Rules are then checked against them, and the
    values of a call are converted. None: rules are only parsed, and Python values stand for
    Java's. *test_types* are those known besides Proctor's own. *identifier_validator*
    "noempty" rejects empty identifiers, a function those for which it is false; rejected
    ones count as missing, except in tests with unitless allocations. *functions* adds rule
    functions, by `prefix:name`.

    Raises MatrixLoadError where the Java refuses the whole matrix, and ConfigurationError
    for a declaration that makes no sense. A test that is bad by itself is in `dropped`.
    """

    def __init__(
        self,
        matrix: Matrix,
        context_types: Mapping[str, ContextType | str] | None = None,
        test_types: Collection[str] = (),
        identifier_validator: IdentifierValidator | None = None,
        functions: Mapping[str, Function | Callable[..., Any]] | None = None,
    ) -> None:
        self._matrix = matrix
        self._types = None if context_types is None else _declared(context_types)
        self._is_valid = _validator(identifier_validator)
        pool = RulePool(extended(LIBRARY, functions) if functions else LIBRARY)
        examination = examine(matrix, pool, self._types, test_types)
        if examination.fatal:
            raise MatrixLoadError(
                f"the matrix cannot be loaded: {examination.fatal[0]}", examination.problems
            )
        self._dropped = examination.dropped
        self._problems = examination.problems
        self._definitions = examination.loaded
        self._plan = _Plan(
            [
                Chooser(examination.loaded[name], pool)
                for name in in_order(examination.loaded, sorted(examination.loaded))
            ],
            self._types,
        )

    def __repr__(self) -> str:
        version = self._matrix.audit.version
        return f"<Proctor: matrix version {version!r}, {len(self._definitions)} tests>"

    @property
    def matrix(self) -> Matrix:
        """The matrix, with the tests that were dropped."""
        return self._matrix

    @property
    def loaded(self) -> tuple[str, ...]:
        """The names of the tests that are evaluated, sorted."""
        return tuple(sorted(self._definitions))

    @property
    def dropped(self) -> Mapping[str, Problem]:
        """The tests that the Java would leave out, and why."""
        return self._dropped

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with the matrix, warnings too."""
        return self._problems

    def definition(self, test: str) -> TestDefinition:
        """The definition of a loaded test. Raises KeyError for another name."""
        return self._definitions[test]

    def determine_groups(
        self,
        *,
        identifiers: Mapping[str, str | None],
        context: Mapping[str, Any] | None = None,
        force_groups: ForceGroups | str | None = None,
        tests: Collection[str] | None = None,
        force_payload_tests: Collection[str] = (),
        random_enabled: bool = False,
    ) -> Groups:
        """The groups of one visitor  [Proctor.determineTestGroups].

        *identifiers* by test type; None and missing ones give no group in tests of that
        type. *context* has the variables of rules by name. *force_groups* is what the
        visitor asks for; payloads count only for *force_payload_tests*. *tests* restricts
        the answer; None or empty are all, unknown names are ignored. *random_enabled* lets
        tests of type RANDOM draw.

        A rule that fails costs its test the group, and is in `errors` of the result; a
        value that cannot be converted costs its variable, and is in `variable_errors`.
        Raises IdentifierError for an identifier of type RANDOM.
        """
        if RANDOM in identifiers:
            raise IdentifierError(
                "an identifier of type RANDOM was given; such tests draw a number themselves"
            )
        context = _NO_CONTEXT if context is None else context
        call = _Call(self._plan, self._types, context)
        if tests or force_groups or INCOGNITO in context:
            groups: dict[str, GroupAssignment] = {}
            remaining = self._plan.order(tests)
        else:
            groups = self._select(call, identifiers)
            if not self._plan.others:
                return call.result(groups)
            remaining = self._plan.others
        visit = Visit(
            scope=call.scope,
            identifiers={
                name: None if value is None else str(value) for name, value in identifiers.items()
            },
            is_valid=self._is_valid or _accept,
            force=_forced(force_groups, force_payload_tests),
            incognito=call.is_incognito(),
            random=random if random_enabled else None,
            groups=groups,
            errors=call.errors,
        )
        for test in remaining:
            assignment = choose(test, visit)
            if assignment is not None:
                groups[test.name] = assignment
        if tests:
            wanted = set(tests)
            groups = {name: groups[name] for name in groups if name in wanted}
        return call.result(groups)

    def _select(
        self, call: _Call, identifiers: Mapping[str, str | None]
    ) -> dict[str, GroupAssignment]:
        """The groups in all ordinary tests."""
        is_valid = self._is_valid
        encoded: list[bytes | None] = []
        for test_type in self._plan.slots:
            identifier = identifiers.get(test_type)
            if identifier is None or (is_valid is not None and not is_valid(test_type, identifier)):
                encoded.append(None)
            else:
                try:
                    encoded.append(identifier.encode())
                except (UnicodeEncodeError, AttributeError):
                    encoded.append(encode_identifier(str(identifier)))
        rows, failures = self._plan.select(call.context.get, call.ask)
        groups: dict[str, GroupAssignment] = {}
        for test, slot, prefix, table, pieces, exact in rows:
            encoded_identifier = encoded[slot]
            if encoded_identifier is not None:
                digest = md5(prefix + encoded_identifier).digest()
                groups[test] = pieces[table[digest[12]]] or exact(digest[12:])
        for test, slot, rule in failures:
            if encoded[slot] is not None:
                call.errors[test] = call.failed[rule]
        return groups


class _Plan:
    """The tests in the order of evaluation, and the function that answers for most."""

    __slots__ = ("choosers", "experiments", "holds", "others", "select", "slots")

    def __init__(
        self, choosers: Iterable[Chooser], context_types: Mapping[str, ContextType] | None
    ) -> None:
        self.choosers = {each.name: each for each in choosers}
        ordinary = [each for each in self.choosers.values() if is_ordinary(each)]
        #: The tests that need their own way, each after those that it depends on.
        self.others = tuple(each for each in self.choosers.values() if not is_ordinary(each))
        #: The test types of ordinary tests, numbered.
        self.slots = {
            name: index for index, name in enumerate(sorted({each.test_type for each in ordinary}))
        }
        rules: dict[Rule, int] = {}
        self.select = build_select(ordinary, self.slots, rules, context_types)
        #: The rules that may be asked for, by number.
        self.holds = tuple(rules)
        #: Tests whose json payloads compete, in the order of evaluation.
        self.experiments = tuple(each for each in self.choosers.values() if each.experiment)

    def order(self, tests: Collection[str] | None) -> Iterable[Chooser]:
        """The choosers of *tests*, and of all that these depend on, in order."""
        if not tests:
            return self.choosers.values()
        definitions = {name: each.definition for name, each in self.choosers.items()}
        return [self.choosers[name] for name in in_order(definitions, sorted(tests))]


class _Call:
    """What one call needs and finds. The scope is made when a rule first asks for it."""

    __slots__ = ("_errors", "_scope", "context", "failed", "plan", "types", "variable_errors")

    def __init__(
        self,
        plan: _Plan,
        types: Mapping[str, ContextType] | None,
        context: Mapping[str, Any],
    ) -> None:
        # Most calls find nothing wrong, and a dict costs as much as a rule.
        self._errors: dict[str, RuleError] | None = None
        self._scope: Scope | None = None
        self.plan = plan
        self.types = types
        self.context = context

    @property
    def errors(self) -> dict[str, RuleError]:
        """The tests in which a rule failed."""
        if self._errors is None:
            self._errors = {}
        return self._errors

    @property
    def scope(self) -> Scope:
        """The variables as rules see them."""
        if self._scope is None:
            self.failed: dict[int, RuleError] = {}
            self.variable_errors: dict[str, str] = {}
            if self.types is None:
                self._scope = _plain_scope(self.context)
            else:
                self._scope = self._converted_scope(self.types)
            self._scope[MISSING_EXPERIMENTAL_UNIT] = False
        return self._scope

    def _converted_scope(self, types: Mapping[str, ContextType]) -> Scope:
        scope = Scope()
        for name, value in self.context.items():
            declared = types.get(name)
            if declared is None:
                scope[name] = value
                continue
            try:
                scope[name] = declared.convert(value)
            except ConversionError as error:
                self.variable_errors[name] = str(error)
        return scope

    def ask(self, number: int) -> bool | None:
        """Whether the rule of that number holds; None where it fails."""
        try:
            return holds(self.plan.holds[number], self._scope or self.scope)
        except RuleError as error:
            self.failed[number] = error
            return None

    def is_incognito(self) -> bool:
        """Whether the visitor is one to be left alone  [Proctor.determineTestGroups]."""
        value = self.scope.get(INCOGNITO)
        return value is not None and java_string(value).lower() == "true"

    def result(self, groups: dict[str, GroupAssignment]) -> Groups:
        """The groups, with what went wrong, and the properties that they won."""
        if self._scope is None and not self.plan.experiments:
            return Groups(groups)
        properties: dict[str, Property] = {}
        unlogged: frozenset[str] = frozenset()
        if self.plan.experiments:
            properties, unlogged = won_properties(self.plan.experiments, groups)
        variable_errors = {} if self._scope is None else self.variable_errors
        return Groups(groups, self._errors or {}, properties, variable_errors, unlogged)


def _plain_scope(context: Mapping[str, Any]) -> Scope:
    scope = Scope(context)
    for name, value in scope.items():
        if value.__class__ is int and not LONG_MIN <= value <= LONG_MAX:
            scope[name] = BigInteger(value)
    return scope


def _declared(context_types: Mapping[str, ContextType | str]) -> dict[str, ContextType]:
    return {
        name: each if isinstance(each, ContextType) else pipet_type(each)
        for name, each in context_types.items()
    }


def _validator(given: IdentifierValidator | None) -> Callable[[str, str], bool] | None:
    if given == "noempty":
        return lambda test_type, identifier: identifier != ""
    if given is None or callable(given):
        return given
    raise ConfigurationError(
        f"{given!r} is no identifier validator; write 'noempty', or a function of test type "
        "and identifier"
    )


def _accept(test_type: str, identifier: str) -> bool:
    return True


def _forced(given: ForceGroups | str | None, payload_tests: Collection[str]) -> ForceGroups:
    if isinstance(given, ForceGroups):
        return given
    return ForceGroups.parse(given, payload_tests) if given else _NO_FORCE

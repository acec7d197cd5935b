"""The engine: a matrix, compiled, and the groups of a visitor  [Proctor]."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from proctor.core.call import INCOGNITO, Call
from proctor.core.chooser import Chooser, Visit, choose
from proctor.core.context_types import ContextType, pipet_type, shown
from proctor.core.dependencies import in_order
from proctor.core.exceptions import ConfigurationError, IdentifierError, MatrixLoadError
from proctor.core.forcing import ForceGroups
from proctor.core.hashing import encode_identifier, md5
from proctor.core.plan import Plan
from proctor.core.rules.functions import LIBRARY, Function, extended
from proctor.core.rules.pool import RulePool
from proctor.core.source_keys import RANDOM
from proctor.core.validation import examine

if TYPE_CHECKING:
    from proctor.core.explanation import Explanation
    from proctor.core.groups import GroupAssignment, Groups
    from proctor.core.matrix import Matrix, TestDefinition
    from proctor.core.problems import Problem

__all__ = ["Proctor"]

#: Where fewer than one test in so many is asked for, they are evaluated one by one.
_FEW = 20

_NO_FORCE = ForceGroups()

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
        types = None if context_types is None else _declared(context_types)
        self._is_valid = _validator(identifier_validator)
        pool = RulePool(extended(LIBRARY, functions) if functions else LIBRARY)
        examination = examine(matrix, pool, types, test_types)
        if examination.fatal:
            raise MatrixLoadError(
                f"the matrix cannot be loaded: {examination.fatal[0]}", examination.problems
            )
        self._dropped = examination.dropped
        self._problems = examination.problems
        self._definitions = examination.loaded
        self._plan = Plan(
            [
                Chooser(examination.loaded[name], pool)
                for name in in_order(examination.loaded, sorted(examination.loaded))
            ],
            types,
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

    @property
    def loaded_names(self) -> Collection[str]:
        """The same, in no order, and quick to ask for a name."""
        return self._definitions.keys()

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
        if type(identifiers) is not dict or type(context) is not dict:
            context = _checked(identifiers, context)
        if RANDOM in identifiers:
            raise _random_given()
        plan = self._plan
        call = Call(plan, context)
        force = _forced(force_groups, force_payload_tests) if force_groups else _NO_FORCE
        incognito = INCOGNITO in context and call.is_incognito()
        wanted = plan.wanted(tests) if tests else None
        needed = None if wanted is None else wanted.names
        if force or incognito or (needed is not None and len(needed) * _FEW < len(plan.choosers)):
            call.convert()
            groups: dict[str, GroupAssignment] = {}
            remaining = plan.in_order(needed)
        else:
            groups = self._select(call, identifiers, needed)
            remaining = plan.others
            if needed is not None and remaining:
                remaining = tuple(each for each in remaining if each.name in needed)
        if remaining:
            visit = Visit(
                scope=call.scope,
                identifiers=_texts(identifiers),
                is_valid=self._is_valid or _accept,
                force=force,
                incognito=incognito,
                random=random if random_enabled else None,
                groups=groups,
                errors=call.errors,
            )
            for test in remaining:
                assignment = choose(test, visit)
                if assignment is not None:
                    groups[test.name] = assignment
        if wanted is not None:
            for name in wanted.parents:
                groups.pop(name, None)
        return call.result(groups)

    def explain(
        self,
        test: str,
        *,
        identifiers: Mapping[str, str | None],
        context: Mapping[str, Any] | None = None,
        force_groups: ForceGroups | str | None = None,
        force_payload_tests: Collection[str] = (),
        random_enabled: bool = False,
    ) -> Explanation:
        """What is decided for one visitor in one test, and why.

        The arguments are those of `determine_groups`, and so is the group, but that a test
        of type RANDOM draws anew. Slow: rules are evaluated several times. A test that is
        dropped is explained too. Raises UnknownTest for one that is not in the matrix, and
        IdentifierError as `determine_groups` does.
        """
        # Imported here: most programs never ask why.
        from proctor.core.explaining import (  # noqa: PLC0415
            WatchedVisit,
            explain,
            explain_dropped,
            refuse_unknown,
        )

        context = _checked(identifiers, context)
        if RANDOM in identifiers:
            raise _random_given()
        if test in self._dropped:
            definition = self._matrix.tests.get(test)
            test_type = None if definition is None else definition.test_type
            return explain_dropped(test, test_type, self._dropped[test])
        if test not in self._definitions:
            refuse_unknown(test, self._matrix.tests)
        call = Call(self._plan, context)
        force = _forced(force_groups, force_payload_tests) if force_groups else _NO_FORCE

        def visit(force: ForceGroups) -> WatchedVisit:
            return WatchedVisit(
                scope=call.scope,
                identifiers=_texts(identifiers),
                is_valid=self._is_valid or _accept,
                force=force,
                incognito=INCOGNITO in context and call.is_incognito(),
                random=random if random_enabled else None,
                groups={},
                errors={},
                variable_errors=call.variable_errors,
            )

        order = self._plan.in_order(self._plan.with_parents([test]))
        return explain(tuple(order), visit(force), visit(_NO_FORCE))

    def _select(
        self, call: Call, identifiers: Mapping[str, str | None], needed: Collection[str] | None
    ) -> dict[str, GroupAssignment]:
        """The groups in all ordinary tests, or those of them that are *needed*."""
        is_valid = self._is_valid
        encoded: list[bytes | None] = []
        for test_type in self._plan.slots:
            identifier = identifiers.get(test_type)
            if identifier is not None:
                if type(identifier) is not str:
                    identifier = str(identifier)
                if is_valid is None or is_valid(test_type, identifier):
                    try:
                        encoded.append(identifier.encode())
                    except UnicodeEncodeError:
                        encoded.append(encode_identifier(identifier))
                    continue
            encoded.append(None)
        rows, failures = self._plan.select(call.context.get, call.ask, call.convert)
        if self._plan.unread:
            call.notice_refusals()
        if needed is not None:
            rows = [row for row in rows if row[0] in needed]
            failures = [failure for failure in failures if failure[0] in needed]
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


def _checked(identifiers: object, context: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The context, or an empty one; TypeError where either is no mapping."""
    for name, value in (("identifiers", identifiers), ("context", context)):
        if value is None and name == "context":
            return {}
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} is {shown(value)}; give a dict of values by name")
    assert context is not None
    return context


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


def _texts(identifiers: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in identifiers.items()}


def _random_given() -> IdentifierError:
    return IdentifierError(
        "an identifier of type RANDOM was given; such tests draw a number themselves"
    )


def _accept(test_type: str, identifier: str) -> bool:
    return True


def _forced(given: ForceGroups | str, payload_tests: Collection[str]) -> ForceGroups:
    if isinstance(given, ForceGroups):
        return given
    if not isinstance(given, str):
        raise TypeError(f"force_groups is {shown(given)}; give the text, a ForceGroups, or None")
    return ForceGroups.parse(given, payload_tests)

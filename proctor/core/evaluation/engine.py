"""The engine: compile a matrix and find the groups of a visitor  [Proctor]."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

from proctor.core.evaluation.arguments import (
    NO_FORCE,
    accept,
    accepted,
    checked_context,
    declared_types,
    forced,
    random_given,
    texts,
)
from proctor.core.evaluation.call import (
    INCOGNITO,
    EngineCall,
    Unprepared,
    is_incognito,
    unprepared,
)
from proctor.core.evaluation.chooser import VisitorState, choose
from proctor.core.evaluation.compiled import CompiledMatrix, Declarations, compile_matrix
from proctor.core.evaluation.few_tests import groups_in_few
from proctor.core.evaluation.function_tree import Row, group_of_row
from proctor.core.evaluation.hashing import encode_identifier, md5
from proctor.core.evaluation.selection import is_ordinary
from proctor.core.inputs.identifier_validators import validity_of
from proctor.core.matrices.limits import RANDOM
from proctor.core.messages import counted
from proctor.core.rules.functions import LIBRARY, Function, extended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from proctor.core.evaluation.explanation import Explanation
    from proctor.core.evaluation.groups import GroupAssignment, Groups
    from proctor.core.evaluation.plan import Plan
    from proctor.core.evaluation.selection import One
    from proctor.core.inputs.force_groups import ForceGroups
    from proctor.core.inputs.identifier_validators import IdentifierValidator
    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import Matrix, TestDefinition
    from proctor.core.problems import Problem

__all__ = ["Proctor", "plan_of"]

_NO_CONTEXT: dict[str, Any] = {}


class Proctor:
    """A matrix, checked and compiled. Immutable; safe to share between threads.

    *context_types* declares the variables that rules can use. It maps the name of each variable to
    a `ContextType`, or to that type's name in Pipet. Rules are then checked against these
    declarations, and the values passed to a call are converted. If *context_types* is None, rules
    are only parsed, and they use Python values instead of Java's. *test_types* are the known test
    types, in addition to Proctor's own. *identifier_validator* is "noempty", which rejects empty
    identifiers, or a function that returns False for each identifier to reject. Rejected
    identifiers count as missing, except in tests with unitless allocations. *functions* adds rule
    functions. Its keys have the form `prefix:name`.

    Raises MatrixLoadError if Java Proctor rejects the whole matrix, and ConfigurationError for an
    invalid declaration. A single invalid test raises no error; it is listed in `dropped`.
    """

    def __init__(
        self,
        matrix: Matrix,
        context_types: Mapping[str, ContextType | str] | None = None,
        test_types: Collection[str] = (),
        identifier_validator: IdentifierValidator | None = None,
        functions: Mapping[str, Function | Callable[..., Any]] | None = None,
    ) -> None:
        self._is_valid = validity_of(identifier_validator)
        self._declarations = Declarations(
            None if context_types is None else declared_types(context_types),
            tuple(test_types),
            extended(LIBRARY, functions) if functions else LIBRARY,
        )
        self._take(matrix, None)

    def with_matrix(self, matrix: Matrix) -> Proctor:
        """Return an engine for a new matrix with the same declarations.

        Definitions that are the same objects in both matrices are not checked or compiled again.
        Raises MatrixLoadError if Java Proctor rejects the whole matrix.
        """
        other = copy.copy(self)
        other._take(matrix, self._compiled)  # noqa: SLF001 - a new object of this class
        return other

    def _take(self, matrix: Matrix, old: CompiledMatrix | None) -> None:
        self._matrix = matrix
        self._compiled = compile_matrix(matrix, self._declarations, old)
        examination = self._compiled.examination
        self._dropped = examination.dropped
        self._problems = examination.problems
        self._definitions = examination.loaded
        self._plan = self._compiled.plan

    def __repr__(self) -> str:
        version = self._matrix.audit.version
        return f"<Proctor: matrix version {version!r}, {counted(len(self._definitions), 'test')}>"

    @property
    def matrix(self) -> Matrix:
        """The matrix, including the tests that were dropped."""
        return self._matrix

    @property
    def loaded(self) -> tuple[str, ...]:
        """The names of the tests that are evaluated, sorted."""
        return tuple(sorted(self._definitions))

    @property
    def dropped(self) -> Mapping[str, Problem]:
        """The tests that Java Proctor would leave out, with the reasons."""
        return self._dropped

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems in the matrix, including warnings."""
        return self._problems

    @property
    def loaded_names(self) -> Collection[str]:
        """The names of `loaded` as a set, for fast membership tests."""
        return self._definitions.keys()

    @property
    def identifier_validator(self) -> Callable[[str, str], bool] | None:
        """The function that checks identifiers; None if all identifiers are accepted."""
        return self._is_valid

    def definition(self, test: str) -> TestDefinition:
        """Return the definition of a loaded test. Raises KeyError for any other test."""
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
        """Return the groups of one visitor  [Proctor.determineTestGroups].

        *identifiers* maps test types to identifiers. If a type is missing or its identifier is
        None, tests of that type give no group. *context* maps the names of variables to their
        values. *force_groups* are the groups that the visitor forces; payloads can be forced only
        for *force_payload_tests*. *tests* restricts the result: None or empty means all tests, and
        unknown names are ignored. If *random_enabled*, tests of type RANDOM draw a group.

        If a rule fails, its test gives no group, and the error is in the result's `errors`. If a
        value cannot be converted, rules do not see the variable, and the reason is in
        `variable_errors`. Raises IdentifierError for an identifier of type RANDOM.
        """
        if type(identifiers) is not dict or type(context) is not dict:
            context = checked_context(identifiers, context)
        if RANDOM in identifiers:
            raise random_given()
        plan = self._plan
        force = forced(force_groups, force_payload_tests) if force_groups else NO_FORCE
        incognito = INCOGNITO in context and is_incognito(context, plan.types)
        steps = incognito or (force is not NO_FORCE and bool(force))
        wanted = plan.wanted(tests) if tests else None
        if wanted is not None and wanted.ones is not None and not steps:
            return groups_in_few(plan, self._is_valid, identifiers, context, wanted)
        call = EngineCall(plan, context)
        if steps or (wanted is not None and not wanted.are_many):
            call.convert()
            groups: dict[str, GroupAssignment] = {}
            remaining = plan.in_order(None if wanted is None else wanted.names)
        else:
            groups = self._select(call, identifiers, None if wanted is None else wanted.names)
            remaining = plan.others if wanted is None else wanted.others
        if remaining:
            visit = VisitorState(
                scope=call.scope,
                identifiers=texts(identifiers),
                is_valid=self._is_valid or accept,
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
        if wanted is not None and wanted.parents:
            for name in wanted.parents:
                groups.pop(name, None)
        return call.result(groups)

    def determine_group(
        self,
        test: str,
        *,
        identifiers: Mapping[str, str | None],
        context: Mapping[str, Any] | None = None,
        force_groups: ForceGroups | str | None = None,
        force_payload_tests: Collection[str] = (),
        random_enabled: bool = False,
    ) -> GroupAssignment | None:
        """Return the group of one visitor in one test, or None if there is no group.

        The result is the same as that of `determine_groups(tests=(test,), …).get(test)`, but
        computing it takes only half the time. The arguments and the errors are the same, too. A
        result of None does not tell you why there is no group, or whether the test exists: call
        `explain` to find out, or `determine_groups` to see the errors of rules. The result for an
        unknown test is None. Raises TypeError if *test* is not a str.
        """
        if not isinstance(test, str):
            raise TypeError(f"expected a test name (str), got {type(test).__qualname__}")
        if context is None:
            context = _NO_CONTEXT
        plan = self._plan
        one = plan.ones.get(test)
        if (
            one is None
            or force_groups
            or type(identifiers) is not dict
            or type(context) is not dict
            or (INCOGNITO in context and is_incognito(context, plan.types))
            or RANDOM in identifiers
        ):
            one = self._one(test, identifiers, context)
            if one is None or force_groups or is_incognito(context, plan.types):
                return self.determine_groups(
                    identifiers=identifiers,
                    context=context,
                    force_groups=force_groups,
                    tests=(test,),
                    force_payload_tests=force_payload_tests,
                    random_enabled=random_enabled,
                ).get(test)
        identifier = identifiers.get(one.test_type)
        if type(identifier) is not str or self._is_valid is not None:
            identifier = accepted(self._is_valid, one.test_type, identifier)
        if identifier is None:
            return None
        try:
            row = one.row or one.select(context.get, unprepared, unprepared)
        except Unprepared:
            call = EngineCall(self._plan, context)
            row = one.select(context.get, call.ask, call.convert)
        return group_of_row(row, identifier) if type(row) is Row else None

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
        """Return the decision for one visitor in one test, and why it was made.

        The arguments and the resulting group are the same as for `determine_groups`, except that a
        test of type RANDOM draws a new number. Explaining is slow, because rules are evaluated
        several times. Dropped tests are explained too. Raises UnknownTest for a test that is not in
        the matrix, and IdentifierError in the same cases as `determine_groups`.
        """
        # Imported here because most programs never need explanations.
        from proctor.core.evaluation.explainer import (  # noqa: PLC0415
            WatchedVisit,
            explain,
            explain_dropped,
            refuse_unknown,
        )

        context = checked_context(identifiers, context)
        if RANDOM in identifiers:
            raise random_given()
        if test in self._dropped:
            definition = self._matrix.tests.get(test)
            test_type = None if definition is None else definition.test_type
            return explain_dropped(test, test_type, self._dropped[test])
        if test not in self._definitions:
            refuse_unknown(test, self._matrix.tests)
        call = EngineCall(self._plan, context)
        force = forced(force_groups, force_payload_tests) if force_groups else NO_FORCE

        def visit(force: ForceGroups) -> WatchedVisit:
            return WatchedVisit(
                scope=call.scope,
                identifiers=texts(identifiers),
                is_valid=self._is_valid or accept,
                force=force,
                incognito=is_incognito(context, self._plan.types),
                random=random if random_enabled else None,
                groups={},
                errors={},
                variable_errors=call.variable_errors,
            )

        order = self._plan.in_order(self._plan.with_parents([test]))
        return explain(tuple(order), visit(force), visit(NO_FORCE))

    def function_text(self, test: str | None = None) -> str:
        """Return the Python function that the matrix was compiled to, as readable text.

        This is the function for all tests, or the one that `determine_group` calls for *test*.
        Comments in the text name the tests that the function does not contain, either because they
        are evaluated separately or because they were dropped. Raises UnknownTest for a test that is
        not loaded.
        """
        # Imported here because few programs print the function.
        from proctor.core.evaluation.function_text import function_text  # noqa: PLC0415

        return function_text(self._plan, test, dropped=self._dropped)

    def _one(
        self, test: str, identifiers: Mapping[str, str | None], context: Mapping[str, Any]
    ) -> One | None:
        """Return the function of a test, or None if the test is unknown or not ordinary."""
        checked_context(identifiers, context)
        if RANDOM in identifiers:
            raise random_given()
        chooser = self._plan.choosers.get(test)
        if chooser is None or not is_ordinary(chooser):
            return None
        return self._plan.one(chooser)

    def _select(
        self,
        call: EngineCall,
        identifiers: Mapping[str, str | None],
        needed: Collection[str] | None,
    ) -> dict[str, GroupAssignment]:
        """Return the groups in all ordinary tests, or only in those listed in *needed*."""
        plan = self._plan
        encoded: list[bytes | None] = []
        for test_type in plan.slots:
            identifier = identifiers.get(test_type)
            if type(identifier) is not str or self._is_valid is not None:
                identifier = accepted(self._is_valid, test_type, identifier)
            encoded.append(None if identifier is None else encode_identifier(identifier))
        rows, failures = plan.select(call.context.get, call.ask, call.convert)
        if plan.unread:
            call.notice_refusals(plan.unread)
        if needed is not None:
            rows = [row for row in rows if row[0] in needed]
            failures = [failure for failure in failures if failure[0] in needed]
        groups: dict[str, GroupAssignment] = {}
        for test, slot, prefix, table, pieces, exact in rows:
            encoded_identifier = encoded[slot]
            if encoded_identifier is not None:
                digest = md5(prefix + encoded_identifier).digest()
                # Test for None, not for truth, because an assignment is false if its value is 0 or
                # less.
                found = pieces[table[digest[12]]]
                groups[test] = exact(digest[12:]) if found is None else found
        for test, slot, rule in failures:
            if encoded[slot] is not None:
                call.errors[test] = call.failed[rule]
        return groups


def plan_of(proctor: Proctor) -> Plan:
    """Return the compiled tests of a Proctor, to evaluate many visitors at once."""
    return proctor._plan  # noqa: SLF001 - private, but owned by this module

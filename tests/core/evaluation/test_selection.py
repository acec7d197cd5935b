"""The fast paths, for all tests and for one test, give the same results as the reference."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from proctor.core.evaluation.chooser import Chooser, VisitorState, choose
from proctor.core.evaluation.engine import Proctor
from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.java.numerals import LONG_MAX, LONG_MIN
from proctor.core.java.values import BigInteger
from proctor.core.matrices.dependencies import in_order
from proctor.core.matrices.matrix import Matrix
from proctor.core.matrices.validation import examine
from proctor.core.rules.compiler import Scope
from proctor.core.rules.pool import RulePool
from tests.core import randomrules

if TYPE_CHECKING:
    from proctor.core.java.context_types import ContextType


class Definition:
    """The reference: a matrix evaluated test by test with `choose`, without caching."""

    def __init__(
        self, matrix: Matrix, types: dict[str, ContextType] | None, validator: str | None
    ) -> None:
        pool = RulePool()
        self.loaded = examine(matrix, pool, types).loaded
        self.types = types
        self.validator = validator
        names = in_order(self.loaded, sorted(self.loaded))
        self.choosers = [Chooser(self.loaded[name], pool) for name in names]

    def is_valid(self, test_type: str, identifier: str) -> bool:
        return self.validator is None or identifier != ""

    def scope(self, context: dict[str, Any]) -> tuple[Scope, dict[str, str]]:
        scope, refused = Scope(), {}
        for name, value in context.items():
            try:
                scope[name] = (
                    self.types[name].convert(value) if name in (self.types or ()) else value
                )
            except ConversionError as error:
                refused[name] = str(error)
            if self.types is None and type(value) is int and not LONG_MIN <= value <= LONG_MAX:
                scope[name] = BigInteger(value)
        scope["missingExperimentalUnit"] = False
        return scope, refused

    def needed(self, tests: list[str]) -> set[str]:
        """The requested tests, their parents, and so on."""
        names = {name for name in tests if name in self.loaded}
        while True:
            parents = {
                self.loaded[name].depends_on.test_name
                for name in names
                if self.loaded[name].depends_on
            }
            if parents <= names:
                return names
            names |= parents

    def answer(
        self,
        *,
        identifiers: dict[str, Any],
        context: dict[str, Any],
        force_groups: str | None = None,
        tests: list[str] | None = None,
        random_enabled: bool = False,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        scope, refused = self.scope(context)
        incognito = scope.get("isIncognitoUser")
        visit = VisitorState(
            scope=scope,
            identifiers={
                name: None if value is None else str(value) for name, value in identifiers.items()
            },
            is_valid=self.is_valid,
            force=ForceGroups.parse(force_groups),
            incognito=str(incognito).lower() == "true",
            random=random if random_enabled else None,
            groups={},
            errors={},
        )
        needed = self.needed(tests) if tests else set(self.loaded)
        for test in self.choosers:
            visit.answers.clear()
            if test.name in needed:
                assignment = choose(test, visit)
                if assignment is not None:
                    visit.groups[test.name] = assignment
        wanted = tests or self.loaded
        groups = {name: visit.groups[name] for name in visit.groups if name in wanted}
        return groups, {name: type(error) for name, error in visit.errors.items()}, refused


def quick_answer(
    proctor: Proctor, call: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    groups = proctor.determine_groups(**call)
    errors = {name: type(error) for name, error in groups.errors.items()}
    return dict(groups), errors, dict(groups.variable_errors)


def outcome(evaluate: Any) -> Any:
    """The outcome of a call, which may be an exception raised by a visitor's value."""
    random.seed(1)
    try:
        return evaluate()
    except RuntimeError as error:
        return str(error)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    document=randomrules.definitions(),
    style=randomrules.styles,
    validator=st.sampled_from([None, "noempty"]),
    calls=st.lists(randomrules.calls(), min_size=1, max_size=5),
)
def test_the_quick_way_gives_what_the_definition_gives(document, style, validator, calls):
    matrix = Matrix.from_dict(document)
    types = randomrules.declared(style)
    try:
        proctor = Proctor(matrix, context_types=types, identifier_validator=validator)
    except MatrixLoadError:
        reject()
    definition = Definition(matrix, types, validator)
    for call in calls:
        call["context"] = randomrules.real(call["context"])
        mine = outcome(lambda: quick_answer(proctor, call))  # noqa: B023 - called at once
        meant = outcome(lambda: definition.answer(**call))  # noqa: B023
        assert mine == meant, call


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    document=randomrules.definitions(),
    style=randomrules.styles,
    validator=st.sampled_from([None, "noempty"]),
    calls=st.lists(randomrules.calls(), min_size=1, max_size=3),
)
def test_one_test_by_itself_gives_what_it_gives_among_all(document, style, validator, calls):
    types = randomrules.declared(style)
    try:
        proctor = Proctor(
            Matrix.from_dict(document), context_types=types, identifier_validator=validator
        )
    except MatrixLoadError:
        reject()
    for call in calls:
        call["context"] = randomrules.real(call["context"])
        del call["random_enabled"]
        call.pop("tests", None)
        meant = outcome(lambda: quick_answer(proctor, call))  # noqa: B023 - called at once
        for name in [*document["tests"], "unknown"]:
            one = outcome(lambda: proctor.determine_group(name, **call))  # noqa: B023
            few = outcome(lambda: quick_answer(proctor, {**call, "tests": (name,)}))  # noqa: B023
            if isinstance(meant, str):
                # A value of the visitor's raised: here too, unless the test does not look at it.
                assert meant in (one, few) or not isinstance(one, str)
                continue
            groups, errors, refused = meant
            assert one == groups.get(name), (name, call)
            parents = _ancestors(document, name) if name in proctor.loaded_names else set()
            assert few == (
                {name: groups[name]} if name in groups else {},
                {each: error for each, error in errors.items() if each in parents},
                refused,
            ), (name, call)


def _ancestors(document: dict[str, Any], name: str) -> set[str]:
    """A test and the tests that it depends on."""
    found = set()
    test = document["tests"].get(name)
    while test is not None:
        found.add(name)
        name = test.get("dependsOn", {}).get("testName")
        test = document["tests"].get(name)
    return found

"""The quick way through a whole matrix gives what the definition, test by test, gives."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from proctor.core.chooser import Chooser, Visit, choose
from proctor.core.dependencies import in_order
from proctor.core.engine import Proctor
from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.forcing import ForceGroups
from proctor.core.matrix import Matrix
from proctor.core.rules.compiler import Scope
from proctor.core.rules.numerals import LONG_MAX, LONG_MIN
from proctor.core.rules.pool import RulePool
from proctor.core.rules.values import BigInteger
from proctor.core.validation import examine
from tests.core import randomrules

if TYPE_CHECKING:
    from proctor.core.context_types import ContextType


class Definition:
    """A matrix evaluated test by test through `choose`, nothing remembered in between."""

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
        """The tests asked for, their parents, and so on."""
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
        visit = Visit(
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
    """What comes of a call; a value of the visitor's may raise where nobody can help it."""
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

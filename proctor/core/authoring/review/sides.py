"""One side of a review: the tests before or after the change, and those that the engine loads."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.definitions import consumable_definition
from proctor.core.matrices.matrix import Audit, Matrix, TestDefinition
from proctor.core.matrices.validation import examine

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from proctor.core.java.context_types import ContextType
    from proctor.core.problems import Problem
    from proctor.core.rules.pool import RulePool

__all__ = ["Reviewed", "Side", "differ", "tests_of"]

#: What can be reviewed: a matrix; a test in the matrix's format; None for a test that does not
#: exist; or a mapping from names to tests. In such a mapping, a value that is itself a plain
#: mapping is a definition in the editor's format.
Reviewed: TypeAlias = (
    "TestDefinition | Matrix | Mapping[str, TestDefinition | Mapping[str, Any]] | None"
)


class Side:
    """The state before or after the change: all tests, and the tests that the engine loads."""

    def __init__(
        self,
        given: Reviewed,
        pool: RulePool,
        context_types: Mapping[str, ContextType] | None,
        test_types: Collection[str],
    ) -> None:
        self.tests = tests_of(given)
        checked = self.tests
        if isinstance(given, TestDefinition):
            checked = {name: _alone(test) for name, test in self.tests.items()}
        examination = examine(Matrix(Audit(), checked), pool, context_types, test_types)
        self.dropped = examination.dropped
        self.loaded = {name: self.tests[name] for name in examination.loaded}
        self.problems: dict[str, list[Problem]] = {}
        for problem in examination.problems:
            self.problems.setdefault(problem.test or "", []).append(problem)

    def only(self, names: Collection[str]) -> dict[str, TestDefinition]:
        """Return the loaded tests with these names."""
        return {name: self.loaded[name] for name in names if name in self.loaded}


def _alone(test: TestDefinition) -> TestDefinition:
    return replace(test, depends_on=None)


def differ(old: TestDefinition, new: TestDefinition) -> bool:
    """Return True if two definitions differ in any field."""
    return old is not new and _comparable(old) != _comparable(new)


def _comparable(part: Any) -> Any:
    # Compare as text, because in Python 1, 1.0 and True are equal, and NaN does not equal itself.
    if is_dataclass(part):
        return [_comparable(getattr(part, each.name)) for each in fields(part) if each.compare]
    if isinstance(part, tuple):
        return list(map(_comparable, part))
    return part if isinstance(part, frozenset) else repr(part)


def tests_of(given: Reviewed) -> dict[str, TestDefinition]:
    """Return a mapping from names to tests in the matrix's format.

    Raises MatrixLoadError if a definition in the editor's format cannot be read.
    """
    if given is None:
        return {}
    if isinstance(given, TestDefinition):
        return {given.name: given}
    tests = given.tests if isinstance(given, Matrix) else given
    return {
        name: test if isinstance(test, TestDefinition) else _converted(name, test)
        for name, test in tests.items()
    }


def _converted(name: str, definition: Mapping[str, Any]) -> TestDefinition:
    """Convert a definition from the editor's format to the matrix's; keep its unknown fields."""
    read = TestDefinition.from_dict(name, definition)
    test = TestDefinition.from_dict(name, consumable_definition(definition))
    extra = {key: value for key, value in read.extra.items() if key != "specialConstants"}
    return replace(
        test,
        extra=FrozenDict(extra),
        buckets=tuple(map(_with_extra, test.buckets, read.buckets)),
        allocations=tuple(map(_with_extra, test.allocations, read.allocations)),
    )


def _with_extra(part: Any, read: Any) -> Any:
    return replace(part, extra=read.extra)

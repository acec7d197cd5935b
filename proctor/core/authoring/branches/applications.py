"""Applications and the tests that they use [RemoteProctorSpecificationSource, MatrixChecker]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.authoring.compatibility.dynamic_filters import matches_any
from proctor.core.authoring.compatibility.verification import verify
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Audit, Matrix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.authoring.branches.revisions import Branch
    from proctor.core.authoring.compatibility.specifications import Specification
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["Application", "deletion_errors", "promotion_errors", "users"]


@dataclass(frozen=True, slots=True)
class Application:
    """A running application and its specifications."""

    name: str
    version: str
    #: The application's specifications, except those that could not be read.
    specifications: tuple[Specification, ...] = ()

    @property
    def label(self) -> str:
        """The name for use in messages: `shop@1.2`, or just `shop` if there is no version."""
        return f"{self.name}@{self.version}" if self.version else self.name

    def names(self, test: str) -> bool:
        """Return whether any of the application's specifications names the test."""
        return any(test in each.tests for each in self.specifications)

    def takes(self, test: TestDefinition) -> bool:
        """Return whether any specification names the test or selects it with a filter."""
        return self.names(test.name) or any(
            matches_any(each.dynamic_filters, test) for each in self.specifications
        )


def users(branch: Branch, test: str, applications: Iterable[Application]) -> list[Application]:
    """Return the *applications* of a branch that use the current version of a test.

    The result is empty if the branch does not have the test.
    """
    definition = branch.current(test)
    if definition is None:
        return []
    consumable = definition.consumable()
    return [each for each in applications if each.takes(consumable)]


def promotion_errors(
    test: TestDefinition, applications: Iterable[Application], source: str
) -> list[str]:
    """Return Java Proctor's message for each of the *applications* that could not load *test*.

    Each application is checked against a matrix that contains only this test. Specifications that
    do not name the test are skipped. Raises Refusal if the check itself fails.
    """
    matrix = Matrix(Audit(), FrozenDict({test.name: test}))
    errors = []
    for application in applications:
        for specification in application.specifications:
            found = verify(matrix, specification, source).errors.get(test.name)
            if found is not None:
                text = found.java_message or found.message
                errors.append(f"{application.label} cannot load test '{test.name}': {text}")
    return errors


def deletion_errors(test: str, applications: Iterable[Application]) -> list[str]:
    """Return a message for each application that still names the *test*, which is to be deleted."""
    return [f"{each.label} requires test '{test}'" for each in applications if each.names(test)]

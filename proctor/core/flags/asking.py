"""Get flags from a source: a visitor's group, or the reason why the visitor has no group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.exceptions import ProctorError
from proctor.core.flags.errors import FlagError, matrix_refusal, refusal, source_failure
from proctor.core.sources.source import MatrixSource

if TYPE_CHECKING:
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.groups import GroupAssignment, Groups
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.core.sources.source import GroupsRequest, Source

__all__ = ["FlagSource", "FoundFlag"]


class FoundFlag(NamedTuple):
    """A visitor's group, and the definition of the test if the definition is known."""

    assignment: GroupAssignment
    definition: TestDefinition | None


class FlagSource:
    """Gets flags from a source. Thread-safe if the source is thread-safe."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.matrix = source if isinstance(source, MatrixSource) else None
        # A subclass can override `determine_groups`, which the shortcut would bypass.
        self._is_short = (
            getattr(type(source), "determine_groups", None) is MatrixSource.determine_groups
        )

    def one(self, request: GroupsRequest, test: str) -> FoundFlag | None:
        """Return the flag of one test, or None if the visitor is not eligible. Raises FlagError.

        With a MatrixSource, a fast call first determines only the group. If there is no group, a
        slower call finds out why.
        """
        try:
            if self.matrix is not None and self._is_short:
                proctor = self.matrix.current().proctor
                assignment = self.matrix.determine_group(request, test, proctor=proctor)
                if assignment is not None:
                    return FoundFlag(assignment, proctor.definition(test))
            answer = self._ask(request)
        except ProctorError as error:
            raise source_failure(error) from error
        found = answer.flag(test)
        if isinstance(found, FlagError):
            raise found
        return found

    def many(
        self, request: GroupsRequest, tests: tuple[str, ...]
    ) -> dict[str, FoundFlag | FlagError | None]:
        """Return the result of `one` for each of *tests*, by name: a flag, None or a FlagError.

        *request* must include these tests. Raises FlagError if the source has no answer.
        """
        try:
            answer = self._ask(request)
        except ProctorError as error:
            raise source_failure(error) from error
        return {test: answer.flag(test) for test in tests}

    def _ask(self, request: GroupsRequest) -> _Answer:
        if self.matrix is None:
            return _Answer(request, self.source.determine_groups(request), None, None)
        proctor = self.matrix.current().proctor
        if self._is_short:
            groups = self.matrix.determine_groups(request, proctor=proctor)
        else:
            groups = self.matrix.determine_groups(request)
        return _Answer(request, groups, self.matrix, proctor)


class _Answer(NamedTuple):
    """A source's answer to a request and, for a MatrixSource, the matrix that was used."""

    request: GroupsRequest
    groups: Groups
    matrix: MatrixSource | None
    proctor: Proctor | None

    def flag(self, test: str) -> FoundFlag | FlagError | None:
        """Return the flag of *test*, None if the visitor is not eligible, or a FlagError."""
        assignment = self.groups.get(test)
        if self.matrix is None or self.proctor is None:
            if assignment is not None and not assignment.reason.is_default:
                return FoundFlag(assignment, None)
            return refusal(test, self.request)
        if assignment is not None:
            # If the matrix was just replaced, the new one might not have the test.
            is_known = test in self.proctor.loaded_names
            return FoundFlag(assignment, self.proctor.definition(test) if is_known else None)
        return matrix_refusal(test, self.request, self.groups, self.matrix, self.proctor)

"""Who decides the groups: the seam for sources, and the matrix in the process."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from proctor.core.closing import Closing
from proctor.core.engine import Proctor
from proctor.core.exceptions import SourceError
from proctor.core.reloading import MatrixLoader, Snapshot
from proctor.core.variables import TEST_TYPES, Variables

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    import requests

    from proctor.core.engine import IdentifierValidator
    from proctor.core.explanation import Explanation
    from proctor.core.forcing import ForceGroups
    from proctor.core.groups import Groups
    from proctor.core.matrix import Matrix
    from proctor.core.rules.functions import Function

__all__ = ["GroupsRequest", "MatrixSource", "Source"]


@dataclass(frozen=True, slots=True)
class GroupsRequest:
    """What a source is asked: one visitor, by source keys as the application gives them."""

    identifiers: Mapping[str, object] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)
    #: What the visitor asks for, by a privilege that has been checked.
    force_groups: ForceGroups | None = None
    #: Names of the tests wanted; None for all.
    tests: tuple[str, ...] | None = None
    #: Seconds that the answer may take; None for the source's own limit.
    timeout: float | None = None
    #: Gives the session of requests that a service is asked with, or None for the source's
    #: own. Called only where a call is made.
    get_http: Callable[[], requests.Session | None] | None = None


class Source(Protocol):
    """Who decides."""

    @property
    def waits(self) -> bool:
        """Whether an answer may take as long as files or a network do.

        Such a source is not asked in an event loop: it is asked before, in a thread. If it
        has a method `prepare`, that is called instead, to make the answer a quick one. A
        class without this attribute counts as one that waits.
        """

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """The groups of a visitor. Raises SourceError where there is no answer."""

    def close(self) -> None:
        """Let go of what is held; harmless when repeated."""


class MatrixSource(Closing):
    """A matrix in a file or behind a URL, evaluated in the process and kept fresh.

    *location* is a path or an http(s) URL. *variables* says what source keys mean; without
    it a key that is a test type's name stands for itself, and every key of the context is a
    variable. *test_types*, *identifier_validator* and *functions* are those of `Proctor`.
    *options* are those of `MatrixLoader`, which does the loading: nothing is read before
    the first visitor, and a matrix that is bad never replaces a good one.

    Tests of type RANDOM draw, as in Pipet. Safe for threads and after a fork.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        variables: Variables | None = None,
        *,
        test_types: Collection[str] = (),
        identifier_validator: IdentifierValidator | None = None,
        functions: Mapping[str, Function | Callable[..., Any]] | None = None,
        **options: Any,
    ) -> None:
        self._variables = variables or Variables(context=None)
        self._test_types = tuple(test_types)
        self._known_types = frozenset((*TEST_TYPES, *self._test_types))
        self._keep_empty = identifier_validator is not None

        def build(matrix: Matrix) -> Proctor:
            return Proctor(
                matrix,
                context_types=self._variables.context_types,
                test_types=self._test_types,
                identifier_validator=identifier_validator,
                functions=functions,
            )

        self._loader: MatrixLoader[Proctor] = MatrixLoader(location, build=build, **options)

    @property
    def location(self) -> str:
        """Where the matrix is, without secrets."""
        return self._loader.location

    @property
    def variables(self) -> Variables:
        """What source keys mean."""
        return self._variables

    @property
    def test_types(self) -> tuple[str, ...]:
        """The test types that are known besides Proctor's own."""
        return self._test_types

    @property
    def waits(self) -> bool:
        """Whether there is no matrix yet, so that an answer has to wait for one."""
        return not self._loader.has_matrix

    def prepare(self) -> None:
        """Load the matrix if there is none yet, so that later answers do not wait for it.

        Where that fails, the next question says why.
        """
        with contextlib.suppress(SourceError):
            self.current()

    def current(self, timeout: float | None = None) -> Snapshot[Proctor]:
        """The matrix of now, compiled; see `MatrixLoader.current`."""
        return self._loader.current(timeout)

    def subscribe(
        self,
        *,
        on_change: Callable[[Snapshot[Proctor]], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
        on_recovery: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Be told of new matrices and of outages; see `MatrixLoader.subscribe`."""
        return self._loader.subscribe(
            on_change=on_change, on_failure=on_failure, on_recovery=on_recovery
        )

    def determine_groups(self, request: GroupsRequest, *, proctor: Proctor | None = None) -> Groups:
        """The groups of a visitor. Raises SourceError while there is no matrix.

        *proctor* is as for `explain`.
        """
        found = proctor or self._loader.current(request.timeout).proctor
        return found.determine_groups(
            identifiers=self._identifiers(request),
            context=self._variables.context(request.context),
            force_groups=request.force_groups,
            tests=request.tests,
            random_enabled=True,
        )

    def explain(
        self, request: GroupsRequest, test: str, *, proctor: Proctor | None = None
    ) -> Explanation:
        """What is decided for a visitor in one test, and why: see `Proctor.explain`.

        The request's own list of tests does not matter. *proctor* is one that `current` has
        given before, for several questions to one version. Raises UnknownTest for a test that
        is not in the matrix, and SourceError while there is none.
        """
        found = proctor or self._loader.current(request.timeout).proctor
        return found.explain(
            test,
            identifiers=self._identifiers(request),
            context=self._variables.context(request.context),
            force_groups=request.force_groups,
            random_enabled=True,
        )

    def _identifiers(self, request: GroupsRequest) -> dict[str, str]:
        return self._variables.identifiers(
            request.identifiers,
            self._known_types,
            keep_empty=self._keep_empty,
        )

    def close(self) -> None:
        """Load no more; harmless when repeated."""
        self._loader.close()

    def __repr__(self) -> str:
        return f"<MatrixSource over {self._loader!r}>"

"""The interface of a source of groups, and the source that evaluates a matrix in this process."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from proctor.core.evaluation.engine import Proctor
from proctor.core.exceptions import SourceError
from proctor.core.inputs.identifier_validators import validity_of
from proctor.core.inputs.variables import Variables
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.messages import shown
from proctor.core.sources.closing import Closing
from proctor.core.sources.reloading import MatrixLoader

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    import requests

    from proctor.core.evaluation.explanation import Explanation
    from proctor.core.evaluation.groups import GroupAssignment, Groups
    from proctor.core.inputs.force_groups import ForceGroups
    from proctor.core.inputs.identifier_validators import IdentifierValidator
    from proctor.core.matrices.matrix import Matrix
    from proctor.core.rules.functions import Function
    from proctor.core.sources.snapshots import Snapshot

__all__ = ["GroupsRequest", "MatrixSource", "Source"]


logger = logging.getLogger("proctor.matrix")


@dataclass(frozen=True, slots=True)
class GroupsRequest:
    """A request for one visitor's groups.

    The keys of *identifiers* and *context* are the application's source keys.
    """

    identifiers: Mapping[str, object] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)
    #: The groups that the visitor forces. The visitor's permission to force them has already been
    #: checked.
    force_groups: ForceGroups | None = None
    #: Names of the requested tests; None for all.
    tests: tuple[str, ...] | None = None
    #: Time limit for the answer in seconds; None for the source's own limit.
    timeout: float | None = None
    #: Returns the HTTP session to use for calls to a service; None means that the source uses its
    #: own session. This function is called only if a request is sent.
    get_http: Callable[[], requests.Session | None] | None = None

    def __post_init__(self) -> None:
        """Raise TypeError if forced groups are given as text, which version 1 accepted."""
        if isinstance(self.force_groups, str):
            raise TypeError(
                "GroupsRequest: expected force_groups as ForceGroups, got a str; write "
                f"ForceGroups.parse({shown(self.force_groups)})"
            )


class Source(Protocol):
    """The interface of a source of groups."""

    @property
    def waits(self) -> bool:
        """True if an answer might have to wait for files or the network.

        Such a source is called beforehand, in a thread, and not in the event loop. If the source
        has a method `prepare`, the thread calls that method instead, and the source can then answer
        in the event loop without waiting. A class without this attribute is assumed to wait.
        """

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """Return the groups of a visitor. Raises SourceError if there is no answer."""

    def close(self) -> None:
        """Release all resources. Can be called repeatedly."""


class MatrixSource(Closing):
    """Evaluates a matrix from a file or a URL in this process, and keeps it up to date.

    *location* is a path, an http(s) URL or the URL of an object in a store, such as
    s3://bucket/matrix.json, which needs django-proctor[remote]. *variables* maps source keys to
    test types and context variables. Without *variables*, the names of test types are the keys of
    identifiers, and every key of the context is a variable. *test_types*, *identifier_validator*
    and *functions* are passed to `Proctor`. Nothing is read before the first visitor arrives, and
    an invalid matrix never replaces a valid one. Raises ConfigurationError for an invalid argument.

    More *options*: `reload_interval` is the time between two checks of the location (30 seconds),
    `timeout` and `max_bytes` limit a download (10 seconds, 16 MiB), and `wait` is how long callers
    wait for the first matrix from a URL (0.25 seconds). `on_change` and `on_failure` are passed to
    `subscribe`. `token` is a bearer token for a URL. `locations` adds kinds of locations: it maps
    each scheme to a function that is called with the location's text.

    Tests of type RANDOM assign a random group, as in Pipet. A source can be shared by threads, and
    used after a fork.
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
        # Report an invalid validator now, not when the first matrix is loaded.
        validity_of(identifier_validator)

        self._built: Proctor | None = None

        def build(matrix: Matrix) -> Proctor:
            if self._built is not None:
                self._built = self._built.with_matrix(matrix)
            else:
                self._built = Proctor(
                    matrix,
                    context_types=self._variables.context_types,
                    test_types=self._test_types,
                    identifier_validator=identifier_validator,
                    functions=functions,
                )
            for problem in self._built.problems:
                # `validate` and `proctor_check` report the problems of single tests.
                if problem.test is None:
                    logger.warning("%s: %s", self.location, problem.message)
            return self._built

        self._loader: MatrixLoader[Proctor] = MatrixLoader(location, build=build, **options)

    @property
    def location(self) -> str:
        """The location of the matrix, without secrets."""
        return self._loader.location

    @property
    def variables(self) -> Variables:
        """The source keys that the application declares."""
        return self._variables

    @property
    def test_types(self) -> tuple[str, ...]:
        """The test types that the application registered, in addition to Proctor's own."""
        return self._test_types

    @property
    def known_types(self) -> frozenset[str]:
        """All known test types."""
        return self._known_types

    @property
    def waits(self) -> bool:
        """True if no matrix is loaded yet, so an answer has to wait for one."""
        return not self._loader.has_matrix

    def bucket_value(self, test: str, group: str) -> int | None:
        """Return the value of a bucket in the newest matrix; None if there is no such bucket.

        Never waits. Before a matrix is loaded, the result is None.
        """
        snapshot = self._loader.latest
        definition = None if snapshot is None else snapshot.proctor.matrix.tests.get(test)
        buckets = () if definition is None else definition.buckets
        return next((each.value for each in buckets if each.name == group), None)

    @property
    def latest_version(self) -> object:
        """A token that changes with each new matrix; None before the first one."""
        return self._loader.latest

    def prepare(self) -> None:
        """Load the first matrix, so that later answers do not have to wait for it.

        If loading fails, the next request raises the error.
        """
        with contextlib.suppress(SourceError):
            self.current()

    def current(self, timeout: float | None = None) -> Snapshot[Proctor]:
        """Return the newest compiled matrix. Start a check of the location if one is due.

        Waits only for the first matrix: for a file, as long as loading takes; for a URL, up to
        *timeout* seconds (by default, the source's `wait`). Raises MatrixNotReady when that time
        has passed, and SourceError if the matrix could not be loaded.
        """
        return self._loader.current(timeout)

    def refresh(self, timeout: float | None = None) -> None:
        """Check for a new matrix now, and wait up to *timeout* seconds for the result."""
        self._loader.refresh(timeout)

    def subscribe(
        self,
        *,
        on_change: Callable[[Snapshot[Proctor]], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
        on_recovery: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Register callbacks for new matrices, failures, and the first success after a failure.

        The callbacks are called in the loading thread. If a new matrix ends an outage, *on_change*
        comes first. Return a function that ends the subscription.
        """
        return self._loader.subscribe(
            on_change=on_change, on_failure=on_failure, on_recovery=on_recovery
        )

    def determine_groups(self, request: GroupsRequest, *, proctor: Proctor | None = None) -> Groups:
        """Return the groups of a visitor. Raises SourceError before a matrix is loaded.

        For *proctor*, see `explain`.
        """
        found = proctor or self._loader.current(request.timeout).proctor
        return found.determine_groups(
            identifiers=self._identifiers(request),
            context=self._variables.context(request.context),
            force_groups=request.force_groups,
            tests=request.tests,
            random_enabled=True,
        )

    def determine_group(
        self, request: GroupsRequest, test: str, *, proctor: Proctor | None = None
    ) -> GroupAssignment | None:
        """Return the group of a visitor in one test, or None: see `Proctor.determine_group`.

        The request's list of tests is ignored. For *proctor*, see `explain`. Raises SourceError
        before a matrix is loaded.
        """
        found = proctor or self._loader.current(request.timeout).proctor
        return found.determine_group(
            test,
            identifiers=self._identifiers(request),
            context=self._variables.context(request.context),
            force_groups=request.force_groups,
            random_enabled=True,
        )

    def explain(
        self, request: GroupsRequest, test: str, *, proctor: Proctor | None = None
    ) -> Explanation:
        """Return the decision for a visitor in one test, and the reason: see `Proctor.explain`.

        The request's list of tests is ignored. To make several calls with the same version of the
        matrix, pass a *proctor* from `current`. Raises UnknownTest for a test that is not in the
        matrix, and SourceError before a matrix is loaded.
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
        """Stop loading. Can be called repeatedly."""
        self._loader.close()

    def __repr__(self) -> str:
        return f"<MatrixSource over {self._loader!r}>"

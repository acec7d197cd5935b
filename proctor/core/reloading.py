"""A matrix in a file or behind a URL that keeps itself fresh."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from proctor.core.closing import Closing
from proctor.core.exceptions import (
    ConfigurationError,
    MatrixLoadError,
    MatrixNotReady,
    ProctorError,
    SourceError,
)
from proctor.core.locations import location_of
from proctor.core.matrix import Matrix
from proctor.core.subscribers import Subscribers

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MatrixLoader", "Snapshot"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds after a first load that failed; doubled with each failure up to the interval.
FIRST_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[T]):
    """One version of the matrix, ready for use. Whoever holds it sees no other."""

    #: What the factory made of the matrix.
    proctor: T
    #: The version in the matrix's audit.
    matrix_version: str | None
    #: Seconds since 1970.
    loaded_at: float


class _Seen(NamedTuple):
    """The document that was read last."""

    #: By which its place knows it again.
    token: object
    digest: bytes
    #: Why it is no matrix, if it is none.
    refusal: MatrixLoadError | None


class _Attempt:
    """One try to load; those who wait for it share its clock."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.over = threading.Event()


class _Crew:
    """What loading needs in one process. A forked one gets its own, with nothing held."""

    def __init__(self) -> None:
        #: Held during an attempt, and never waited for.
        self.busy = threading.Lock()
        self.attempt = _Attempt()


class MatrixLoader(Closing, Generic[T]):
    """A matrix in a file or behind a URL, loaded when it is needed and kept fresh.

    Nothing is read before the first `current`. A file is loaded there and then; a URL in
    the background. Later changes are loaded in the background, by a thread that lives as
    long as one load, while everyone goes on with what there is. A matrix that cannot be
    had, or is bad, changes nothing: it is logged once, and once when all is well again.
    A document with the version of the loaded one is no change, whatever is in it (Java:
    AbstractProctorLoader).

    Safe for use by threads and after a fork. Nothing has to be closed.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        build: Callable[[Matrix], T],
        reload_interval: float = 30.0,
        timeout: float = 10.0,
        max_bytes: int = 16 * 1024 * 1024,
        wait: float = 0.25,
        on_change: Callable[[Snapshot[T]], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        """Keep the matrix at *location*, a path or an http(s) URL, as *build* makes it.

        *reload_interval* is the seconds between two looks at the location; `math.inf`
        for never again. *timeout* and *max_bytes* bound a download, the whole time in
        seconds and the size after decompression. *wait* is how many seconds callers wait
        for the first matrix of a URL. *on_change* and *on_failure* are those of `subscribe`.
        Raises ConfigurationError for an argument that makes no sense.
        """
        for name, value in (("reload_interval", reload_interval), ("wait", wait)):
            if not value >= 0:
                raise ConfigurationError(f"{name} is {value!r}; give seconds, 0 or more")
        for name, value in (("timeout", timeout), ("max_bytes", max_bytes)):
            if not 0 < value < math.inf:
                raise ConfigurationError(f"{name} is {value!r}; give a number above 0")
        self._location = location_of(location, timeout=timeout, max_bytes=max_bytes)
        self._build = build
        self._interval = reload_interval
        self._wait = wait
        self._subscribers: Subscribers[Snapshot[T]] = Subscribers()
        self.subscribe(on_change=on_change, on_failure=on_failure)
        self._crews: dict[int, _Crew] = {}
        self._snapshot: Snapshot[T] | None = None
        self._due = -math.inf
        self._closed = False
        self._failure: Exception | None = None
        self._failures = 0
        self._told: set[str] = set()
        # Set in one step, and last: a process may be forked at any point of a load.
        self._seen: _Seen | None = None

    @property
    def location(self) -> str:
        """Where the matrix is, without secrets."""
        return self._location.shown

    @property
    def has_matrix(self) -> bool:
        """Whether there is a matrix, so that nobody has to wait for one."""
        return self._snapshot is not None

    def current(self, timeout: float | None = None) -> Snapshot[T]:
        """The snapshot of now; a look at the location is started when one is due.

        Only before there is a matrix does this wait: for a file as long as loading takes,
        for a URL up to *timeout* seconds, counted from the beginning of the download, so
        that of many callers only the first ones wait (None: the *wait* of the source).
        Raises MatrixNotReady when that time is over, and SourceError when the matrix could
        not be loaded; it is tried again after a pause.
        """
        snapshot = self._snapshot
        if snapshot is not None and time.monotonic() < self._due:
            return snapshot
        crew = self._crews.setdefault(os.getpid(), _Crew())
        if self._is_due() and crew.busy.acquire(blocking=False):
            self._start(crew)
        if self._snapshot is None:
            self._wait_for(crew, timeout)
        if self._snapshot is None:
            raise self._no_matrix()
        return self._snapshot

    def subscribe(
        self,
        *,
        on_change: Callable[[Snapshot[T]], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
        on_recovery: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Be told of each new snapshot, each failure, and of the first success after one.

        The calls are made in the thread that loads, one after the other. Where a new matrix
        ends an outage *on_change* comes first. What is returned ends the subscription.
        """
        return self._subscribers.add(on_change, on_failure, on_recovery)

    def close(self) -> None:
        """Load no more. The last snapshot stays readable; harmless when repeated."""
        self._closed = True

    def __repr__(self) -> str:
        version = self._snapshot.matrix_version if self._snapshot else None
        return f"<MatrixLoader {self._location.shown!r}, version {version!r}>"

    def _is_due(self) -> bool:
        return not self._closed and time.monotonic() >= self._due

    def _wait_for(self, crew: _Crew, timeout: float | None) -> None:
        if not crew.busy.locked():
            return
        attempt = crew.attempt
        if self._location.slow:
            ends = attempt.started + (self._wait if timeout is None else timeout)
            timeout = max(0.0, ends - time.monotonic())
        attempt.over.wait(timeout and min(timeout, threading.TIMEOUT_MAX))

    def _no_matrix(self) -> SourceError:
        failure, place = self._failure, self._location.shown
        if failure is None and self._closed:
            return SourceError(f"The source of {place!r} was closed before it had a matrix")
        if failure is None:
            return MatrixNotReady(f"The matrix of {place!r} is still being loaded; ask again later")
        error = SourceError(f"There is no matrix yet. {_words(failure)}")
        error.__cause__ = failure
        return error

    def _start(self, crew: _Crew) -> None:
        """Begin an attempt; the caller has made the crew busy, and the attempt's end frees it."""
        if not self._is_due():  # another thread was faster
            crew.attempt.over.set()
            crew.busy.release()
            return
        if crew.attempt.over.is_set():
            crew.attempt = _Attempt()
        if self._snapshot is None and not self._location.slow:
            self._run(crew)
        elif self._snapshot is not None and not self._location.changed(self._token):
            self._finish(crew, self._interval)
        else:
            thread = threading.Thread(
                target=self._run, args=(crew,), name="proctor-matrix", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # the process ends, or has too many threads
                self._finish(crew, self._failed(error))

    def _run(self, crew: _Crew) -> None:
        delay = 0.0
        try:
            self._load()
            delay = self._interval
        except Exception as error:  # noqa: BLE001 - whatever it is, the old matrix must stay
            delay = self._failed(error)
        finally:
            self._finish(crew, delay)

    def _finish(self, crew: _Crew, delay: float) -> None:
        self._due = time.monotonic() + delay
        crew.attempt.over.set()
        crew.busy.release()

    @property
    def _token(self) -> object:
        return self._seen and self._seen.token

    def _load(self) -> None:
        """Read, and swap the snapshot if there is a new matrix; raises what goes wrong."""
        import hashlib  # noqa: PLC0415 - slow to import, and not every program has a source

        document = self._location.read(self._token)
        seen = self._seen
        if document is not None:
            digest = hashlib.blake2b(document.content).digest()
            if seen is not None and seen.digest == digest:
                seen = seen._replace(token=document.token)
            else:
                seen = _Seen(document.token, digest, self._take(document.content))
            self._seen = seen
        if seen is not None and seen.refusal is not None:
            raise seen.refusal.with_traceback(None)
        self._well_again()

    def _take(self, content: bytes) -> MatrixLoadError | None:
        """Use *content* if it is a new matrix; why not, if it is none."""
        try:
            matrix = Matrix.from_json(content)
            version, old = matrix.audit.version, self._snapshot
            if old is None or version is None or version != old.matrix_version:
                self._swap(Snapshot(self._build(matrix), version, time.time()))
            else:
                logger.warning(
                    "The matrix from %s has changed and its audit version is still %s, so that "
                    "it is not taken; give it a new version",
                    self._location.shown,
                    version,
                )
        except MatrixLoadError as error:
            return error
        return None

    def _swap(self, snapshot: Snapshot[T]) -> None:
        if self._closed:
            return
        self._snapshot = snapshot
        logger.info(
            "Matrix of version %s loaded from %s", snapshot.matrix_version, self._location.shown
        )
        self._subscribers.changed(snapshot)

    def _well_again(self) -> None:
        if self._failure is not None:
            self._failure, self._failures = None, 0
            self._told.clear()
            logger.info("The matrix from %s is well again", self._location.shown)
            self._subscribers.recovered()

    def _failed(self, error: Exception) -> float:
        """Note the failure; the seconds until the next attempt."""
        if self._closed:
            return self._interval
        self._failure = error
        self._failures += 1
        problem = _words(error)
        if problem not in self._told:
            self._told.add(problem)
            logger.error(
                "No new matrix from %s. %s. In use: %s",
                self._location.shown,
                problem,
                f"version {self._snapshot.matrix_version}" if self._snapshot else "none",
                # What is no error of ours has its place in the code to show.
                exc_info=None if isinstance(error, ProctorError) else error,
            )
        self._subscribers.failed(error)
        if self._snapshot is not None:
            return self._interval
        return min(self._interval, FIRST_RETRY * 2.0 ** min(self._failures - 1, 16))


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, ProctorError) else f"{type(error).__name__}: {error}"

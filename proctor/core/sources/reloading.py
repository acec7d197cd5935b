"""A matrix from a file or a URL that is reloaded when it changes."""

from __future__ import annotations

import logging
import math
import os
import random
import threading
import time
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from proctor.core.exceptions import (
    ConfigurationError,
    MatrixLoadError,
    MatrixNotReady,
    ProctorError,
    SourceError,
)
from proctor.core.matrices.matrix import Matrix
from proctor.core.messages import error_place, printable
from proctor.core.sources.closing import Closing
from proctor.core.sources.documents import checked
from proctor.core.sources.locations import ReadMatrix, location_of
from proctor.core.sources.snapshots import Snapshot
from proctor.core.sources.subscribers import Subscribers

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.sources.locations import Schemes

__all__ = ["MatrixLoader"]

logger = logging.getLogger("proctor.matrix")

T = TypeVar("T")

#: Default size limit in bytes. Larger documents are rejected.
MAX_BYTES = 16 * 1024 * 1024

#: Seconds before a failed first load is tried again. The pause is doubled after each failure, up to
#: the interval.
FIRST_RETRY = 1.0
#: Checks of a URL are spread over this fraction of the interval, and over at most this many
#: seconds, so that a hundred processes do not all query the server at the same instant.
JITTER, MAX_JITTER = 0.1, 3.0


class _Seen(NamedTuple):
    """The document that was read last."""

    #: The location's token for this document.
    token: object
    digest: bytes
    #: The reason why the document is not a usable matrix; None if it is usable.
    refusal: MatrixLoadError | None


class _Attempt:
    """One attempt to load a matrix. All callers that are waiting for it share its time limit."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.over = threading.Event()


class _Crew:
    """The loading state of one process.

    A forked process gets a new state, so it never inherits a lock that is held.
    """

    def __init__(self, started: float) -> None:
        #: A lock that is held during an attempt. No code ever waits for it.
        self.busy = threading.Lock()
        self.attempt = _Attempt(started)
        #: True if another check must follow as soon as the current attempt ends.
        self.again = False


class MatrixLoader(Closing, Generic[T]):
    """A matrix in a file or at a URL that is loaded on first use and kept up to date.

    Nothing is read before `current` is first called. Each load runs in a separate thread, which
    ends with the load. Callers wait only for the first matrix; after that, they use the one that is
    loaded. The location is checked when the wall clock passes a multiple of the interval, so that
    all processes change at the same time. If a matrix is unavailable or invalid, the loaded one
    stays in use; the failure is logged once, and so is the recovery. A document with the loaded
    matrix's version counts as unchanged, whatever it contains (Java: AbstractProctorLoader).

    Safe for threads and after a fork. Closing it is optional.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        build: Callable[[Matrix], T],
        reload_interval: float = 30.0,
        timeout: float = 10.0,
        max_bytes: int = MAX_BYTES,
        wait: float = 0.25,
        token: str | None = None,
        locations: Schemes | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        on_change: Callable[[Snapshot[T]], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        """Load the matrix at *location* (see `location_of`), and prepare it with *build*.

        *token* is a bearer token for the URL. *locations* are additional kinds of locations (see
        `location_of`). *reload_interval* is the time between two checks of the location, in
        seconds. Checks happen when *wall_clock* (seconds since 1970) passes a multiple of that time
        or, for a URL, up to a tenth of the interval (at most 3 seconds) later. `math.inf` disables
        checks. *clock* measures the time between checks. *timeout* limits a whole download in
        seconds. *max_bytes* limits the size of the document, and of a download after decompression.
        *wait* is how many seconds callers wait for the first matrix from a URL. *on_change* and
        *on_failure* are passed to `subscribe`. Raises ConfigurationError for invalid arguments.
        """
        for name, value in (("reload_interval", reload_interval), ("wait", wait)):
            if not value >= 0:
                raise ConfigurationError(f"{name} is {value!r}: expected seconds, 0 or more")
        for name, value in (("timeout", timeout), ("max_bytes", max_bytes)):
            if not 0 < value < math.inf:
                raise ConfigurationError(f"{name} is {value!r}: expected a number above 0")
        self._location = location_of(
            location, timeout=timeout, max_bytes=max_bytes, token=token, locations=locations
        )
        self._build = build
        self._interval = reload_interval
        self._wait = wait
        self._clock = clock
        self._wall_clock = wall_clock
        self._subscribers: Subscribers[Snapshot[T]] = Subscribers()
        self.subscribe(on_change=on_change, on_failure=on_failure)
        self._crews: dict[int, _Crew] = {}
        self._snapshot: Snapshot[T] | None = None
        self._due = -math.inf
        self._closed = False
        self._failure: Exception | None = None
        self._failures = 0
        self._told: set[str] = set()
        # Replaced in one step at the end, because a process can be forked at any point during a
        # load.
        self._seen: _Seen | None = None

    @property
    def location(self) -> str:
        """The location of the matrix, without passwords or other secrets."""
        return self._location.shown

    @property
    def has_matrix(self) -> bool:
        """True if a matrix is loaded, so no caller has to wait for one."""
        if self._snapshot is None:
            return False
        return not (self._location.inline and self._location.changed(self._token))

    @property
    def latest(self) -> Snapshot[T] | None:
        """The newest snapshot; None before the first one. Never waits or loads a matrix."""
        return self._snapshot

    def current(self, timeout: float | None = None) -> Snapshot[T]:
        """Return the newest snapshot. Start a check of the location if one is due.

        Callers wait only for the first matrix: as long as loading takes for a file, and up to
        *timeout* seconds (None: the source's *wait*) for a URL. The time counts from the start of
        the download, so only the earliest callers wait. Raises MatrixNotReady if that time is over,
        and SourceError if the matrix could not be loaded. Loading is retried after a pause.
        """
        snapshot = self._snapshot
        if snapshot is not None and self._clock() < self._due:
            return snapshot
        crew = self._crews.setdefault(os.getpid(), _Crew(self._clock()))
        if self._is_due() and crew.busy.acquire(blocking=False):
            self._start(crew)
        if self._snapshot is None:
            self._wait_for(crew, timeout)
        if self._snapshot is None:
            raise self._no_matrix()
        return self._snapshot

    def refresh(self, timeout: float | None = None) -> None:
        """Check the location now. Wait up to *timeout* seconds (None: *wait*) for the result."""
        self._due = -math.inf
        crew = self._crews.setdefault(os.getpid(), _Crew(self._clock()))
        if crew.busy.acquire(blocking=False):
            self._start(crew)
        else:
            crew.again = True  # this attempt might have started before the document changed
        crew.attempt.over.wait(self._wait if timeout is None else timeout)

    def subscribe(
        self,
        *,
        on_change: Callable[[Snapshot[T]], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
        on_recovery: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Register callbacks for new snapshots, failures, and the first success after a failure.

        The callbacks are called one after the other in the loading thread. If a new matrix ends an
        outage, *on_change* comes first. Return a function that ends the subscription.
        """
        return self._subscribers.add(on_change, on_failure, on_recovery)

    def close(self) -> None:
        """Stop loading. The last snapshot remains available. Can be called repeatedly."""
        self._closed = True

    def __repr__(self) -> str:
        version = self._snapshot.matrix_version if self._snapshot else None
        return f"<MatrixLoader {self._location.shown!r}, version {version!r}>"

    def _is_due(self) -> bool:
        return not self._closed and self._clock() >= self._due

    def _until_next_look(self) -> float:
        """Return the seconds until all processes check the location again."""
        interval = self._interval
        if interval in (0, math.inf):
            return interval
        wait = interval - self._wall_clock() % interval
        if self._location.spread:
            wait += random.random() * min(JITTER * interval, MAX_JITTER)  # noqa: S311 - no secret
        return wait

    def _wait_for(self, crew: _Crew, timeout: float | None) -> None:
        if not crew.busy.locked():
            return
        attempt = crew.attempt
        if self._location.slow:
            ends = attempt.started + (self._wait if timeout is None else timeout)
            timeout = max(0.0, ends - self._clock())
        attempt.over.wait(timeout and min(timeout, threading.TIMEOUT_MAX))

    def _no_matrix(self) -> SourceError:
        failure, place = self._failure, self._location.shown
        if failure is None and self._closed:
            return SourceError(f"The source of {place!r} was closed before it loaded a matrix")
        if failure is None:
            return MatrixNotReady(f"The matrix from {place!r} is still being loaded; retry later")
        error = SourceError(_at(place, _words(failure)))
        error.__cause__ = failure
        return error

    def _start(self, crew: _Crew) -> None:
        """Start an attempt.

        The caller has already marked the crew as busy; the attempt clears the mark when it ends.
        """
        if not self._is_due():  # another thread was faster
            crew.attempt.over.set()
            crew.busy.release()
            return
        if crew.attempt.over.is_set():
            crew.attempt = _Attempt(self._clock())
        if self._snapshot is not None and not self._location.changed(self._token):
            self._finish(crew, self._until_next_look())
            return
        if self._location.inline:
            self._run(crew)
            return
        first_of_file = self._snapshot is None and not self._location.slow
        thread = threading.Thread(
            target=self._run, args=(crew,), name="proctor-matrix", daemon=True
        )
        over = crew.attempt.over
        try:
            thread.start()
        except RuntimeError as error:  # the process is exiting, or has too many threads
            if first_of_file:
                self._run(crew)
            else:
                self._finish(crew, self._failed(error))
        if first_of_file:
            over.wait()

    def _run(self, crew: _Crew) -> None:
        delay = 0.0
        try:
            self._load()
            delay = self._until_next_look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the old matrix must stay
            delay = self._failed(error)
        finally:
            self._finish(crew, delay)

    def _finish(self, crew: _Crew, delay: float) -> None:
        crew.again, again = False, crew.again
        self._due = -math.inf if again or self._location.inline else self._clock() + delay
        crew.attempt.over.set()
        crew.busy.release()

    @property
    def _token(self) -> object:
        return self._seen and self._seen.token

    def _load(self) -> None:
        """Read the location, and replace the snapshot if the matrix is new. Errors propagate."""
        import hashlib  # noqa: PLC0415 - slow to import, and not every program has a source

        place, seen = self._location, self._seen
        document = checked(place.read(self._token), place.shown, is_first=seen is None)
        if isinstance(document, ReadMatrix):
            self._seen = seen = _Seen(document.token, b"", self._use(document.matrix))
        elif document is not None:
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
        """Load *content* if it is a new matrix. Return the error if it is not a usable matrix."""
        try:
            matrix = Matrix.from_json(content)
        except MatrixLoadError as error:
            return error
        version, old = matrix.audit.version, self._snapshot
        if old is not None and version is not None and version == old.matrix_version:
            logger.warning(
                "The matrix from %s has changed, but its audit version is still %s, so "
                "the new matrix is not loaded: change its version as well",
                self._location.shown,
                printable(version),
            )
            return None
        return self._use(matrix)

    def _use(self, matrix: Matrix) -> MatrixLoadError | None:
        """Use *matrix* unless it is already loaded. Return the error if it cannot be compiled."""
        version, old = matrix.audit.version, self._snapshot
        if old is not None and version is not None and version == old.matrix_version:
            return None
        try:
            proctor = self._build(matrix)
        except MatrixLoadError as error:
            return error
        self._swap(Snapshot(proctor, version, self._wall_clock()))
        return None

    def _swap(self, snapshot: Snapshot[T]) -> None:
        if self._closed:
            return
        self._snapshot = snapshot
        logger.info(
            "Matrix version %s loaded from %s",
            printable(snapshot.matrix_version),
            self._location.shown,
        )
        self._subscribers.changed(snapshot)

    def _well_again(self) -> None:
        if self._failure is not None:
            self._failure, self._failures = None, 0
            self._told.clear()
            logger.info("The matrix from %s can be loaded again", self._location.shown)
            self._subscribers.recovered()

    def _failed(self, error: Exception) -> float:
        """Record and log the failure. Return the seconds until the next attempt."""
        if self._closed:
            return self._until_next_look()
        if self._location.inline:
            self._snapshot = self._seen = None
        self._failure = error
        self._failures += 1
        problem = _words(error)
        if problem not in self._told:
            self._told.add(problem)
            logger.error(
                "No new matrix from %s: %s. In use: %s",
                self._location.shown,
                problem,
                printable(f"version {self._snapshot.matrix_version}") if self._snapshot else "none",
            )
        self._subscribers.failed(error)
        if self._snapshot is not None:
            return self._until_next_look()
        return min(self._interval, FIRST_RETRY * 2.0 ** min(self._failures - 1, 16))


def _at(place: str, words: str) -> str:
    """Put the location *place* before the error message *words*, unless *words* contains it."""
    if place in words:
        return words
    return f"{place} is {words}" if words.startswith("not ") else f"{place}: {words}"


def _words(error: Exception) -> str:
    # Error messages from other libraries can contain secrets, so show only class and place.
    return printable(error, 1000) if isinstance(error, ProctorError) else error_place(error)

"""The queue of recorded rows, and the thread that writes them.

Requests append rows to a bounded queue. A daemon thread takes batches from the queue and writes
them on its own connection. The first row starts the thread. The thread ends before a fork, and
writes the remaining rows at exit. If threads cannot run, rows are written at the end of the
request.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.core.messages import error_place
from proctor.results.models import Tally
from proctor.results.recording.rows import NotedExposure, NotedForced
from proctor.results.recording.seen import Seen
from proctor.results.recording.switch import is_requested, may_write
from proctor.results.recording.writer import Noted, Unavailable, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Recorder", "has_threads", "recorder"]

logger = logging.getLogger("proctor.results")


def has_threads() -> bool:
    """Return True if a thread should write the rows.

    Under uWSGI without `enable-threads`, threads never run.
    """
    if is_requested():
        return False  # a test sees only rows that were written on its own connection
    wanted: bool | None = settings.PROCTOR_RESULTS_THREAD
    if wanted is not None:
        return wanted
    uwsgi = sys.modules.get("uwsgi")
    options = getattr(uwsgi, "opt", None)
    if uwsgi is None or options is None:
        return True
    return "enable-threads" in options or b"enable-threads" in options or "threads" in options


class Recorder:
    """A queue and its writer. `put` never raises, never waits and takes no lock."""

    #: Rows per transaction.
    BATCH = 500
    #: Seconds during which the thread collects rows before it writes them. Short, because queued
    #: rows are lost if a process is killed.
    LINGER = 0.05
    #: Pauses between attempts while the database is unavailable, in seconds: the first pause, and
    #: the longest.
    PAUSE, LONGEST_PAUSE = 1.0, 30.0
    #: Maximum time that an exit or a fork waits for the thread, in seconds.
    PATIENCE = 5.0

    def __init__(self) -> None:
        self.seen = Seen()
        self._waiting: deque[Noted] = deque()
        #: Rows that the thread has taken from the queue but not yet stored.
        self._taken: list[Noted] = []
        self._wake = threading.Event()
        self._stop = threading.Event()
        #: Held while the thread is started or stopped, and while rows are written.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._writer = Writer()
        #: Number of lost rows that have not been added to a daily count yet.
        self._lost = 0
        self._loss_lock = threading.Lock()
        self._is_down = False
        self._is_registered = False

    def forget(self) -> None:
        """Forget which exposures have been queued and which splits have been stored."""
        self.seen = Seen()
        self._writer.forget_splits()

    def put(self, noted: Noted) -> None:
        """Queue a row; it is counted as lost if the queue is full."""
        waiting = self._waiting
        if len(waiting) >= settings.PROCTOR_RESULTS_QUEUE:
            self._lose([noted], "the queue is full")
            return
        waiting.append(noted)
        if not self._wake.is_set():
            self._wake.set()
        thread = self._thread
        if thread is None or not thread.is_alive():
            self._start()

    @property
    def waiting(self) -> int:
        """The number of rows that are not stored yet."""
        return len(self._waiting) + len(self._taken)

    def flush(self, patience: float = PATIENCE) -> bool:
        """Write all queued rows. Return True if the queue is empty afterwards.

        If the thread is running, it is ended; the next row starts it again. The call waits at most
        *patience* seconds for the thread to end.
        """
        self.stop(patience)
        if self._thread is not None:
            return False  # the thread is still waiting for the database
        with self._lock:
            return self._drain(waits=False)

    def stop(self, patience: float = PATIENCE) -> None:
        """End the thread, after one last attempt to write."""
        with self._lock:
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        self._stop.set()
        self._wake.set()
        thread.join(patience)
        if not thread.is_alive():
            self._thread = None

    def end_request(self) -> None:
        """Write the queued rows if no thread is available to do so. Never raises."""
        if self._waiting and not has_threads() and may_write():
            self._write_here()

    # -- The thread -------------------------------------------------------------------------

    def _start(self) -> None:
        if not has_threads():
            self._register()
            return
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._register()
            self._stop.clear()
            self._wake.set()
            thread = threading.Thread(target=self._run, name="proctor-results", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No more threads can be started, or the interpreter is ending. A flush at exit
                # writes the rows.
                return
            self._thread = thread

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._wake.wait()
                self._stop.wait(self.LINGER)
                self._wake.clear()
                self._drain(waits=True)
                self._writer.rest()
        except Exception as error:  # noqa: BLE001 - a thread's traceback would show row values
            logger.error("The thread that writes results failed: %s", error_place(error))
        finally:
            with suppress(Exception):
                self._writer.close()

    def _drain(self, *, waits: bool) -> bool:
        """Write batches until the queue is empty. Return False if an outage leaves rows in it.

        If *waits* is True, wait during an outage until the database is available or `stop` is
        called.
        """
        pause = self.PAUSE
        while self._taken or self._waiting:
            while self._waiting and len(self._taken) < self.BATCH:
                self._taken.append(self._waiting.popleft())
            try:
                self._write_taken()
                pause = self.PAUSE
            except Unavailable as problem:
                self._note_outage(problem)
                if settings.PROCTOR_RESULTS_OUTAGE == "drop":
                    self._lose(self._taken, str(problem))
                    self._taken = []
                if not waits or self._stop.wait(pause):
                    return not self.waiting
                pause = min(pause * 2, self.LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 - one batch must not stop the others
                self._lose(self._taken, error_place(error))
                self._taken = []
        return True

    def _write_taken(self) -> None:
        self._writer.write(self._taken)
        self._taken = []
        lost = self._lost
        if lost:
            self._writer.tally(Tally.LOST, lost, time.time())
            with self._loss_lock:
                self._lost -= lost
        if self._is_down:
            self._is_down = False
            logger.warning("The database accepts results again; rows lost: %d", lost)

    def _note_outage(self, problem: Unavailable) -> None:
        if not self._is_down:
            self._is_down = True
            logger.warning(
                "The database does not accept results; nothing is recorded until it does: %s",
                problem,
            )

    def _lose(self, noted: Iterable[Noted], why: str) -> None:
        for each in noted:
            with self._loss_lock:
                self._lost += 1
                is_first = self._lost == 1
            if is_first:
                logger.warning("Results are lost: %s", why)
            if isinstance(each, (NotedExposure, NotedForced)):
                # Forget the exposure, so that the visitor's next page queues it again.
                self.seen.forget(each.key)

    # -- Exits, forks, and processes without threads -----------------------------------------

    def _register(self) -> None:
        """Register the handlers for exits and forks, unless this was done before."""
        if self._is_registered:
            return
        self._is_registered = True
        atexit.register(self._at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before_fork, after_in_child=self._in_child)

    def _at_exit(self) -> None:
        self.stop()
        if self._thread is None:
            self._write_here()
        if self.waiting or self._lost:
            logger.warning("Results lost at exit: %d", self.waiting + self._lost)

    def _before_fork(self) -> None:
        """End the thread, and close its connection, which a child process must not share."""
        self.stop()

    def _in_child(self) -> None:
        """Start with no thread and an empty queue, because the parent writes the queued rows."""
        self._waiting = deque()
        self._taken = []
        self._lost, self._loss_lock = 0, threading.Lock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._lock = threading.RLock()
        self._thread = None

    def _write_here(self) -> None:
        with self._lock:
            try:
                self._drain(waits=False)
                self._writer.rest()
            except Exception as error:  # noqa: BLE001 - the page is answered, or the process ends
                logger.error("Writing results failed: %s", error_place(error))


#: The only recorder of this process.
recorder = Recorder()

"""Publish due steps after a request, without delaying the response.

This is for processes that serve only the editor's pages, or the matrix over HTTP. In other
processes, the loader thread publishes due steps.
"""

from __future__ import annotations

import threading

from django.db import connections

from proctor.editor.schedules.due import DuePublisher

__all__ = ["Background", "background"]


class Background:
    """Starts a thread that publishes due steps and then ends."""

    def __init__(self) -> None:
        self._publisher = DuePublisher()
        self._busy = threading.Lock()

    def publish_soon(self) -> None:
        """Publish due steps in a thread, unless one is already running."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            threading.Thread(target=self._run, name="proctor-schedule", daemon=True).start()
        except RuntimeError:  # the process is shutting down or has too many threads
            self._busy.release()

    def _run(self) -> None:
        try:
            self._publisher.publish()
        finally:
            connections.close_all()
            self._busy.release()


#: The instance for this process.
background = Background()

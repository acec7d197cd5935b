"""Record results in the tests of a project; by default, tests record nothing."""

from __future__ import annotations

from django.test.utils import TestContextDecorator

from proctor.results.recording.recorder import recorder
from proctor.results.recording.switch import allow, disallow

__all__ = ["record_results"]


class record_results(TestContextDecorator):  # noqa: N801 - as override_settings
    """A context manager and decorator that records exposures and outcomes during a test.

    Rows are written on the test's own connection: at the end of each request, by `flush`, and at
    the end of the `with` block. Groups that `override_proctor` sets are recorded too.
    """

    def __init__(self) -> None:
        super().__init__()

    def enable(self) -> record_results:
        """Start recording, forget what earlier tests recorded, and return self."""
        recorder.forget()
        allow()
        return self

    def disable(self) -> None:
        """Write the queued rows, and stop recording."""
        try:
            self.flush()
        finally:
            disallow()

    @staticmethod
    def flush() -> None:
        """Write the queued rows now."""
        recorder.flush()

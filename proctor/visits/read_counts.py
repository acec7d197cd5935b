"""Count how often a request reads each test, if counting was enabled before the request started.

Other requests are not slowed down, because a `proc` that counts reads has a different class.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.visits.proc import Proc

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["COUNTED", "CountingProc", "Reads", "count_reads", "reads_of"]

#: Key in a request's `__dict__`. If it is present, the request's reads are counted.
COUNTED = "_proctor_counted"


class Reads(NamedTuple):
    """How often each test of a `proc` was read."""

    #: Reads by attribute, item, tag or decorator, which count as exposures.
    reads: Counter[str]
    #: Reads by `peek`, and by tags that do not count exposures.
    peeks: Counter[str]


class CountingProc(Proc):
    """A `proc` that counts all reads. To do so, it never stores a test as a plain attribute."""

    _reads: Reads

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.__dict__["_reads"] = Reads(Counter(), Counter())

    def __getitem__(self, name: str) -> GroupAssignment:
        assignment = super().__getitem__(name)
        self._reads.reads[name] += 1
        # Do not count this read as an exposure, because it was started by `peek`.
        self._reads.peeks[name] -= 1
        return assignment

    def peek(self, name: str) -> GroupAssignment:
        """Return the assignment of a test without counting an exposure."""
        assignment = super().peek(name)
        self._reads.peeks[name] += 1
        return assignment

    def _put_attributes(self, name: str, assignment: GroupAssignment) -> None:
        """Store no attributes, so that every read goes through `__getattr__`, which counts it."""


def count_reads(request: HttpRequest) -> None:
    """Count the reads of tests in a request. Call this before proctor's middleware starts."""
    request.__dict__[COUNTED] = True


def reads_of(proc: Proc) -> Reads | None:
    """Return how often each test of *proc* was read, or None if reads are not counted."""
    # There is no public attribute for this, because a test could have the same name.
    return proc._reads if isinstance(proc, CountingProc) else None  # noqa: SLF001

"""How often the tests of a request are read, for those who ask before it begins.

Nobody else pays for it: a `proc` whose reads are counted is of another class.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.proc import Proc

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.core.groups import GroupAssignment

__all__ = ["COUNTED", "CountingProc", "Reads", "count_reads", "reads_of"]

#: In a request's `__dict__`: that its reads are to be counted.
COUNTED = "_proctor_counted"


class Reads(NamedTuple):
    """What was read of a `proc`, by the name of the test."""

    #: By attribute, by item, by a tag or a decorator: what counts as an exposure.
    reads: Counter[str]
    #: By `peek`, and by tags that do not expose.
    peeks: Counter[str]


class CountingProc(Proc):
    """A `proc` whose reads are counted, all of them: no test becomes a plain attribute."""

    _reads: Reads

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.__dict__["_reads"] = Reads(Counter(), Counter())

    def __getitem__(self, name: str) -> GroupAssignment:
        assignment = super().__getitem__(name)
        self._reads.reads[name] += 1
        # The read was a peek on its way.
        self._reads.peeks[name] -= 1
        return assignment

    def peek(self, name: str) -> GroupAssignment:
        """The assignment of a test, without counting an exposure."""
        assignment = super().peek(name)
        self._reads.peeks[name] += 1
        return assignment

    def _put_attributes(self, name: str, assignment: GroupAssignment) -> None:
        """Leave the way through `__getattr__` as it is."""


def count_reads(request: HttpRequest) -> None:
    """Have the reads of a request counted; in vain once proctor's middleware has begun."""
    request.__dict__[COUNTED] = True


def reads_of(proc: Proc) -> Reads | None:
    """How often the tests of *proc* were read; None where nobody counts."""
    # No attribute of its own, as a test may have the name.
    return proc._reads if isinstance(proc, CountingProc) else None  # noqa: SLF001

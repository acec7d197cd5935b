"""The compiled form of a matrix: its tests in order, and fast functions for most of them."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from proctor.core.evaluation.chunks import Chunk, build_chunks, combined
from proctor.core.evaluation.raw_values import is_convertible, usual_class
from proctor.core.evaluation.selection import One, build_one, is_ordinary
from proctor.core.messages import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from proctor.core.evaluation.chooser import Chooser
    from proctor.core.java.context_types import ContextType

__all__ = ["Plan"]


#: Cache size: the number of different `tests` arguments that are remembered. An application that
#: passes more different ones than this probably requests different tests each time, so caching
#: would not help.
_REMEMBERED = 64

#: If an application requests at most a quarter of the tests (1 / `_FEW`, rounded up), each of the
#: requested tests gets its own function. These functions take a moment to compile, but then run in
#: half the time.
_FEW = 4


#: For each variable: its name, the class of values that need no check (or None), and a function
#: that returns True if a value can be converted.
Unread = tuple[tuple[str, "type | None", "Callable[[Any], bool]"], ...]


class _Unasked(enum.Enum):
    """The type of the sentinel `_UNASKED`, for annotations."""

    UNASKED = ""


_UNASKED: Final = _Unasked.UNASKED


class Wanted(NamedTuple):
    """The tests to evaluate if an application requests only some tests."""

    #: All tests that must be evaluated.
    names: frozenset[str]
    #: Tests that are evaluated only because other tests depend on them.
    parents: frozenset[str]
    #: True if the function for the whole matrix is the fastest way to evaluate the ordinary tests.
    are_many: bool
    #: The functions to call, one for each test; None if `are_many`, or if one of the tests is not
    #: ordinary.
    ones: tuple[One, ...] | None
    #: If `are_many`, the tests that are not ordinary, in the order of evaluation; otherwise empty.
    others: tuple[Chooser, ...]
    #: The variables that no function in `ones` reads. Their values are only checked.
    unread: Unread


class Plan:
    """The tests in the order of evaluation, and functions that evaluate most of them."""

    __slots__ = (
        "checks",
        "choosers",
        "chunks",
        "experiments",
        "ones",
        "others",
        "ranks",
        "select",
        "slots",
        "types",
        "unread",
        "wanted_by_names",
    )

    def __init__(
        self,
        choosers: Iterable[Chooser],
        context_types: Mapping[str, ContextType] | None,
        old: Plan | None = None,
    ) -> None:
        """Compile the tests. Reuses functions of *old*, which must have the same context types."""
        self.types = context_types
        self.choosers = {each.name: each for each in choosers}
        #: Each test's position in the order of evaluation.
        self.ranks = {name: rank for rank, name in enumerate(self.choosers)}
        #: All declared variables.
        self.checks: Unread = tuple(
            (name, usual_class(each), is_convertible(each))
            for name, each in (context_types or {}).items()
        )
        ordinary = self.ordinary()
        #: The tests that are not ordinary, each after the tests that it depends on.
        self.others = tuple(each for each in self.choosers.values() if not is_ordinary(each))
        #: Maps each test type of the ordinary tests to its number.
        self.slots = {
            name: index for index, name in enumerate(sorted({each.test_type for each in ordinary}))
        }
        # The old functions can be reused only if the numbers in `slots`, which they contain, are
        # the same.
        known = () if old is None or old.slots != self.slots else old.chunks
        #: The ordinary tests in compiled form.
        self.chunks: tuple[Chunk, ...] = build_chunks(ordinary, self.slots, context_types, known)
        self.select = combined(self.chunks)
        read = frozenset[str]().union(*(each.variables for each in self.chunks))
        #: The variables that the compiled function does not read. Their values are only checked.
        self.unread = self._unread(read)
        #: Tests whose `json` payloads may set the same properties, in the order of evaluation.
        self.experiments = tuple(each for each in self.choosers.values() if each.experiment)
        #: Ordinary tests with their own functions, which are compiled on first use.
        self.ones: dict[str, One] = {}
        #: The cache of `wanted`.
        self.wanted_by_names: dict[tuple[str, ...], Wanted | None] = {}

    def ordinary(self) -> list[Chooser]:
        """Return the tests that the compiled function can evaluate."""
        return [each for each in self.choosers.values() if is_ordinary(each)]

    def one(self, test: Chooser) -> One:
        """Return the function that evaluates one ordinary test. It is compiled on first use."""
        one = self.ones.get(test.name)
        if one is None:
            # If two threads compile the same test, it does not matter whose result is kept.
            one = self.ones[test.name] = build_one(test, self.types)
        return one

    def _unread(self, read: Collection[str]) -> Unread:
        return tuple(each for each in self.checks if each[0] not in read)

    def with_parents(self, tests: Collection[str]) -> set[str]:
        """Return the tests in *tests* that exist, and all tests that they depend on."""
        if isinstance(tests, (str, bytes)):
            raise TypeError(f"tests is {shown(tests)}; give a list of names, or None for all tests")
        names: set[str] = set()
        for name in tests:
            test = self.choosers.get(name)
            while test is not None and test.name not in names:
                names.add(test.name)
                test = None if test.depends_on is None else self.choosers[test.depends_on[0]]
        return names

    def wanted(self, tests: Collection[str]) -> Wanted | None:
        """Return the tests to evaluate for *tests*; None if *tests* means all tests.

        Cached for tuples, because an application requests the same names again and again.
        """
        if type(tests) is not tuple:
            return self._wanted(tests)
        found = self.wanted_by_names.get(tests, _UNASKED)
        if found is _UNASKED:
            found = self._wanted(tests)
            if len(self.wanted_by_names) < _REMEMBERED:
                self.wanted_by_names[tests] = found
        return found

    def _wanted(self, tests: Collection[str]) -> Wanted | None:
        names = frozenset(self.with_parents(tests))
        parents = names.difference(tests)
        if not parents and len(names) == len(self.choosers):
            return None
        found = tuple(self.in_order(names))
        if len(names) > math.ceil(len(self.choosers) / _FEW):
            others = tuple(each for each in found if not is_ordinary(each))
            return Wanted(names, parents, True, None, others, self.unread)
        if not all(map(is_ordinary, found)):
            return Wanted(names, parents, False, None, (), self.unread)
        ones = tuple(map(self.one, found))
        read = {name for one in ones for name in one.variables}
        return Wanted(names, parents, False, ones, (), self._unread(read))

    def in_order(self, names: Collection[str] | None) -> Collection[Chooser]:
        """Return the tests in *names* (None means all), each after the tests that it depends on."""
        if names is None:
            return self.choosers.values()
        return [self.choosers[name] for name in sorted(names, key=self.ranks.__getitem__)]

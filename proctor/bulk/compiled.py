"""The allocations of a test as arrays, created from the engine's compiled allocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from proctor.core.evaluation.allocation import cutoffs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from proctor.core.evaluation.chooser import Chooser, Option
    from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["NO_GROUP", "CompiledTest"]

#: Up to this number of cut-offs, comparing with every cut-off is faster than a binary search.
_FEW = 8

#: The code of a row without a group.
NO_GROUP = -1


class CompiledTest:
    """A test and its possible outcomes. The index of an outcome is its code."""

    def __init__(self, chooser: Chooser) -> None:
        self.chooser = chooser
        #: The outcomes, indexed by code. They are the same objects that the engine returns.
        self.outcomes: list[GroupAssignment] = []
        self._codes: dict[int, int] = {}
        self._options = {
            option: self._arrays(option) for option in chooser.options if option.assignments
        }
        values = [each.value or 0 for each in self.outcomes]
        self._values = np.array([*values, 0], np.int64)

    def _arrays(self, option: Option) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the cut-offs in ascending order, and the code of each range."""
        cuts = np.array(cutoffs(option.lengths), np.int32)
        if len(cuts):
            # A cut-off below an earlier one is never reached, because the search goes from left to
            # right.
            cuts = np.maximum.accumulate(cuts)
        codes = np.array([self._number(each) for each in option.assignments], np.int32)
        return cuts, codes

    def _number(self, outcome: GroupAssignment) -> int:
        code = self._codes.setdefault(id(outcome), len(self.outcomes))
        if code == len(self.outcomes):
            self.outcomes.append(outcome)
        return code

    def code(self, outcome: GroupAssignment | None) -> int:
        """Return the code of an outcome that the engine returned."""
        return NO_GROUP if outcome is None else self._codes[id(outcome)]

    def is_certain(self, option: Option) -> bool:
        """Return True if every visitor in the allocation gets the same outcome."""
        codes = self._options[option][1]
        return bool((codes == codes[0]).all())

    def certain(self, option: Option) -> int:
        """Return the code that every visitor gets. Valid only if `is_certain` is True."""
        return int(self._options[option][1][0])

    def place(self, option: Option, positions: NDArray[Any]) -> NDArray[Any]:
        """Return the code of the outcome at each of these positions in an allocation."""
        cuts, codes = self._options[option]
        if len(cuts) > _FEW:
            ranges = np.searchsorted(cuts, positions, side="left")
        else:
            # With few cut-offs, it is five times as fast to count the cut-offs below each position.
            ranges = np.zeros(len(positions), np.uint8)
            for cut in cuts:
                ranges += positions > cut
        return codes.take(ranges)

    def has_value(self, codes: NDArray[Any], value: int) -> NDArray[Any]:
        """Return an array that is True for each row in a bucket with this value."""
        found: NDArray[Any] = (codes != NO_GROUP) & (self._values[codes] == value)
        return found

"""Find the allocations whose ids must be incremented because visitors jump to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.authoring.moves.findings import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.authoring.moves.who_moves import PairMoves

__all__ = ["jumping_allocations"]


def jumping_allocations(pairs: Iterable[PairMoves]) -> set[int]:
    """Return the indexes (after the change) of the allocations to which visitors jump.

    Jumps between two different allocations count as well: visitors who make such a jump have seen
    two groups, and are now counted under the id of the new allocation. Jumps caused by rounding do
    not count.
    """
    return {
        pair.allocation for pair in pairs if pair.allocation is not None and pair.jump > ROUNDING
    }

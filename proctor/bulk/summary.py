"""Count the visitors in a table, by group."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from proctor.bulk.compiled import CompiledTest

__all__ = ["Summary"]


@dataclass(slots=True)
class Summary:
    """Counts of rows. `add` combines the summaries of several parts of a table."""

    #: The total number of rows.
    rows: int = 0
    #: The number of rows that the engine assigned one by one in at least one test.
    by_engine: int = 0
    #: The number of rows, by test and then by the bucket's value and name.
    groups: dict[str, Counter[tuple[int, str]]] = field(default_factory=dict)
    #: The number of rows without an identifier, by test type.
    missing: Counter[str] = field(default_factory=Counter)
    #: The number of rows whose value could not be converted, by variable.
    refused: Counter[str] = field(default_factory=Counter)
    #: The number of rows for which a rule failed, by test.
    errors: Counter[str] = field(default_factory=Counter)

    def count_groups(self, name: str, test: CompiledTest, codes: NDArray[Any]) -> None:
        """Count the rows by group."""
        counter = self.groups.setdefault(name, Counter())
        counts = np.bincount(codes + 1, minlength=len(test.outcomes) + 1)[1:].tolist()
        for outcome, count in zip(test.outcomes, counts, strict=True):
            if count:
                counter[outcome.value or 0, outcome.group or ""] += count

    def count_missing(self, counts: Mapping[str, int]) -> None:
        """Count rows without an identifier."""
        self.missing.update(counts)

    def count_refused(self, counts: Mapping[str, int]) -> None:
        """Count rows whose value could not be converted."""
        self.refused.update(counts)

    def count_errors(self, counts: Mapping[str, int]) -> None:
        """Count rows for which a rule failed."""
        self.errors.update(counts)

    def add(self, other: Summary) -> None:
        """Add the counts of another part of the table."""
        self.rows += other.rows
        self.by_engine += other.by_engine
        for name, counter in other.groups.items():
            self.groups.setdefault(name, Counter()).update(counter)
        self.missing.update(other.missing)
        self.refused.update(other.refused)
        self.errors.update(other.errors)

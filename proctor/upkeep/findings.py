"""The base class of findings, each with a kind, a test, and a location in the project."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

__all__ = ["Finding"]

K = TypeVar("K", bound=enum.Enum)


@dataclass(frozen=True, slots=True)
class Finding(Generic[K]):
    """The base class of all findings. Each command has a subclass, which may add fields."""

    #: The kind of finding; each command has its own enum of kinds.
    kind: K
    #: The name of the test; "" if the finding is about a whole template.
    test: str
    #: The location, such as `PROCTOR_TESTS`, `page.html:3` or `matrix: signuptst, allocation #A1`.
    place: str
    #: A description of the finding, including the relevant values.
    message: str

    @property
    def words(self) -> tuple[str, ...]:
        """The lines to print below the location."""
        return (self.message,)

    def __str__(self) -> str:
        return f"{self.place}: {'; '.join(self.words)}"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields for JSON, in the order of their definition."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {
            "kind": self.kind.value
        }

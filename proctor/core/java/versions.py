"""Application versions: `2.4.7.48`, `2.4.x`  [com.indeed.util.core.ReleaseVersion]."""

from __future__ import annotations

import enum
import functools
from typing import ClassVar

from proctor.core.java.numerals import parse_integer

__all__ = ["MatchPrecision", "ReleaseVersion"]


class MatchPrecision(enum.Enum):
    """The last part that a version specifies (Java: ReleaseVersion.MatchPrecision)."""

    MAJOR = 1
    MINOR = 2
    PATCH = 3
    BUILD = 4


@functools.total_ordering
class ReleaseVersion:
    """A version such as `2.4.7.48`, or `2.4.x` for all versions of 2.4.

    (Java: com.indeed.util.core.ReleaseVersion.) Two versions are compared by the leading parts that
    both have, so 2.x equals every 2.*.
    """

    __slots__ = ("_parts",)

    _parts: tuple[int, ...]
    _LIMITS: ClassVar = (32767, 65535, 65535, 65535)

    def __init__(self, text: str) -> None:
        """Parse *text*. Raises ValueError if Java Proctor rejects it."""
        pieces = text.split(".")
        while len(pieces) > 1 and not pieces[-1]:
            pieces.pop()
        if pieces[-1] == "x":
            pieces.pop()
        elif len(pieces) < 4:
            pieces.clear()
        if not pieces:
            raise ValueError(
                f"expected a version of four numbers, or one that ends in '.x', got {text[:80]!r}"
            )
        parts = tuple(parse_integer(piece, -(2**31), 2**31 - 1) for piece in pieces[:4])
        for part, limit in zip(parts, self._LIMITS, strict=False):
            if not 0 <= part <= limit:
                raise ValueError(f"{part} in version {text[:80]!r} is outside 0 to {limit}")
        self._parts = parts

    @property
    def match_precision(self) -> MatchPrecision:
        """The last part that is specified. If it is not BUILD, the version ends in a wildcard."""
        return MatchPrecision(len(self._parts))

    #: The `match_precision` property, under the name that rules use.
    matchPrecision = match_precision  # noqa: N815 - Java Proctor's name

    def compare(self, other: ReleaseVersion) -> int:
        """Return -1, 0 or 1 as Java's compareTo does, comparing only the parts that both have."""
        shared = min(len(self._parts), len(other._parts))
        mine, theirs = self._parts[:shared], other._parts[:shared]
        return (mine > theirs) - (mine < theirs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReleaseVersion) and self.compare(other) == 0

    def __lt__(self, other: ReleaseVersion) -> bool:
        return self.compare(other) < 0

    def __hash__(self) -> int:
        # Hash only the first part, because equal versions can differ in the others: 1.x equals
        # 1.2.3.4.
        return hash(self._parts[0])

    def __str__(self) -> str:
        wildcard = "" if len(self._parts) == 4 else ".x"
        return ".".join(map(str, self._parts)) + wildcard

    def __repr__(self) -> str:
        return f"ReleaseVersion({str(self)!r})"

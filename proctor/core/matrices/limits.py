"""Proctor's limits for a matrix: test types, sums of range lengths, and priorities."""

from __future__ import annotations

from typing import Final

__all__ = ["PRIORITY_PATTERN", "RANDOM", "SUM_MAX", "SUM_MIN", "TEST_TYPES"]

#: The test type that has no identifier. A call must not pass an identifier for it.
RANDOM: Final = "RANDOM"

#: The test types that Proctor registers itself (Java: TestType).
TEST_TYPES: Final = ("USER", "ACCOUNT", "EMAIL", RANDOM, "PAGE", "COMPANY")

#: Inclusive bounds for the sum of the lengths in an allocation (Java: ProctorUtils).
SUM_MIN, SUM_MAX = 0.9999, 1.0001

#: The priority of a payload experiment, as an author should write it. Java Proctor also accepts
#: digits of other scripts.
PRIORITY_PATTERN: Final = "^[+-]?[0-9]+$"

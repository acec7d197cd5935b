"""What a source key leads to: a context variable, or a test type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from proctor.core.context_types import MISSING, ContextType

#: The test type without an identifier: no call may bring one.
RANDOM: Final = "RANDOM"

#: The test types that Proctor itself registers (Java: TestType).
TEST_TYPES: Final = ("USER", "ACCOUNT", "EMAIL", RANDOM, "PAGE", "COMPANY")

#: Where Pipet finds a value: in a query parameter or in a header.
PipetSource = Literal["QUERY", "HEADER"]


@dataclass(frozen=True, slots=True)
class ContextVariable:
    """A variable of rules, and the source key that brings it."""

    name: str
    type: ContextType
    source_key: str
    #: The raw value where none is brought, converted like any other; or MISSING.
    default: object = MISSING
    source: PipetSource = "QUERY"

    @property
    def has_default(self) -> bool:
        """Whether a value that is missing has one."""
        return self.default is not MISSING


@dataclass(frozen=True, slots=True)
class IdentifierVariable:
    """A test type, and the source key that brings its identifier."""

    test_type: str
    source_key: str
    source: PipetSource = "QUERY"
    #: The name as Pipet's configuration spells it (`user` for USER); "" where there is none.
    name: str = ""

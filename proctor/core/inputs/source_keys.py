"""The two uses of a source key: for a context variable or for a test type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from proctor.core.java.context_types import MISSING, ContextType

#: The place where Pipet looks for a value: a query parameter or a header.
KeyPlace = Literal["QUERY", "HEADER"]


@dataclass(frozen=True, slots=True)
class ContextVariable:
    """A context variable and its source key."""

    name: str
    type: ContextType
    source_key: str
    #: The raw default value, which is converted like any other value; or MISSING.
    default: object = MISSING
    #: Whether Pipet reads the value from a query parameter or from a header.
    source: KeyPlace = "QUERY"

    @property
    def has_default(self) -> bool:
        """True if the variable has a default."""
        return self.default is not MISSING


@dataclass(frozen=True, slots=True)
class IdentifierVariable:
    """A test type and the source key of its identifier."""

    test_type: str
    source_key: str
    #: Whether Pipet reads the value from a query parameter or from a header.
    source: KeyPlace = "QUERY"
    #: The test type as spelled in Pipet's configuration (`user` for USER); "" without such a
    #: configuration.
    name: str = ""

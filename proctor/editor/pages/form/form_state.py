"""The state of the Edit form: its fields as the user typed them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FLAGS",
    "TEXTS",
    "AllocationRow",
    "BucketRow",
    "ConstantRow",
    "FormState",
    "integer_of",
    "read_state",
]

#: Maximum number of rows that are read; no test needs this many.
_MOST = 500

#: Fields that contain a single string.
TEXTS = (
    "description",
    "test_type",
    "salt",
    "rule",
    "owner",
    "tags",
    "depends_on",
    "depends_value",
    "special",
    "priority",
    "namespaces",
    "payload_type",
)
#: Maps each checkbox to its field in a definition.
FLAGS = {
    "silent": "silent",
    "incognito": "evaluateForIncognitoUsers",
    "unitless": "enableUnitlessAllocations",
    "force_logging": "forceLogging",
}


def integer_of(text: str) -> int | None:
    """Convert typed text to an integer, or return None if it is not an integer."""
    try:
        return int(text.strip())
    except ValueError:
        return None


@dataclass(slots=True)
class BucketRow:
    """The fields of one bucket."""

    name: str = ""
    value: str = ""
    description: str = ""
    payload: str = ""
    #: The bucket's value before the user changed it. The ranges still contain the old value.
    was: str = ""

    @property
    def is_remainder(self) -> bool:
        """True if the bucket gets the share that the live groups do not use."""
        return self.value.strip().startswith("-")


@dataclass(slots=True)
class AllocationRow:
    """The fields of one allocation."""

    rule: str = ""
    name: str = ""
    id: str = ""
    #: The previous ranges as JSON, or "" for a new allocation.
    ranges: str = ""
    #: The percentage for each bucket row.
    shares: list[str] = field(default_factory=list)
    #: The three fields of the condition builder.
    variable: str = ""
    operator: str = ""
    operand: str = ""


@dataclass(slots=True)
class ConstantRow:
    """A special constant that rules can use."""

    name: str = ""
    #: JSON or plain text.
    value: str = ""


@dataclass(slots=True)
class FormState:
    """All fields of the form."""

    texts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS, ""))
    flags: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(FLAGS, False))
    buckets: list[BucketRow] = field(default_factory=list)
    allocations: list[AllocationRow] = field(default_factory=list)
    constants: list[ConstantRow] = field(default_factory=list)
    #: The condition builder for the eligibility rule.
    builder: AllocationRow = field(default_factory=AllocationRow)


def read_state(posted: Mapping[str, str]) -> FormState:
    """Return the form that the browser sent, with its CRLF line breaks converted to LF."""

    def text(name: str) -> str:
        return posted.get(name, "").replace("\r\n", "\n")

    state = FormState()
    state.texts = {name: text(name) for name in TEXTS}
    state.flags = {name: name in posted for name in FLAGS}
    buckets = _count(posted, "bucket", "name")
    for index in range(buckets):
        fields = ("name", "value", "description", "payload", "was")
        state.buckets.append(BucketRow(*(text(f"bucket-{index}-{each}") for each in fields)))
    for index in range(_count(posted, "allocation", "rule")):
        prefix = f"allocation-{index}"
        row = AllocationRow(
            text(f"{prefix}-rule"),
            text(f"{prefix}-name"),
            text(f"{prefix}-id"),
            text(f"{prefix}-ranges"),
            [text(f"share-{index}-{bucket}") for bucket in range(buckets)],
        )
        _read_builder(row, f"build-{index}", posted)
        state.allocations.append(row)
    for index in range(_count(posted, "constant", "name")):
        prefix = f"constant-{index}"
        state.constants.append(ConstantRow(text(f"{prefix}-name"), text(f"{prefix}-value")))
    _read_builder(state.builder, "build-test", posted)
    return state


def _read_builder(row: AllocationRow, prefix: str, posted: Mapping[str, str]) -> None:
    row.variable = posted.get(f"{prefix}-variable", "")
    row.operator = posted.get(f"{prefix}-operator", "")
    row.operand = posted.get(f"{prefix}-operand", "")


def _count(posted: Mapping[str, str], prefix: str, name: str) -> int:
    return next(index for index in range(_MOST + 1) if f"{prefix}-{index}-{name}" not in posted)

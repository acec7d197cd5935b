"""What a visitor got: one assignment a test, and what a set of them prints."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.frozen import EMPTY, thaw

if TYPE_CHECKING:
    from proctor.core.exceptions import RuleError

__all__ = ["GroupAssignment", "Groups", "MatrixVersion", "Property", "Reason"]


class Reason(enum.Enum):
    """Why a visitor is in the group that he is in."""

    #: The hash of his identifier fell into a range of an allocation.
    ASSIGNED = "assigned"
    #: He asked for it: a forced group, or the mode that forces the smallest live one.
    FORCED = "forced"
    #: It is the last answer that is known for him, since the source has none now.
    STALE = "stale"

    # With all others he has what the application declared, its default or no group.

    #: The source gave none: not eligible, no identifier, or no such test.
    NO_GROUP = "no_group"
    #: The source gave a group that the application does not handle.
    UNEXPECTED_GROUP = "unexpected_group"
    #: The matrix has not been loaded yet.
    NOT_READY = "not_ready"
    #: The source had no answer.
    SOURCE_FAILED = "source_failed"
    #: The source refused what it was asked of this visitor.
    REJECTED = "rejected"
    #: No source is configured.
    NO_SOURCE = "no_source"
    #: A hook of the application failed, so that nobody knows who this is.
    HOOK_FAILED = "hook_failed"
    #: There is no request, and so no visitor.
    NO_REQUEST = "no_request"

    @property
    def is_default(self) -> bool:
        """Whether the group is the declared default, and not an answer."""
        return self not in _ANSWERS


_ANSWERS = frozenset({Reason.ASSIGNED, Reason.FORCED, Reason.STALE})


class GroupAssignment:
    """The group of one visitor in one test. Immutable; shared by all who are in it.

    Nothing of a visitor is in it. Two assignments are equal where all their fields are.
    """

    __slots__ = (
        "allocation_id",
        "allocation_index",
        "group",
        "log_entry",
        "payload",
        "payload_type",
        "reason",
        "value",
        "version",
    )

    #: The bucket's name; None where there is no group.
    group: str | None
    #: The bucket's value; None where there is no group.
    value: int | None
    #: What the bucket carries: a str, int, float, a tuple of these, or JSON; else None.
    payload: Any
    #: Why.
    reason: Reason
    #: The allocation's id; "" where it has none, or where no allocation was asked.
    allocation_id: str
    #: The allocation's place in the test, from 0; None where no allocation was asked.
    allocation_index: int | None
    #: Proctor's key for the payload's type (`stringValue`), None without a payload.
    payload_type: str | None
    #: The version of the test's definition.
    version: str | None
    #: The test's part of the logging string; None where the Java leaves it out.
    log_entry: str | None

    def __init__(
        self,
        group: str | None,
        value: int | None,
        payload: Any = None,
        *,
        reason: Reason = Reason.ASSIGNED,
        allocation_id: str = "",
        allocation_index: int | None = None,
        payload_type: str | None = None,
        version: str | None = None,
        log_entry: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "group", group)
        put(self, "value", value)
        put(self, "payload", payload)
        put(self, "reason", reason)
        put(self, "allocation_id", allocation_id)
        put(self, "allocation_index", allocation_index)
        put(self, "payload_type", payload_type)
        put(self, "version", version)
        put(self, "log_entry", log_entry)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a GroupAssignment cannot be changed; {name!r} was to be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a GroupAssignment cannot be changed; {name!r} was to be deleted")

    @property
    def forced(self) -> bool:
        """Whether the visitor asked for this group."""
        return self.reason is Reason.FORCED

    def to_dict(self) -> dict[str, Any]:
        """All that one may want to see of it, in plain JSON types."""
        return {
            "group": self.group,
            "value": self.value,
            "payload": thaw(self.payload),
            "payload_type": self.payload_type,
            "reason": self.reason.value,
            "allocation": self.allocation_index,
            "allocation_id": self.allocation_id,
            "version": self.version,
        }

    def without_payload(self) -> GroupAssignment:
        """The same assignment, carrying nothing."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return GroupAssignment(**{**fields, "payload": None, "payload_type": None})

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GroupAssignment):
            return NotImplemented
        return self is other or self._fields() == other._fields()

    def __hash__(self) -> int:
        # Payloads may be unhashable, and need not tell assignments apart.
        return hash((self.group, self.value, self.allocation_id, self.reason))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, self._fields()

    def __repr__(self) -> str:
        return (
            f"GroupAssignment(group={self.group!r}, value={self.value!r}, payload={self.payload!r})"
        )


def _rebuild(*fields: Any) -> GroupAssignment:
    named = dict(zip(GroupAssignment.__slots__, fields, strict=True))
    group, value, payload = named.pop("group"), named.pop("value"), named.pop("payload")
    return GroupAssignment(group, value, payload, **named)


class Property(NamedTuple):
    """A value that payload experiments compete for, and the test that won it."""

    value: Any
    test: str


class MatrixVersion(NamedTuple):
    """Which matrix an answer is from (Java: Audit)."""

    version: str
    #: Milliseconds since 1970.
    updated: int


class Groups(Mapping[str, GroupAssignment]):
    """The assignments of one visitor, by test name. Immutable.

    Only tests that gave the visitor a group are in it, as with the Java. Iteration is in
    the order of the names.
    """

    __slots__ = (
        "_assignments",
        "_errors",
        "_properties",
        "_unlogged",
        "_variable_errors",
        "matrix_version",
    )

    #: Of the matrix that they are from, where a service has told.
    matrix_version: MatrixVersion | None

    def __init__(
        self,
        assignments: dict[str, GroupAssignment],
        errors: Mapping[str, RuleError] = EMPTY,
        properties: Mapping[str, Property] = EMPTY,
        variable_errors: Mapping[str, str] = EMPTY,
        unlogged: frozenset[str] = frozenset(),
        *,
        matrix_version: MatrixVersion | None = None,
    ) -> None:
        # The dicts are taken over and not copied: whoever makes a Groups gives them away.
        self._assignments = assignments
        self._errors = errors
        self._properties = properties
        self._variable_errors = variable_errors
        self._unlogged = unlogged
        self.matrix_version = matrix_version

    @property
    def errors(self) -> Mapping[str, RuleError]:
        """Tests in which a rule failed, so that they gave no group; and how."""
        return MappingProxyType(self._errors)

    @property
    def properties(self) -> Mapping[str, Property]:
        """What payload experiments gave, by the name of the property."""
        return MappingProxyType(self._properties)

    @property
    def variable_errors(self) -> Mapping[str, str]:
        """Context variables whose values could not be converted; to the rules they were absent."""
        return MappingProxyType(self._variable_errors)

    @property
    def unlogged(self) -> frozenset[str]:
        """Tests that the logging string leaves out for this visitor alone."""
        return self._unlogged

    def to_dict(self) -> dict[str, GroupAssignment]:
        """The assignments by name, in a dict of the caller's own and in no order."""
        return self._assignments.copy()

    def __getitem__(self, test: str) -> GroupAssignment:
        return self._assignments[test]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._assignments))

    def __len__(self) -> int:
        return len(self._assignments)

    def __contains__(self, test: object) -> bool:
        return test in self._assignments

    def __repr__(self) -> str:
        return f"Groups({{{', '.join(f'{name!r}: {self[name]!r}' for name in self)}}})"

    def __str__(self) -> str:
        """The log line of django-proctor 1: `buttoncolortst1,newfeaturerollout0`."""
        return ",".join(self.group_strings())

    def group_strings(self) -> list[str]:
        """Name and value of each test with a value of 0 or more, by name."""
        return [
            f"{name}{assignment.value}"
            for name, assignment in sorted(self._assignments.items())
            if assignment.value is not None and assignment.value >= 0
        ]

    def logging_string(self) -> str:
        """The Java's newer log line, `#A1:buttoncolortst1,…`  [TestGroupFormatter].

        Left out are silent tests, allocations that give everybody the same, and payload
        experiments that won nothing.
        """
        return ",".join(
            assignment.log_entry
            for name, assignment in sorted(self._assignments.items())
            if assignment.log_entry is not None and name not in self._unlogged
        )

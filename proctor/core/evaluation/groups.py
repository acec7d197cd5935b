"""The groups of a visitor: one assignment per test, and their log lines."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from proctor.core.java.encodable import encodable, encodable_json
from proctor.core.java.frozen import EMPTY, thaw
from proctor.core.messages import shown

if TYPE_CHECKING:
    from typing_extensions import deprecated

    from proctor.core.exceptions import RuleError

__all__ = ["GroupAssignment", "Groups", "MatrixVersion", "Property", "Reason"]


class Reason(enum.Enum):
    """The reason why a visitor has their group."""

    #: The hash of the identifier fell into a range of an allocation.
    ASSIGNED = "assigned"
    #: The visitor forced this group, or forced the smallest live bucket.
    FORCED = "forced"
    #: The group comes from the last known answer, because the source is not answering.
    STALE = "stale"

    # For all reasons below, the visitor has the declared default or no group.

    #: The source returned no group: the visitor is not eligible or has no identifier, or the test
    #: does not exist.
    NO_GROUP = "no_group"
    #: The source returned a group that the application does not declare.
    UNEXPECTED_GROUP = "unexpected_group"
    #: The matrix has not been loaded yet.
    NOT_READY = "not_ready"
    #: The source failed to return an answer.
    SOURCE_FAILED = "source_failed"
    #: The source rejected the request for this visitor.
    REJECTED = "rejected"
    #: No source is configured.
    NO_SOURCE = "no_source"
    #: One of the application's hooks failed, so the visitor is unknown.
    HOOK_FAILED = "hook_failed"
    #: There is no request, so there is no visitor.
    NO_REQUEST = "no_request"

    @property
    def is_default(self) -> bool:
        """True if the group is the declared default and not an answer from the source."""
        return self not in _ANSWERS


_ANSWERS = frozenset({Reason.ASSIGNED, Reason.FORCED, Reason.STALE})


class GroupAssignment:
    """The group of one visitor in one test. Immutable. All visitors in the group share this object.

    It contains no data about any visitor. Two assignments are equal if all their fields are equal.
    An assignment is true if its value is greater than 0, so `if proc.newfeaturerollout:` means
    "active". An assignment never equals a str, so compare its `.group`.
    """

    __slots__ = (
        "allocation_id",
        "allocation_index",
        "group",
        "log_entry",
        "matrix_group",
        "payload",
        "payload_type",
        "reason",
        "value",
        "version",
    )

    #: The bucket's name; None if there is no group.
    group: str | None
    #: The bucket's name in the matrix, if the application declared a different name for its value
    #: (`group` is then the declared name); otherwise None.
    matrix_group: str | None
    #: The bucket's value; None if there is no group.
    value: int | None
    #: The payload: a str, int, float, a tuple of these, or JSON. None if there is no payload.
    payload: Any
    #: The reason why the visitor has this group.
    reason: Reason
    #: The id of the allocation; "" if it has none, or if no allocation was used.
    allocation_id: str
    #: The index of the allocation in the test, starting at 0; None if no allocation was used.
    allocation_index: int | None
    #: Proctor's key for the type of the payload (`stringValue`); None if there is no payload.
    payload_type: str | None
    #: The version of the test's definition.
    version: str | None
    #: The test's part of the logging string; None if Java Proctor does not log the test.
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
        matrix_group: str | None = None,
    ) -> None:
        _check_types(group, value)
        put = object.__setattr__
        # These fields are shown on pages and in logs, which cannot contain lone surrogates.
        put(self, "group", group and encodable(group))
        put(self, "value", value)
        put(self, "payload", payload and encodable_json(payload))
        put(self, "reason", reason)
        put(self, "allocation_id", encodable(allocation_id))
        put(self, "allocation_index", allocation_index)
        put(self, "payload_type", payload_type)
        put(self, "version", version and encodable(version))
        put(self, "log_entry", log_entry and encodable(log_entry))
        put(self, "matrix_group", matrix_group and encodable(matrix_group))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name!r}: a GroupAssignment is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r}: a GroupAssignment is immutable")

    @property
    def forced(self) -> bool:
        """True if the visitor forced this group."""
        return self.reason is Reason.FORCED

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON-serializable dict, for display."""
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
        """Return the same assignment without a payload."""
        return self._changed(payload=None, payload_type=None)

    def renamed(self, declared: str) -> GroupAssignment:
        """Return the same assignment with the group name that the application declared."""
        return self._changed(group=declared, matrix_group=self.group)

    def as_in_matrix(self) -> GroupAssignment:
        """Return the assignment with the group name from the matrix."""
        if self.matrix_group is None:
            return self
        return self._changed(group=self.matrix_group, matrix_group=None)

    def _changed(self, **changes: Any) -> GroupAssignment:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return GroupAssignment(**{**fields, **changes})

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __bool__(self) -> bool:
        return self.value is not None and self.value > 0

    if TYPE_CHECKING:

        @overload
        @deprecated("An assignment always differs from a str; compare its group")
        def __ne__(self, other: str) -> bool: ...
        @overload
        def __ne__(self, other: object) -> bool: ...
        def __ne__(self, other: object) -> bool: ...

        @overload
        @deprecated("An assignment never equals a str; compare its group: assignment.group == ...")
        def __eq__(self, other: str) -> bool: ...
        @overload
        def __eq__(self, other: object) -> bool: ...
        def __eq__(self, other: object) -> bool: ...

    else:

        def __eq__(self, other: object) -> bool:
            if isinstance(other, str):
                warnings.warn(
                    f"A GroupAssignment never equals a str: compare its group, "
                    f"assignment.group == {shown(other)}",
                    UserWarning,
                    stacklevel=2,
                )
                return False
            if isinstance(other, tuple):
                # In version 1 an assignment was a tuple.
                warnings.warn(
                    "A GroupAssignment never equals a tuple: compare its group, value or payload",
                    UserWarning,
                    stacklevel=2,
                )
                return False
            if not isinstance(other, GroupAssignment):
                return NotImplemented
            return self is other or self._fields() == other._fields()

    def __hash__(self) -> int:
        # The payload is left out because it may be unhashable.
        return hash((self.group, self.value, self.allocation_id, self.reason))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, self._fields()

    def __repr__(self) -> str:
        return (
            f"GroupAssignment(group={self.group!r}, value={self.value!r}, payload={self.payload!r})"
        )


def _check_types(group: object, value: object) -> None:
    """Raise TypeError for values that would otherwise cause an error when a page reads them."""
    if not (group is None or isinstance(group, str)):
        raise TypeError(f"GroupAssignment: expected group as a str or None, got {shown(group)}")
    # A bool is an int as well, but str(proc) would contain "True" or "False" instead of a number.
    if isinstance(value, bool) or not (value is None or isinstance(value, int)):
        raise TypeError(f"GroupAssignment: expected value as an int or None, got {shown(value)}")


def _rebuild(*fields: Any) -> GroupAssignment:
    named = dict(zip(GroupAssignment.__slots__, fields, strict=True))
    group, value, payload = named.pop("group"), named.pop("value"), named.pop("payload")
    return GroupAssignment(group, value, payload, **named)


class Property(NamedTuple):
    """A property that a payload experiment set."""

    #: Any JSON value.
    value: Any
    #: The name of the test that set the property.
    test: str


class MatrixVersion(NamedTuple):
    """The version of the matrix from which an answer was computed (Java: Audit)."""

    #: The matrix's `audit.version`.
    version: str
    #: The time when the matrix was published, in milliseconds since 1970.
    updated: int


class Groups(Mapping[str, GroupAssignment]):
    """The assignments of one visitor, by test name. Immutable.

    As in Java Proctor, only tests in which the visitor has a group are included. Iteration yields
    the names in sorted order.
    """

    __slots__ = (
        "_assignments",
        "_errors",
        "_properties",
        "_unlogged",
        "_variable_errors",
        "matrix_version",
    )

    #: The version of the matrix that a service used, if the service reported it.
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
        # The dicts are not copied, so callers must not change them afterwards.
        self._assignments = assignments
        self._errors = errors
        self._properties = properties
        self._variable_errors = variable_errors
        self._unlogged = unlogged
        self.matrix_version = matrix_version

    @property
    def errors(self) -> Mapping[str, RuleError]:
        """The rule errors, by test. The visitor has no group in these tests."""
        return MappingProxyType(self._errors)

    @property
    def properties(self) -> Mapping[str, Property]:
        """The properties that payload experiments set for the visitor, by name."""
        return MappingProxyType(self._properties)

    @property
    def variable_errors(self) -> Mapping[str, str]:
        """Context variables that could not be converted, and why. Rules cannot read them."""
        return MappingProxyType(self._variable_errors)

    @property
    def unlogged(self) -> frozenset[str]:
        """Tests that this visitor's logging string leaves out, unlike other visitors' strings."""
        return self._unlogged

    def to_dict(self) -> dict[str, GroupAssignment]:
        """Return the assignments by name, as a new dict in no particular order."""
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
        """Return the log line as in django-proctor 1: `buttoncolortst1,newfeaturerollout0`."""
        return ",".join(self.group_strings())

    def group_strings(self) -> list[str]:
        """Return each test's name and value as one string, sorted, without negative values."""
        return [
            f"{name}{assignment.value}"
            for name, assignment in sorted(self._assignments.items())
            if assignment.value is not None and assignment.value >= 0
        ]

    def logging_string(self) -> str:
        """Return Java Proctor's newer log line, `#A1:buttoncolortst1,…`  [TestGroupFormatter].

        The line leaves out silent tests, allocations that give everyone the same group, and payload
        experiments that did not set any property.
        """
        return ",".join(
            assignment.log_entry
            for name, assignment in sorted(self._assignments.items())
            if assignment.log_entry is not None and name not in self._unlogged
        )

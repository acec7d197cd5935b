"""A test that an application uses: its groups, default group and payload type."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from proctor.core.declarations.problems import DeclarationProblem, problems_of_test
from proctor.core.evaluation.groups import GroupAssignment, Reason

__all__ = ["ProctorTest"]

#: The Python types that *payload* accepts, in addition to Proctor's own names for types.
_PYTHON_TYPES: dict[Any, str] = {
    str: "stringValue",
    int: "longValue",
    float: "doubleValue",
    list[str]: "stringArray",
    list[int]: "longArray",
    list[float]: "doubleArray",
    dict: "map",
}

#: The buckets: a list of their names, or a mapping from names to values.
GroupsDeclaration = Sequence[str] | Mapping[str, int]


class ProctorTest:
    """One test that an application uses. Immutable.

    *groups* are the names that the application handles, or a mapping from names to values; if
    *groups* is omitted, any group is accepted. *default* is the group of visitors to whom the
    source does not assign a group. *payload* is the payload type of the groups: str, int, float,
    list[str], list[int], list[float], dict, or Proctor's own name for the type. *identifier* is the
    test type, such as USER, whose identifier the test hashes. Only `proctor.results` reads
    *identifier*, and only if the groups come from a Pipet, because a Pipet does not report test
    types. (A matrix contains them.)

    The arguments are not checked here: declarations are written in settings, and an exception there
    would prevent Django from starting. Use `problems` or `Registry` to find mistakes.
    """

    __slots__ = (
        "_defaults",
        "_takes_all",
        "default",
        "groups",
        "identifier",
        "name",
        "payload",
        "specification",
    )

    #: The attributes that are declared, compared and shown in the repr.
    _FIELDS = ("name", "groups", "default", "payload", "identifier")

    #: Tells pytest, which collects test classes by name, not to collect this class.
    __test__ = False

    name: str
    groups: GroupsDeclaration | None
    default: str | None
    payload: Any
    identifier: str | None
    #: The entry of a Proctor specification from which the test was read, kept so that it can be
    #: written back; None if the test was not read from a specification. Ignored when tests are
    #: compared or shown.
    specification: Mapping[str, Any] | None
    _defaults: dict[Reason, GroupAssignment]
    _takes_all: bool

    def __init__(
        self,
        name: str,
        groups: GroupsDeclaration | None = None,
        default: str | None = None,
        payload: Any = None,
        *,
        identifier: str | None = None,
        specification: Mapping[str, Any] | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "groups", _frozen_groups(groups))
        put(self, "default", default)
        put(self, "payload", payload)
        put(self, "identifier", identifier)
        put(self, "specification", specification)
        put(self, "_defaults", {})
        put(self, "_takes_all", groups is None and payload is None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name!r}: a ProctorTest is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r}: a ProctorTest is immutable")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProctorTest):
            return NotImplemented
        return all(getattr(self, each) == getattr(other, each) for each in self._FIELDS)

    def __hash__(self) -> int:
        return hash((self.name, self.default))

    def __reduce__(self) -> tuple[Any, ...]:
        groups = dict(self.groups) if isinstance(self.groups, Mapping) else self.groups
        arguments = (self.name, groups, self.default, self.payload)
        named = ("identifier", "specification")
        options = {each: value for each in named if (value := getattr(self, each)) is not None}
        return (partial(ProctorTest, **options) if options else ProctorTest), arguments

    def __repr__(self) -> str:
        options = [
            f", {option}={value!r}"
            for option in ("groups", "default", "payload", "identifier")
            if (value := getattr(self, option)) is not None
        ]
        return f"ProctorTest({self.name!r}{''.join(options)})"

    @property
    def payload_type(self) -> str | None:
        """Proctor's name for the payload type; None if no type is declared."""
        if self.payload is None or isinstance(self.payload, str):
            return self.payload
        return _PYTHON_TYPES.get(self.payload)

    @property
    def takes_all(self) -> bool:
        """True if all groups and payloads are accepted."""
        return self._takes_all

    def default_for(self, reason: Reason, known_value: int | None = None) -> GroupAssignment:
        """Return the assignment for a visitor without a group: the default, if one is declared.

        If the declaration does not contain the default's value, *known_value* is used instead. The
        assignment then has the same truth value as the assignment of a visitor in the default's
        bucket.
        """
        if known_value is not None and self.lacks_default_value:
            return GroupAssignment(self.default, known_value, reason=reason)
        made = self._defaults.get(reason)
        if made is None:
            value = None if self.default is None else self.value_of(self.default)
            made = self._defaults[reason] = GroupAssignment(self.default, value, reason=reason)
        return made

    @property
    def lacks_default_value(self) -> bool:
        """True if the test has a default whose value is not declared."""
        return self.default is not None and self.value_of(self.default) is None

    def value_of(self, group: str) -> int | None:
        """Return the declared value of a group; None if values are not declared."""
        return self.groups.get(group) if isinstance(self.groups, Mapping) else None

    def fitted(self, assignment: GroupAssignment) -> GroupAssignment | None:
        """Return *assignment* with the declared group name; None if the group is not declared."""
        if not self.declares(assignment.group, assignment.value):
            return None
        declared = self.declared_name(assignment.group, assignment.value)
        if declared is None or declared == assignment.group:
            return assignment
        return assignment.renamed(declared)

    def declares(self, group: str | None, value: int | None) -> bool:
        """Return True if the application handles a group with this name and *value*.

        If values are declared, only the value matters, as in Java Proctor: a bucket with a declared
        value counts as declared, even if its name differs. A bucket with a declared name but an
        undeclared value does not.
        """
        if not isinstance(self.groups, Mapping):
            return self.knows(group)
        if group is not None and group in self.groups:
            return self.groups[group] == value
        return value in self.groups.values()

    def declared_name(self, group: str | None, value: int | None) -> str | None:
        """Return the name under which the application declares a group of the matrix."""
        if not isinstance(self.groups, Mapping) or group in self.groups:
            return group
        return next((name for name, each in self.groups.items() if each == value), group)

    def knows(self, group: str | None) -> bool:
        """Return True if the application handles a group with this name."""
        return self.groups is None or group in self.groups

    def accepts_payload(self, assignment: GroupAssignment) -> bool:
        """Return True if there is no payload or no declared type, or if the two match."""
        expected = self.payload_type
        if expected is None or not assignment.payload_type or expected == assignment.payload_type:
            return True
        # If the application declares dict, the payload's type in the matrix can be map or json.
        return self.payload is dict and isinstance(assignment.payload, Mapping)

    def problems(self) -> Iterator[DeclarationProblem]:
        """Return all problems in the declaration, and how to fix them."""
        return problems_of_test(self)


def _frozen_groups(groups: Any) -> Any:
    """Return an immutable copy of *groups*.

    A value of an invalid type is returned unchanged; `problems` reports it.
    """
    if isinstance(groups, Mapping):
        return types.MappingProxyType(dict(groups))
    if isinstance(groups, (list, tuple, set, frozenset)):
        return tuple(groups)
    return groups

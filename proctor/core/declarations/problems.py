"""The problems that a test's declaration can have, and their messages."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from proctor.core.matrices.payloads import PAYLOAD_TYPES
from proctor.core.messages import nearest, shown

__all__ = ["DeclarationProblem", "Fault", "problems_of_test"]


class Fault(enum.Enum):
    """The kinds of problems, for code that treats them differently."""

    #: A value of a type that declarations do not accept.
    TYPE = "type"
    #: A string instead of a list, usually because the comma of a one-element tuple is missing.
    TEXT = "text"
    #: A default that is not one of the declared groups.
    DEFAULT = "default"
    #: A test that is declared twice.
    TWICE = "twice"


class DeclarationProblem(NamedTuple):
    """A problem in the declarations; `str()` returns the full message."""

    #: The kind of problem.
    fault: Fault
    #: What is wrong, including the wrong value.
    message: str
    #: How to fix it.
    hint: str

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}"


class Declared(Protocol):
    """The attributes of a `ProctorTest`.

    This is a protocol because importing the class here would create an import cycle.
    """

    @property
    def name(self) -> str: ...
    @property
    def groups(self) -> Any: ...
    @property
    def default(self) -> str | None: ...
    @property
    def payload(self) -> Any: ...
    @property
    def payload_type(self) -> str | None: ...
    @property
    def identifier(self) -> Any: ...


def problems_of_test(test: Declared) -> Iterator[DeclarationProblem]:
    """Yield all problems in the declaration of *test*."""
    name: Any = test.name
    if not isinstance(name, str) or not name:
        yield DeclarationProblem(
            Fault.TYPE, f"expected a test name (str), got {shown(test.name)}", "write a string"
        )
        return
    yield from _of_groups(test)
    if test.payload is not None and _payload_is_unknown(test):
        yield DeclarationProblem(
            Fault.TYPE,
            f"{test.name!r} declares the payload {shown(test.payload)}",
            "use one of str, int, float, list[str], list[int], list[float], dict, "
            f"{', '.join(PAYLOAD_TYPES)}",
        )
    if test.identifier is not None and not (test.identifier and isinstance(test.identifier, str)):
        yield DeclarationProblem(
            Fault.TYPE,
            f"{name!r} declares the identifier {shown(test.identifier)}",
            "write the name of a test type, for example 'USER'",
        )


def _payload_is_unknown(test: Declared) -> bool:
    try:
        return test.payload_type not in PAYLOAD_TYPES
    except TypeError:  # the value is not hashable
        return True


def _of_groups(test: Declared) -> Iterator[DeclarationProblem]:
    name, groups = test.name, test.groups
    if isinstance(groups, str):
        yield DeclarationProblem(
            Fault.TEXT,
            f"{name!r} declares its groups as the string {groups!r}",
            f"a tuple with one element needs a comma: ({groups!r},)",
        )
        return
    if groups is not None and not isinstance(groups, (Mapping, tuple)):
        yield DeclarationProblem(
            Fault.TYPE, f"{name!r} declares the groups {shown(groups)}", "write a list of names"
        )
        return
    for group in groups or ():
        if not isinstance(group, str):
            yield DeclarationProblem(
                Fault.TYPE, f"{name!r} declares the group {shown(group)}", "write a name"
            )
    if isinstance(groups, Mapping):
        yield from _of_values(name, groups)
    yield from _of_default(test)


def _of_values(name: str, groups: Mapping[str, Any]) -> Iterator[DeclarationProblem]:
    for group, value in groups.items():
        if not isinstance(value, int) or isinstance(value, bool):
            yield DeclarationProblem(
                Fault.TYPE,
                f"{name!r} gives the group {group!r} the value {shown(value)}",
                "write the bucket's value as a whole number",
            )


def _of_default(test: Declared) -> Iterator[DeclarationProblem]:
    name, groups, default = test.name, test.groups, test.default
    if default is not None and not isinstance(default, str):
        yield DeclarationProblem(
            Fault.TYPE, f"{name!r} has the default {shown(default)}", "write the name of a group"
        )
    elif default is not None and groups is not None and default not in groups:
        yield DeclarationProblem(
            Fault.DEFAULT,
            f"{name!r} has the default {default!r}, which is not among its groups",
            nearest(default, [str(group) for group in groups]),
        )

"""What can be wrong with the declaration of one test, and how it is said."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.context_types import nearest, shown
from proctor.core.payloads import PAYLOAD_TYPES

if TYPE_CHECKING:
    from proctor.core.declarations import ProctorTest

__all__ = ["DeclarationProblem", "Fault", "problems_of_test"]


class Fault(enum.Enum):
    """The kinds of problems, for those who tell them apart."""

    #: A value of another type than a declaration can have.
    TYPE = "type"
    #: A text where a list was meant: the comma of a tuple of one is missing.
    TEXT = "text"
    #: A default that is not among the declared groups.
    DEFAULT = "default"
    #: A test that is declared twice.
    TWICE = "twice"


class DeclarationProblem(NamedTuple):
    """One thing that is wrong with the declarations; `str()` says it all."""

    fault: Fault
    #: What is wrong, with the value.
    message: str
    #: The way out.
    hint: str

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}"


def problems_of_test(test: ProctorTest) -> Iterator[DeclarationProblem]:
    """Everything that is wrong with the declaration of *test*."""
    name: Any = test.name
    if not isinstance(name, str) or not name:
        yield DeclarationProblem(
            Fault.TYPE, f"{shown(test.name)} is no name of a test", "write a text"
        )
        return
    yield from _of_groups(test)
    if test.payload is not None and _payload_is_unknown(test):
        yield DeclarationProblem(
            Fault.TYPE,
            f"{test.name!r} declares the payload {shown(test.payload)}",
            "take one of str, int, float, list[str], list[int], list[float], dict, "
            f"{', '.join(PAYLOAD_TYPES)}",
        )


def _payload_is_unknown(test: ProctorTest) -> bool:
    try:
        return test.payload_type not in PAYLOAD_TYPES
    except TypeError:  # something unhashable was written
        return True


def _of_groups(test: ProctorTest) -> Iterator[DeclarationProblem]:
    name, groups = test.name, test.groups
    if isinstance(groups, str):
        yield DeclarationProblem(
            Fault.TEXT,
            f"{name!r} declares its groups as the text {groups!r}",
            f"a tuple of one needs a comma: ({groups!r},)",
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
                "write the bucket's whole number",
            )


def _of_default(test: ProctorTest) -> Iterator[DeclarationProblem]:
    name, groups, default = test.name, test.groups, test.default
    if default is not None and not isinstance(default, str):
        yield DeclarationProblem(
            Fault.TYPE, f"{name!r} has the default {shown(default)}", "write a group's name"
        )
    elif default is not None and groups is not None and default not in groups:
        yield DeclarationProblem(
            Fault.DEFAULT,
            f"{name!r} has the default {default!r}, which is not among its groups",
            nearest(default, [str(group) for group in groups]),
        )

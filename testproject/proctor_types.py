"""The tests in PROCTOR_TESTS, for type checkers and editors.

Written by `manage.py proctor_types`. Do not edit it; change PROCTOR_TESTS instead.
"""

# fmt: off
# isort: skip_file
# pyright: basic
# ruff: noqa
# ruff: noqa: PGH004

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from django.http import HttpRequest

from proctor import Assignment
from proctor.typed import DeclaredProc

#: The names of all tests.
TestName: TypeAlias = Literal[
    "buttoncolortst",
    "headlinetst",
    "newfeaturerollout",
    "freedeliverytst",
]


class Proc(DeclaredProc[TestName]):
    """`request.proc`, with tests as attributes and items. For annotations only."""

    buttoncolortst: Assignment[Literal["control", "blue", "green"], str | None]
    #: In the matrix: "control", "question", "promise"; payload stringValue
    headlinetst: Assignment[str | None, str | None]
    newfeaturerollout: Assignment[Literal["inactive", "active"], Any]
    freedeliverytst: Assignment[Literal["control", "lower"], int | None]

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, name: Literal["buttoncolortst"]) -> Assignment[
            Literal["control", "blue", "green"],
            str | None,
        ]: ...

        @overload
        def __getitem__(self, name: Literal["headlinetst"]) -> Assignment[
            str | None,
            str | None,
        ]: ...

        @overload
        def __getitem__(self, name: Literal["newfeaturerollout"]) -> Assignment[
            Literal["inactive", "active"],
            Any,
        ]: ...

        @overload
        def __getitem__(self, name: Literal["freedeliverytst"]) -> Assignment[
            Literal["control", "lower"],
            int | None,
        ]: ...

        def __getitem__(self, name: str) -> Assignment[Any, Any]: ...

        @overload
        def peek(self, name: Literal["buttoncolortst"]) -> Assignment[
            Literal["control", "blue", "green"],
            str | None,
        ]: ...

        @overload
        def peek(self, name: Literal["headlinetst"]) -> Assignment[
            str | None,
            str | None,
        ]: ...

        @overload
        def peek(self, name: Literal["newfeaturerollout"]) -> Assignment[
            Literal["inactive", "active"],
            Any,
        ]: ...

        @overload
        def peek(self, name: Literal["freedeliverytst"]) -> Assignment[
            Literal["control", "lower"],
            int | None,
        ]: ...

        def peek(self, name: str) -> Assignment[Any, Any]: ...


class ProctorRequest(HttpRequest):
    """A request whose `proc` has the tests above: `def view(request: ProctorRequest)`.

    For annotations only. No request is an instance of this class.
    """

    proc: Proc

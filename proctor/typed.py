"""The base class of the class that `manage.py proctor_types` writes. For annotations only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DeclaredProc"]

Name_co = TypeVar("Name_co", bound=str, covariant=True)


class DeclaredProc(Generic[Name_co]):
    """The attributes of `request.proc` that all sites have; a subclass adds a site's tests.

    `Name_co` is a Literal of all test names. `request.proc` is not an instance of this class, so
    isinstance does not recognize it. Unlike the class of `request.proc`, this class has no
    undeclared attributes, so a type checker finds misspelled tests.
    """

    if TYPE_CHECKING:

        def __contains__(self, name: object) -> bool: ...
        def __iter__(self) -> Iterator[Name_co]: ...
        def __len__(self) -> int: ...

        def get_group_string_list(self) -> list[str]:
            """Return the name and value of each test whose group has a value of 0 or more."""

        def logging_string(self) -> str:
            """Return the text for logs, with allocation ids: `#A1:buttoncolortst1`."""

        def known_groups(self) -> str:
            """Return `str(self)` if the groups are already determined, otherwise ""."""

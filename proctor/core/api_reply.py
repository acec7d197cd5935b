"""A reply from our HTTP APIs, independent of the server or framework that sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["ApiReply", "Headers"]

#: A function that returns the first header with a given name, ignoring case, or None.
Headers = Callable[[str], "str | None"]


class ApiReply(NamedTuple):
    """A complete HTTP reply, except for the headers that the server adds itself."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

"""All private names of Python and urllib3 that the core uses.

docs/contributing.md lists each name, and explains why it is used. When a new version of Python or
urllib3 comes out, only this module needs to be checked.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["OpensSockets", "md5"]


class _Hash(Protocol):
    def digest(self) -> bytes: ...


def _find_md5() -> Callable[[bytes], _Hash]:
    """Return the fastest available MD5.

    For short inputs, OpenSSL's MD5 spends half of its time on setup, so the interpreter's own MD5
    takes only half the time in total. However, that MD5 is private and can be missing from a build,
    and PyPy's is slow because it is written in Python. The standard MD5 is called with
    `usedforsecurity=False`, because builds that run in FIPS mode would reject the call otherwise.
    """
    if sys.implementation.name == "cpython":
        try:
            from _md5 import (  # type: ignore[import-not-found] # noqa: PLC0415 - may be absent
                md5 as own_md5,
            )
        except ImportError:
            pass
        else:
            found: Callable[[bytes], _Hash] = own_md5
            return found
    return functools.partial(hashlib.md5, usedforsecurity=False)


#: Call as `md5(data).digest()`. `_find_md5` explains how the fastest implementation is chosen.
md5: Callable[[bytes], _Hash] = _find_md5()


class OpensSockets:
    """A urllib3 connection that opens its own sockets. Use it as the first base class.

    urllib3 has no public way to limit the time for each address of a host.
    """

    def _new_conn(self) -> socket.socket:
        return self.open_socket()

    @abstractmethod
    def open_socket(self) -> socket.socket:
        """Return a connected socket. Raises the same exceptions as urllib3."""

"""A salt and an identifier become a position, as in the Java's StandardTestChooser.

The position is the last four bytes of the MD5 of both, read as a signed 32-bit integer.
It depends on nothing else, so a visitor keeps his place as long as the salt stays.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encode_identifier", "hash_position", "md5", "salted_prefix"]


class _Hash(Protocol):
    def digest(self) -> bytes: ...


def _find_md5() -> Callable[[bytes], _Hash]:
    """The fastest MD5 at hand.

    OpenSSL's needs as long to set up as to hash so few bytes; the interpreter's own takes
    half the time in all. It is private and may be left out of a build, and PyPy's is
    written in Python. The standard one must be told that this is no cryptography, or a
    build in FIPS mode refuses.
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


#: `md5(data).digest()`; the choice of the fastest one is explained in `_find_md5`.
md5: Callable[[bytes], _Hash] = _find_md5()


def encode_identifier(identifier: str) -> bytes:
    """*identifier* in UTF-8 as the Java encodes it: a lone surrogate is a `?`.

    A surrogate pair, which a Python string may hold as two characters, is the one
    character that it stands for.
    """
    try:
        return identifier.encode()
    except UnicodeEncodeError:
        units = identifier.encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "surrogatepass").encode("utf-8", "replace")


def salted_prefix(test_name: str, salt: str | None) -> bytes:
    """What is hashed before the identifier.

    A salt that begins with `&` stands alone, so that tests that share it place each
    visitor alike. Any other is bound to the test's name; a missing one is `null`.
    """
    if salt is None:
        salt = "null"
    elif salt.startswith("&"):
        return encode_identifier(salt)
    return encode_identifier(f"{test_name}|{salt}")


def hash_position(prefix: bytes, identifier: bytes) -> int:
    """The position, from -2**31 to 2**31 - 1, of an encoded identifier behind a prefix."""
    return int.from_bytes(md5(prefix + identifier).digest()[12:], "big", signed=True)

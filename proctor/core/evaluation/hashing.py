"""Hash a salt and an identifier to a position, as Java Proctor's StandardTestChooser does.

The position is the last four bytes of the MD5 hash of the two, read as a signed 32-bit integer. It
depends on nothing else, so visitors keep their position until the salt changes.
"""

from __future__ import annotations

from proctor.core.library_internals import md5

__all__ = ["encode_identifier", "hash_position", "md5", "salted_prefix"]


def encode_identifier(identifier: str) -> bytes:
    """Return *identifier* in UTF-8 as Java Proctor encodes it. A lone surrogate becomes a `?`.

    A surrogate pair, which a Python string can contain as two characters, is encoded as the single
    character that it represents.
    """
    try:
        return identifier.encode()
    except UnicodeEncodeError:
        units = identifier.encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "surrogatepass").encode("utf-8", "replace")


def salted_prefix(test_name: str, salt: str | None) -> bytes:
    """Return the text that is hashed before the identifier.

    A salt that begins with `&` is used alone, so visitors have the same position in all tests with
    that salt. Any other salt is combined with the test's name; a missing salt becomes `null`.
    """
    if salt is None:
        salt = "null"
    elif salt.startswith("&"):
        return encode_identifier(salt)
    return encode_identifier(f"{test_name}|{salt}")


def hash_position(prefix: bytes, identifier: bytes) -> int:
    """Return the position of an encoded identifier with this prefix, from -2**31 to 2**31 - 1."""
    return int.from_bytes(md5(prefix + identifier).digest()[12:], "big", signed=True)

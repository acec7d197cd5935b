r"""Replace lone surrogates with U+FFFD in all text that leaves the library.

JSON may contain half of an emoji ("\ud83d"). Java and Python can keep it in a string, but neither
can write it in UTF-8. As in Java Proctor, the matrix stores such strings unchanged, and they are
hashed unchanged.
"""

from __future__ import annotations

import re
from typing import Any

from proctor.core.java.frozen import FrozenDict

__all__ = ["encodable", "encodable_json", "is_encodable"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def is_encodable(text: str) -> bool:
    """Return True if *text* can be written in UTF-8."""
    return text.isascii() or _SURROGATE.search(text) is None


def encodable(text: str) -> str:
    """Return *text* with lone surrogates replaced by U+FFFD, and surrogate pairs combined."""
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encodable_json(value: Any) -> Any:
    """Return a JSON value with `encodable` applied to all strings and keys.

    The value is copied only if something changes. Lists, tuples, dicts and frozen values keep their
    types.
    """
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        pairs = [(encodable_json(key), encodable_json(item)) for key, item in value.items()]
        same = all(
            key is new_key and item is new_item
            for (key, item), (new_key, new_item) in zip(value.items(), pairs, strict=True)
        )
        if same:
            return value
        return FrozenDict(pairs) if isinstance(value, FrozenDict) else dict(pairs)
    if isinstance(value, (list, tuple)):
        items = [encodable_json(item) for item in value]
        if all(old is new for old, new in zip(value, items, strict=True)):
            return value
        return tuple(items) if isinstance(value, tuple) else items
    return value

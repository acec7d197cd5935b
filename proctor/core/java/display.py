"""Make values from outside safe to print: short, and without control characters."""

from __future__ import annotations

from proctor.core.java.values import java_string
from proctor.core.messages import printable

__all__ = ["shown_value"]

MAX_VALUE = 80


def shown_value(value: object) -> str:
    """Return a value in the notation of rules, made printable: `'DE'`, `true`, `null`, `[a, b]`.

    Never raises, even if converting the value to a string does.
    """
    try:
        if isinstance(value, str):
            return printable(repr(str.__str__(value)[: MAX_VALUE * 2]), MAX_VALUE)
        return printable(java_string(value), MAX_VALUE)
    except Exception:  # noqa: BLE001 - a site's object may do anything, and this only shows it
        return f"<{printable(type(value).__qualname__, MAX_VALUE)} that cannot be printed>"

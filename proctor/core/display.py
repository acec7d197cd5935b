"""Values and texts from elsewhere, made safe to print: short, and without control characters."""

from __future__ import annotations

from proctor.core.rules.values import java_string

__all__ = ["printable", "shown_value"]

MAX_VALUE = 80


def printable(text: str, limit: int = 200) -> str:
    """*text* in one line: cut to *limit* characters, and with escapes for what has no glyph.

    A matrix and a request are data from elsewhere; what they hold must not command a
    terminal, nor turn the direction of writing.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def shown_value(value: object) -> str:
    """A value as a rule would write it: `'DE'`, `true`, `null`, `5`, `[a, b]`; printable.

    Never raises, whatever the value does when it is printed.
    """
    try:
        if isinstance(value, str):
            return printable(repr(str.__str__(value)[: MAX_VALUE * 2]), MAX_VALUE)
        return printable(java_string(value), MAX_VALUE)
    except Exception:  # noqa: BLE001 - a site's object may do anything, and this only shows it
        return f"<{printable(type(value).__qualname__, MAX_VALUE)} that cannot be printed>"

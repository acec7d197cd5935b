"""Build short texts that are safe to print, for errors and logs."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING

from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "closest",
    "counted",
    "did_you_mean",
    "error_place",
    "error_text",
    "nearest",
    "printable",
    "shown",
]

#: Maximum length of a repr in a message, in characters.
MAX_SHOWN = 80


def counted(number: int, noun: str) -> str:
    """Return the number and the noun, for example "1 template" or "2 templates"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(value: object, limit: int = 200) -> str:
    """Return *value* as one line of at most *limit* characters, with control characters escaped.

    Text from matrices and requests must not control a terminal, forge a log line or change the text
    direction. A Sentence that needs no change is returned as it is.
    """
    text = value if isinstance(value, Sentence) else str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def shown(value: object) -> str:
    """Return the repr of *value*, cut to 80 characters. Never raises."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a repr may raise anything, and a message must not
        return f"a value of type {type(value).__qualname__} that cannot be shown"
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


def nearest(word: object, known: Iterable[str]) -> Sentence:
    """Return a hint for an error message: the known name closest to *word*, and all known names."""
    names = list(known)
    guess = closest(word, names)
    if guess is None:
        return Sentence(gettext_noop("known names: {names}"), names=listed(names))
    text = gettext_noop("did you mean {guess!r}? Known names: {names}")
    return Sentence(text, guess=guess, names=listed(names))


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the closest name, or "" if none is close."""
    guess = closest(word, known)
    return "" if guess is None else f"; did you mean {guess!r}?"


def closest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name closest to *word*, or None if no name is close.

    Differences in case count very little. A name counts as close if its similarity, from 0 to 1, is
    at least *cutoff*.
    """
    import difflib  # noqa: PLC0415 - for messages only, and slow to import

    names = list(known)
    by_lower = {name.lower(): name for name in reversed(names)}
    lower = str(word).lower()
    if lower in by_lower:
        return by_lower[lower]
    close = difflib.get_close_matches(str(word), names, 1, cutoff) or [
        by_lower[name] for name in difflib.get_close_matches(lower, by_lower, 1, cutoff)
    ]
    return close[0] if close else None


def error_text(error: BaseException, limit: int = 200) -> str:
    """Return the class and the text of an exception. Never raises.

    The text can contain a visitor's data: show it only to people who are allowed to see such data.
    """
    try:
        return f"{type(error).__name__}: {error}"[:limit]
    except Exception:  # noqa: BLE001 - the exception's own __str__ may raise anything
        return type(error).__name__


def error_place(error: BaseException) -> str:
    """Return the class of an exception and where it was raised, for one log line.

    The text of the exception and the full traceback are left out, because they can contain a
    visitor's identifier, or line breaks from a header.
    """
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = [f"{PurePath(f.filename).name}:{f.lineno} in {f.name}" for f in reversed(frames)]
    kind = printable(type(error).__qualname__, 300)
    return f"{kind} ({', from '.join(places)})" if places else kind

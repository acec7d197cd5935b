"""Check text that users send: reasons, comments, and JSON that they typed."""

from __future__ import annotations

import json
from typing import Any

from proctor.core.java.frozen import is_too_deep
from proctor.core.messages import shown
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.errors import refused

__all__ = ["MAX_TEXT", "legible", "refuse_long", "strict_json"]

#: Maximum length of a message, reason or comment, in characters.
MAX_TEXT = 10_000

#: Maximum number of digits in an integer. Python does not read longer ones by default.
_DIGITS = 4300


def legible(text: str) -> str:
    """Return *text* without surrounding whitespace, or "" if all its characters are invisible."""
    return text.strip() if any(each.isprintable() and each != " " for each in text) else ""


def refuse_long(test: str, *, message: str = "", reason: str = "", comment: str = "") -> None:
    """Raise Refused, naming *test*, if any of the texts is longer than MAX_TEXT."""
    if len(message) > MAX_TEXT:
        text = gettext_noop("the message has {count} characters; at most {limit} are allowed")
        raise refused(test, "too-long-message", _counted(text, message))
    if len(reason) > MAX_TEXT:
        text = gettext_noop("the reason has {count} characters; at most {limit} are allowed")
        raise refused(test, "too-long-reason", _counted(text, reason))
    if len(comment) > MAX_TEXT:
        text = gettext_noop("the comment has {count} characters; at most {limit} are allowed")
        raise refused(test, "too-long-comment", _counted(text, comment))


def _counted(text: str, typed: str) -> Sentence:
    return Sentence(text, count=len(typed), limit=MAX_TEXT)


def strict_json(text: str) -> Any:
    """Return the value of a JSON text. Raises ValueError if it is not strictly valid JSON.

    By default, Python's `json` keeps only the last of two equal keys, accepts NaN, and raises
    RecursionError for deep nesting.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
        too_deep = is_too_deep(value)
    except RecursionError:
        too_deep = True
    # Check the depth here, because the depth that Python's own parser accepts depends on its
    # version.
    if too_deep:
        raise ValueError(Sentence(gettext_noop("it is nested too deeply")))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in found if names.count(name) > 1)
        text = gettext_noop("the key {key} occurs twice in one object")
        raise ValueError(Sentence(text, key=shown(double)))
    return found


def _refuse_constant(word: str) -> None:
    raise ValueError(Sentence(gettext_noop("{word} is not JSON"), word=word))


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        text = gettext_noop("a number has {count} digits; at most {limit} are allowed")
        raise ValueError(Sentence(text, count=len(digits), limit=_DIGITS))
    return int(digits)

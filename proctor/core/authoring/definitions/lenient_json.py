"""Read JSON as Java Proctor's stores do: with comments, and with text after the object.

Each Refusal names Jackson's exception, whose class depends on whether the error is inside a field
of the outermost object or between fields.
"""

from __future__ import annotations

import re
from typing import Any

from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.exceptions import ConversionError
from proctor.core.java.frozen import MAX_DEPTH, is_too_deep
from proctor.core.java.jackson import parse
from proctor.core.java.json_comments import without_comments
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

__all__ = ["decoded", "parse_lenient"]

_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)', re.DOTALL)
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[][{}]', re.DOTALL)


def decoded(content: bytes) -> str:
    """Decode the content of a UTF-8 file. Raises Refusal if it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise refuse(
            "json-syntax",
            Sentence(
                gettext_noop("the file is not UTF-8 ({error}); save it as UTF-8"),
                error=sentence_of(error),
            ),
        ) from None


def parse_lenient(text: str) -> Any:
    """Return the first JSON value of *text*.

    Raises Refusal for text that is not JSON, and for input that could harm the process: JSON that
    is nested too deeply, or integers with thousands of digits.
    """
    clean = without_comments(text)
    if not clean.strip(" \t\r\n"):
        raise refuse(
            "json-empty",
            Sentence(gettext_noop("expected a JSON object, got nothing; write {{...}}")),
        )
    try:
        value = parse(clean)
    except ConversionError as error:
        raise _unparsable(clean, error) from None
    # A text with at most MAX_DEPTH opening brackets cannot be nested too deeply.
    if clean.count("{") + clean.count("[") > MAX_DEPTH and is_too_deep(value):
        raise refuse(
            "json-syntax",
            Sentence(
                gettext_noop("nested deeper than {limit} levels; flatten it"), limit=MAX_DEPTH
            ),
        )
    return value


def _unparsable(text: str, error: ConversionError) -> Refusal:
    message = sentence_of(error)
    position = _position(text, error)
    if position is None:
        return refuse("json-syntax", message)
    # Jackson wraps an error inside a field in another error that names the field.
    if _depth(text[:position]) > 1:
        return refuse("json-nested-syntax", message)
    ends = "Unterminated string" in message or not text[position:].strip(" \t\r\n")
    return refuse("json-end" if ends else "json-syntax", message)


def _position(text: str, error: ConversionError) -> int | None:
    """Return the position where the parser stopped, if it is known."""
    if error.position is not None:
        return error.position
    constants = (each.start(1) for each in _CONSTANT.finditer(text) if each[1])
    return next(constants, None)


def _depth(text: str) -> int:
    """Return how many objects and lists are still open at the end of *text*."""
    brackets = [each for each in _BRACKET.findall(text) if len(each) == 1 and each != '"']
    return sum(1 if each in "{[" else -1 for each in brackets)

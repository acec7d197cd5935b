"""Translate the core's messages, and format the numbers and times in them as Django does."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.timezone import is_aware, localtime

from proctor.core.sentences import Sentence, sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.problems import Problem

__all__ = ["messages_of", "translated", "words_of"]


def translated(text: str) -> str:
    """Translate a message of the core into the active language."""
    return text.translated(translation, _shown) if isinstance(text, Sentence) else text


def messages_of(problems: Iterable[Problem]) -> list[str]:
    """Return the messages of problems in the active language."""
    return [translated(each.message) for each in problems]


def words_of(error: BaseException) -> str:
    """Return the text of an exception in the active language."""
    return translated(sentence_of(error))


def _shown(value: object) -> object:
    """Format a number or a time for the active language; return other values unchanged."""
    if isinstance(value, Decimal):
        return _Written(number_format(value))
    if isinstance(value, datetime):
        time = localtime(value) if is_aware(value) else value
        return _Written(date_format(time, "DATETIME_FORMAT"))
    return value


class _Written(str):
    """A value that is already formatted for the language. Ignores format specifiers in messages."""

    __slots__ = ()

    def __format__(self, _format: str) -> str:
        return str(self)

"""The language of a report: English, or the language of a site's translations.

A report consists of Sentences whose values are numbers, times and lists. `Language` translates
them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from typing_extensions import Self

    from proctor.core.sentences import Translations

__all__ = [
    "ENGLISH",
    "Day",
    "Figure",
    "Formats",
    "Language",
    "Moment",
    "Series",
    "ngettext_lazy",
]

#: A number in English: sign, digits with commas, decimals, and an exponent.
_NUMBER = re.compile(r"([+−-]?)([\d,]+)(?:\.(\d+))?(e[+-]\d+)?")


class Formats(Protocol):
    """How a language writes numbers and times."""

    @property
    def code(self) -> str:
        """The language code, as in HTML's `lang` attribute."""

    def number(self, value: Decimal, digits: int) -> str:
        """Return a number (0 or more) with *digits* decimal places."""

    def day(self, at: datetime) -> str:
        """Return a day without its year."""

    def time(self, at: datetime) -> str:
        """Return a day and a time of day."""


def ngettext_lazy(singular: str, plural: str) -> tuple[str, str]:
    """Return both strings, and mark them for translators.

    It has the same name as Django's function, because `makemessages` looks for that name.
    """
    return singular, plural


class Figure(Sentence):
    """A number, created from its English form: `−1,234.5`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Keep the text."""
        return super().__new__(cls, "{text}", text=text)

    def __getnewargs_ex__(self) -> Any:
        return (str(self),), {}

    def translated(self, translations: Translations, *_others: Any) -> str:
        """Return the number in the format of *translations*."""
        formats = _formats_of(translations)
        found = _NUMBER.fullmatch(self)
        if formats is None or found is None:
            return str(self)
        sign, whole, decimals, exponent = found.groups("")
        value = Decimal(f"{whole.replace(',', '')}.{decimals}")
        return f"{sign}{formats.number(value, len(decimals))}{exponent}"


class Moment(Sentence):
    """A time, which is written as `2026-03-02 09:30` in English."""

    __slots__ = ("at",)

    at: datetime

    def __new__(cls, at: datetime) -> Self:
        """Keep the time."""
        self = super().__new__(cls, "{text}", text=str(at)[:16])
        self.at = at
        return self

    def __getnewargs_ex__(self) -> Any:
        return (self.at,), {}

    def translated(self, translations: Translations, *_others: Any) -> str:
        """Return the time in the format of *translations*."""
        formats = _formats_of(translations)
        return str(self) if formats is None else formats.time(self.at)


class Day(Moment):
    """A day, which is written as `2026-03-02` in English."""

    __slots__ = ()

    def __new__(cls, at: datetime) -> Self:
        """Keep the time."""
        self = Sentence.__new__(cls, "{text}", text=str(at)[:10])
        self.at = at
        return self

    def translated(self, translations: Translations, *_others: Any) -> str:
        """Return the day in the format of *translations*."""
        formats = _formats_of(translations)
        return str(self) if formats is None else formats.day(self.at)


class Series(Sentence):
    """Strings joined into one, such as the items of a list."""

    __slots__ = ("separator", "texts")

    texts: tuple[str, ...]
    separator: str

    def __new__(cls, texts: Iterable[str], separator: str = gettext_noop(", ")) -> Self:
        """Keep the texts."""
        kept = tuple(texts)
        self = super().__new__(cls, "{text}", text=separator.join(kept))
        self.texts, self.separator = kept, separator
        return self

    def __getnewargs_ex__(self) -> Any:
        return (self.texts, self.separator), {}

    def translated(self, translations: Translations, *_others: Any) -> str:
        """Translate the strings into the language of *translations*, and join them."""
        return translations.gettext(self.separator).join(
            each.translated(translations) if isinstance(each, Sentence) else each
            for each in self.texts
        )


class _Both:
    """Translations together with formats for the numbers and times in a Sentence."""

    def __init__(self, translations: Translations, formats: Formats | None) -> None:
        self.gettext: Callable[[str], str] = translations.gettext
        self.ngettext: Callable[[str, str, int], str] = translations.ngettext
        self.formats = formats


def _formats_of(translations: Translations) -> Formats | None:
    return translations.formats if isinstance(translations, _Both) else None


class Language:
    """Translates strings into a language: English, if there are no translations."""

    def __init__(
        self, translations: Translations | None = None, formats: Formats | None = None
    ) -> None:
        self._both = None if translations is None else _Both(translations, formats)
        self._formats = None if translations is None else formats

    @property
    def code(self) -> str:
        """The language code; "en" if there are no formats."""
        return "en" if self._formats is None else self._formats.code

    def __call__(self, text: str) -> str:
        """Return a Sentence in this language; return any other string unchanged."""
        if self._both is None or not isinstance(text, Sentence):
            return str(text)
        return text.translated(self._both)

    def html(self, text: str) -> str:
        """Return a string in this language, escaped for HTML."""
        return escape(self(text))

    def day(self, at: datetime) -> str:
        """Return a day without its year: `Mar 2`."""
        return f"{at:%b} {at.day}" if self._formats is None else self._formats.day(at)


#: The language of the command line, of files and of JSON.
ENGLISH = Language()

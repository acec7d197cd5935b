"""Sentences that remember their parts, so that a user interface can translate them.

The core writes English and does not use translation catalogs. A `Sentence` is a str with the
English text. It also remembers the template and the values that it was made from, so that it can be
translated later. The pages of the Django site do this with `django.utils.translation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self

__all__ = [
    "Parts",
    "Sentence",
    "Translations",
    "gettext_noop",
    "listed",
    "ngettext_lazy",
    "sentence_of",
]

#: Formats a number or a time for display, and returns any other value unchanged.
Formats: TypeAlias = "Callable[[object], object]"


def gettext_noop(text: str) -> str:
    """Return *text*. Programs that collect texts for translators look for this call."""
    return text


def ngettext_lazy(singular: str, plural: str) -> tuple[str, str]:
    """Return both texts. Programs that collect texts for translators look for this call."""
    return singular, plural


class Translations(Protocol):
    """An object with functions that translate, such as `django.utils.translation` or `gettext`."""

    @property
    def gettext(self) -> Callable[[str], str]:
        """Return the translation of a text."""

    @property
    def ngettext(self) -> Callable[[str, str, int], str]:
        """Return the translation of the singular or the plural, depending on a number."""


class Sentence(str):
    """A text made from *template* by replacing each `{name}` with a value.

    If *plural* is given, *template* is the singular form, and the value `count` determines which
    form is used. A value can itself be a Sentence or Parts; it is then translated with the text. A
    Decimal or a datetime is formatted for display; other numbers are written as they are, without
    thousands separators.
    """

    __slots__ = ("plural", "template", "values")

    template: str
    plural: str | None
    values: dict[str, object]

    def __new__(cls, template: str, plural: str | None = None, /, **values: object) -> Self:
        """Build the English text.

        Raises KeyError if a value that the template mentions is missing.
        """
        chosen = template if plural is None or values["count"] == 1 else plural
        self = super().__new__(cls, chosen.format(**values))
        self.template, self.plural, self.values = template, plural, values
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str, str | None], dict[str, object]]:
        return (self.template, self.plural), self.values

    def translated(self, translations: Translations, formats: Formats | None = None) -> str:
        """Return the translated text, or the English text if there is no translation.

        *formats* formats numbers and times. A translation with an unknown placeholder is ignored.
        """
        values = {
            name: _translated(value, translations, formats) for name, value in self.values.items()
        }
        count = self.values.get("count")
        if self.plural is None or not isinstance(count, int):
            template = translations.gettext(self.template)
        else:
            template = translations.ngettext(self.template, self.plural, count)
        try:
            return template.format(**values)
        except (LookupError, ValueError, AttributeError):
            return str(self)


@dataclass(frozen=True, slots=True)
class Parts:
    """The items of a list in a sentence."""

    texts: tuple[str, ...]
    separator: str

    def __str__(self) -> str:
        return self.separator.join(self.texts)

    def translated(self, translations: Translations, formats: Formats | None = None) -> str:
        """Return the list as text, with its items and its separator translated."""
        texts = [str(_translated(each, translations, formats)) for each in self.texts]
        return translations.gettext(self.separator).join(texts)


def listed(texts: Iterable[str], separator: str = gettext_noop(", ")) -> Parts:
    """Return a list for use in a sentence, with commas unless another *separator* is given."""
    return Parts(tuple(texts), separator)


def sentence_of(error: BaseException) -> str:
    """Return an exception's text, as a Sentence if the exception was created with one."""
    text = str(error)
    given = error.args[0] if error.args else None
    return given if isinstance(given, Sentence) and given == text else text


def _translated(value: object, translations: Translations, formats: Formats | None) -> object:
    if isinstance(value, (Sentence, Parts)):
        return value.translated(translations, formats)
    return value if formats is None else formats(value)

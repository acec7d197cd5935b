"""Reports in the language of the page, based on Django's translations and formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone, translation
from django.utils.formats import date_format, number_format

from proctor.conf import settings

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from proctor.analysis import Report

__all__ = ["SiteFormats", "html_of", "translated_sentence"]


class SiteFormats:
    """Formats numbers and times for the active language; times are in the current time zone."""

    @property
    def code(self) -> str:
        """The code of the active language."""
        return translation.get_language() or str(settings.LANGUAGE_CODE)

    def number(self, value: Decimal, digits: int) -> str:
        """Return a number with separators."""
        return str(number_format(value, decimal_pos=digits, force_grouping=True))

    def day(self, at: datetime) -> str:
        """Return the day and the month."""
        return date_format(timezone.localtime(at), "MONTH_DAY_FORMAT")

    def time(self, at: datetime) -> str:
        """Return the day and the time of day."""
        return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def html_of(report: Report) -> str:
    """Return the content of a report page in the active language."""
    return report.to_html(fragment=True, translations=translation, formats=SiteFormats())


def translated_sentence(text: str) -> str:
    """Return a sentence of a report in the active language."""
    # Imported here because proctor.analysis needs an extra. If the extra is not installed, there
    # are no reports, and this function is never called.
    from proctor.analysis.report.language import Language  # noqa: PLC0415

    return Language(translation, SiteFormats())(text)

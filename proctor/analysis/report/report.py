"""`Report`: the results of an analysis as text, JSON and HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.analysis.report.html import page
from proctor.analysis.report.language import Language
from proctor.analysis.report.model import Findings
from proctor.analysis.report.text import text_of

if TYPE_CHECKING:
    from proctor.analysis.report.language import Formats
    from proctor.core.sentences import Translations

__all__ = ["Report"]


class Report(Findings):
    """The results of an analysis. `to_dict()` returns them as JSON."""

    __slots__ = ()

    def to_text(
        self, *, translations: Translations | None = None, formats: Formats | None = None
    ) -> str:
        """Return the report as text for a terminal, in English unless *translations* are given."""
        return text_of(self, Language(translations, formats))

    def to_html(
        self,
        *,
        fragment: bool = False,
        translations: Translations | None = None,
        formats: Formats | None = None,
    ) -> str:
        """Return the report as an HTML page without scripts.

        Its styles are in a `<style>` element.

        With *fragment*, return only the content, for a page that links `static/proctor/report.css`.
        The page is in English unless *translations* are given, for example
        `django.utils.translation`; *formats* defines how numbers and times are written.
        """
        return page(self, Language(translations, formats), fragment=fragment)

"""Find the code to clean up once a test is finished: the lines that name the test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from proctor.conf import settings
from proctor.generated_types.module_text import is_generated
from proctor.upkeep.mentions import python_files
from proctor.upkeep.template_literals import template_texts, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Place", "places_of"]

#: Maximum number of lines to list.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A line of code that names the test."""

    file: str
    line: int
    text: str


def places_of(test: str) -> list[Place]:
    """Return the lines in templates and Python files that contain a test's name as a whole word.

    The files are those that `manage.py proctor_audit` searches, except for the module that
    `manage.py proctor_types` generates.
    """
    word = re.compile(rf"(?<!\w){re.escape(test)}(?!\w)")
    try:
        found = [*_templates(word), *_python(word)]
    except (ImproperlyConfigured, OSError):
        return []
    return found[:_MOST]


def _python(word: re.Pattern[str]) -> Iterator[Place]:
    base = Path(getattr(settings, "BASE_DIR", None) or Path.cwd()).resolve()
    for path in python_files():
        shown = path.relative_to(base) if path.is_relative_to(base) else path
        text = text_of(path)
        if not is_generated(text):
            yield from _lines(str(shown), text, word)


def _templates(word: re.Pattern[str]) -> Iterator[Place]:
    for name, text in template_texts().named:
        yield from _lines(name, text, word)


def _lines(name: str, text: str, word: re.Pattern[str]) -> Iterator[Place]:
    if word.search(text) is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if word.search(line):
            yield Place(name, number, line.strip()[:160])

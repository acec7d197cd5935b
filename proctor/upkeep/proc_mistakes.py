"""Find mistakes in how templates use `proc`: comparisons with a string, and misspelled tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.messages import closest
from proctor.upkeep.template_literals import named_texts
from proctor.visits.proc import OWN_NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["GroupComparison", "MisspelledTest", "find_group_comparisons", "find_misspelled_tests"]

_CONDITION = re.compile(r"\{%-?\s*(?:el)?if\s(.*?)%\}", re.DOTALL)
_PROC = r"(?:request\.)?proc\.(\w+)"
_TEXT = r"""(?:"[^"]*"|'[^']*')"""
_COMPARISON = re.compile(rf"(?<![\w.]){_PROC}\s*[!=]=\s*{_TEXT}|{_TEXT}\s*[!=]=\s*{_PROC}(?![\w.])")
_MARKUP = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_READ = re.compile(rf"(?<![\w.\"'-]){_PROC}")

#: How similar two names must be to count as a misspelling, from 0 to 1. With a lower value,
#: unrelated variables called `proc` would be reported.
_SIMILAR = 0.8


class GroupComparison(NamedTuple):
    """A comparison such as `proc.buttoncolortst == "blue"`."""

    test: str
    text: str
    #: The template and the line, such as `shop/page.html:3`.
    place: str


def find_group_comparisons(tests: Collection[str]) -> Iterator[GroupComparison]:
    """Return the places where a template's condition compares one of the *tests* with a string.

    Raises the same exception as Django if TEMPLATES is invalid.
    """
    for found, place in _matches(_CONDITION, _COMPARISON):
        test = found[1] or found[2]
        if test in tests:
            yield GroupComparison(test, found[0], place)


class MisspelledTest(NamedTuple):
    """A place where a template reads an undeclared test with a name similar to a declared one."""

    test: str
    declared: str
    #: The template and the line, such as `shop/page.html:3`.
    place: str


def find_misspelled_tests(tests: Collection[str]) -> Iterator[MisspelledTest]:
    """Return reads such as `{{ proc.buttoncolrtst.group }}`, which silently print nothing.

    Raises the same exception as Django if TEMPLATES is invalid.
    """
    for found, place in _matches(_MARKUP, _READ):
        read = found[1]
        if read in tests or read in OWN_NAMES:
            continue
        declared = closest(read, tests, _SIMILAR)
        if declared is not None:
            yield MisspelledTest(read, declared, place)


def _matches(
    region: re.Pattern[str], wanted: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each match of *wanted* in a template, and its place.

    Only the text that group 1 of *region* matches is searched.
    """
    for texts in named_texts():
        for name, text in sorted(texts.items()):
            for part in region.finditer(text):
                for found in wanted.finditer(part[1]):
                    line = text.count("\n", 0, part.start(1) + found.start()) + 1
                    yield found, f"{name}:{line}"

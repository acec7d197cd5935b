"""Find comparisons of an assignment with a string in templates; they are never true."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from proctor.upkeep.template_literals import named_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["GroupComparison", "find_group_comparisons"]

_CONDITION = re.compile(r"\{%-?\s*(?:el)?if\s(.*?)%\}", re.DOTALL)
_PROC = r"(?:request\.)?proc\.(\w+)"
_TEXT = r"""(?:"[^"]*"|'[^']*')"""
_COMPARISON = re.compile(rf"(?<![\w.]){_PROC}\s*[!=]=\s*{_TEXT}|{_TEXT}\s*[!=]=\s*{_PROC}(?![\w.])")


class GroupComparison(NamedTuple):
    """A comparison such as `proc.buttoncolortst == "blue"`."""

    test: str
    text: str
    #: The template and the line, such as `shop/page.html:3`.
    place: str


def find_group_comparisons(tests: Collection[str]) -> Iterator[GroupComparison]:
    """Return comparisons of declared *tests* with strings in the conditions of all templates.

    Raises Django's exception if TEMPLATES is invalid.
    """
    for texts in named_texts():
        for name, text in sorted(texts.items()):
            for condition in _CONDITION.finditer(text):
                for found in _COMPARISON.finditer(condition[1]):
                    test = found[1] or found[2]
                    if test in tests:
                        line = text.count("\n", 0, condition.start(1) + found.start()) + 1
                        yield GroupComparison(test, found[0], f"{name}:{line}")

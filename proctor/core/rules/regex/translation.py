"""Translate a pattern for `re`: parse it, check it, and write it in Python's syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.rules.regex.charset import EVERYTHING
from proctor.core.rules.regex.cost import MAX_STEPS, Explosive, competitors, steps
from proctor.core.rules.regex.emitter import emit, emit_set
from proctor.core.rules.regex.errors import unsupported
from proctor.core.rules.regex.neighbours import SideBySide, refuse_neighbours
from proctor.core.rules.regex.nodes import alphabet
from proctor.core.rules.regex.parser import parse
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from proctor.core.rules.regex.nodes import Node


def translated(pattern: str, length: int, *, searching: bool) -> str:
    """Translate a pattern for `re`. The subjects must have at most *length* characters.

    Raises the same errors as `proctor.core.rules.regex.translate`.
    """
    tree = parse(pattern)
    return _guard(pattern, tree, length, searching) + emit(tree)


def _guard(pattern: str, tree: Node, length: int, searching: bool) -> str:
    """Return a lookahead to put before the pattern, or "" if the pattern needs none.

    Most patterns need none. Raises an error for a slow pattern.

    The lookahead rejects subjects with a character that the pattern cannot match. Without it, a
    pattern that ends in `.*` could fail at every position of such a subject.
    """
    try:
        refuse_neighbours(tree)
        if steps(tree, length, searching=searching) <= MAX_STEPS:
            return ""
        letters = alphabet(tree)
        if not searching and steps(tree, length, sure=letters) <= MAX_STEPS:
            return "" if letters == EVERYTHING else f"(?={emit_set(letters)}*\\Z)"
    except SideBySide as error:
        text = gettext_noop(
            "this repetition can match the same text as the repetition at {position}; combine the "
            "two, or separate them by a part that neither matches"
        )
        if error.position == error.other:
            text = gettext_noop(
                "two iterations of this repetition can match the same text; write a single "
                "repetition, or separate the iterations by a part that the repetition does not "
                "match"
            )
        raise unsupported(pattern, error.other, Sentence(text, position=error.position)) from None
    except Explosive as error:
        raise unsupported(
            pattern,
            error.position,
            Sentence(
                gettext_noop(
                    "the repeated part can match the same text in several ways; write it so that "
                    "the next character always decides how to continue"
                )
            ),
        ) from None
    places = competitors(tree)
    raise unsupported(
        pattern,
        places[0] if places else 0,
        Sentence(
            gettext_noop(
                "too many repetitions (at {places}) can match the same text, so matching "
                "could be very slow; use narrower character classes, or several matches "
                "joined by &&"
            ),
            places=listed(map(str, places)),
        ),
    )

"""A pattern's text → the text for `re`: parsed, checked, written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.rules.regex.charset import EVERYTHING
from proctor.core.rules.regex.cost import MAX_STEPS, Explosive, competitors, steps
from proctor.core.rules.regex.emitter import emit, emit_set
from proctor.core.rules.regex.errors import unsupported
from proctor.core.rules.regex.neighbours import SideBySide, refuse_neighbours
from proctor.core.rules.regex.nodes import alphabet
from proctor.core.rules.regex.parser import parse

if TYPE_CHECKING:
    from proctor.core.rules.regex.nodes import Node


def translated(pattern: str, length: int, *, searching: bool) -> str:
    """The text for `re`, for subjects of at most *length* characters.

    Raises what `proctor.core.rules.regex.translate` raises.
    """
    tree = parse(pattern)
    return _guard(pattern, tree, length, searching) + emit(tree)


def _guard(pattern: str, tree: Node, length: int, searching: bool) -> str:
    """A look-ahead to put before the pattern, mostly ""; refuses what would be slow.

    Where all that the pattern matches is of the characters of its last `.*`, a subject
    with another character is better refused at once than found wanting at every place.
    """
    try:
        refuse_neighbours(tree)
        if steps(tree, length, searching=searching) <= MAX_STEPS:
            return ""
        letters = alphabet(tree)
        if not searching and steps(tree, length, sure=letters) <= MAX_STEPS:
            return "" if letters == EVERYTHING else f"(?={emit_set(letters)}*\\Z)"
    except SideBySide as error:
        alone = error.position == error.other
        rival = "in its own next turn" if alone else f"by the repetition at {error.position}"
        raise unsupported(
            pattern,
            error.other,
            f"what this repeats could be taken {rival} as well; write it once, or put between "
            "what neither takes",
        ) from None
    except Explosive as error:
        raise unsupported(
            pattern,
            error.position,
            "what this repeats can match one text in several ways; write it so that the next "
            "character always says how to go on",
        ) from None
    places = competitors(tree)
    raise unsupported(
        pattern,
        places[0] if places else 0,
        f"too many repetitions (at {', '.join(map(str, places))}) could share out one text; "
        "use more exact sets, or several matches joined by &&",
    )

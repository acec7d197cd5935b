"""Search for tests in the same way as Proctor, but parse as few definitions as possible."""

from __future__ import annotations

import re

from django.db.models import Q
from django.db.models.functions import Lower

from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.search import Listed, Query, search
from proctor.editor.models import Head
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import parse

__all__ = ["found_names"]

#: Matches words whose characters are never escaped in a stored definition, so the database can
#: search for these words.
_PLAIN = re.compile(r"[!#-.0-\[\]-~]+")
#: Maximum number of words that the database searches for, because more conditions would make the
#: query very slow. Python then checks which of the tests found contain all words.
_MOST = 8
#: These two characters, İ and the kelvin sign, contain ASCII letters when converted to lower case.
_FOLDING = ("\\u0130", "\\u212A", "\\u212a")


def found_names(branch: str, text: str) -> list[str]:
    """Return the sorted names of the tests on a branch that contain all words of *text*."""
    heads = Head.objects.using(write_alias()).filter(branch__name=branch, is_deletion=False)
    # `icontains` is not used: in MySQL, it uses the column's case-sensitive collation.
    heads = heads.alias(name=Lower("test"), text=Lower("revision__definition"))
    words = text.split()
    for word in [*dict.fromkeys(words)][:_MOST]:
        if _PLAIN.fullmatch(word):
            possible = Q(name__contains=word.lower()) | Q(text__contains=word.lower())
            for folding in _FOLDING:
                possible |= Q(revision__definition__contains=folding)
            heads = heads.filter(possible)
    if not words:
        return list(heads.order_by("test").values_list("test", flat=True))
    rows = heads.values_list("test", "revision__definition").iterator(chunk_size=500)
    return sorted(name for name, definition in rows if _matches(name, definition, text))


def _matches(name: str, text: str | None, words: str) -> bool:
    if text is None:
        return False
    try:
        return search([Listed(parse(text, name))], Query(words)).matching == 1
    except Refusal:
        return False

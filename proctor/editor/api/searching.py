"""The search for tests: Proctor's search, run on as few definitions as possible."""

from __future__ import annotations

import re

from django.db.models import Q

from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.search import Listed, Query, search
from proctor.editor.models import Head
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import parse

__all__ = ["found_names"]

#: Words that are stored unchanged, so that the database can search for them.
_PLAIN = re.compile(r"[!#-.0-\[\]-~]+")
#: The database searches for this many words; a longer condition would take it very long. All words
#: are searched for in what it finds.
_MOST = 8
#: These two become ASCII letters in lower case: İ and the kelvin sign.
_FOLDING = ("\\u0130", "\\u212A", "\\u212a")


def found_names(branch: str, text: str) -> list[str]:
    """Return the names of the tests of a branch that contain all words, sorted."""
    heads = Head.objects.using(write_alias()).filter(branch__name=branch, is_deletion=False)
    words = text.split()
    for word in [*dict.fromkeys(words)][:_MOST]:
        if _PLAIN.fullmatch(word):
            possible = Q(test__icontains=word) | Q(revision__definition__icontains=word)
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

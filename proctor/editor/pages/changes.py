"""Compare revisions in three ways: in sentences, field by field, and as lines of JSON."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from proctor.conf import settings
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.review.reviewing import review
from proctor.editor.pages.form.form_shares import percent_text, summed
from proctor.editor.pages.translating import translated
from proctor.editor.publishing.heads import definition_of
from proctor.resolving.site_setup import current_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.models import Revision

__all__ = [
    "Line",
    "ThreeWay",
    "consumable_of",
    "document_of",
    "json_lines",
    "json_text",
    "sentences_between",
    "three_ways",
    "without_filled_in",
]


@dataclass(frozen=True, slots=True)
class Line:
    """A line in a JSON comparison."""

    #: One of `same`, `added`, `removed` and `gap`.
    kind: str
    text: str

    @property
    def sign(self) -> str:
        """The character shown before the line."""
        return {"added": "+", "removed": "−", "gap": "⋯"}.get(self.kind, " ")


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """A field that you or someone else has changed since you started editing."""

    field: str
    base: str
    theirs: str
    yours: str

    @property
    def clashes(self) -> bool:
        """True if both people changed the field to different values."""
        return self.theirs not in (self.base, self.yours) and self.yours != self.base


def consumable_of(revision: Revision | None) -> TestDefinition | None:
    """Return a revision's test in the matrix's format.

    Return None if the revision deletes the test, or if its definition cannot be read.
    """
    try:
        definition = definition_of(revision)
        return None if definition is None else definition.with_version(None).consumable()
    except Refusal:
        return None


def sentences_between(
    old: Revision | None,
    new: Revision | None,
    types: Mapping[str, ContextType] | None = None,
) -> list[str]:
    """Return the changes from one revision to another in sentences, most serious first.

    *types* maps variables to their types; the default is the site's variables.
    """
    found = review(
        consumable_of(old),
        consumable_of(new),
        context_types=current_variables().context_types if types is None else types,
        test_types=tuple(settings.PROCTOR_TEST_TYPES),
    )
    return [translated(sentence) for each in found.tests for sentence in each.sentences]


def document_of(definition: Definition | None) -> dict[str, Any]:
    """Return the JSON document that users edit: the definition without its version."""
    if definition is None:
        return {}
    document = definition.to_dict()
    document.pop("version", None)
    return document


def json_text(document: dict[str, Any]) -> str:
    """Return a document as indented JSON text, for users to edit."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def json_lines(old: Definition | None, new: Definition | None) -> list[Line]:
    """Return the lines of JSON that differ, with three lines of context around each change."""
    first, second = without_filled_in(document_of(old), document_of(new))
    before, after = (
        [] if each is None else json_text(document).splitlines()
        for each, document in ((old, first), (new, second))
    )
    kinds = {"+": "added", "-": "removed", " ": "same", "@": "gap"}
    lines = list(difflib.unified_diff(before, after, lineterm="", n=3))[2:]
    return [
        Line(kinds[line[0]], "" if line[0] == "@" else line[1:])
        for index, line in enumerate(lines)
        if index or line[0] != "@"
    ]


def without_filled_in(old: dict[str, Any], new: dict[str, Any]) -> tuple[Any, Any]:
    """Return both documents without the empty fields that only one of them has.

    The fields are in the order of *new*.

    An imported definition may omit fields, but the editor writes all of them the next time the test
    is changed. Empty values in constants and payloads are kept, because they have a meaning.
    """
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    for key in dict.fromkeys((*new, *old)):
        if key in old and key in new:
            first[key], second[key] = _parts_without(key, old[key], new[key])
        elif key in old and not _is_empty(old[key]):
            first[key] = old[key]
        elif key in new and not _is_empty(new[key]):
            second[key] = new[key]
    return first, second


def _parts_without(key: str, old: Any, new: Any) -> tuple[Any, Any]:
    """Return both values of a field, without the empty fields in their buckets or allocations."""
    if key not in ("buckets", "allocations") or not (
        isinstance(old, list) and isinstance(new, list)
    ):
        return old, new
    pairs = [
        without_filled_in(*pair) if all(isinstance(each, dict) for each in pair) else pair
        for pair in zip(old, new, strict=False)
    ]
    return (
        [*(before for before, _after in pairs), *old[len(pairs) :]],
        [*(after for _before, after in pairs), *new[len(pairs) :]],
    )


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def three_ways(base: Any, theirs: Any, yours: Any) -> list[ThreeWay]:
    """Return all three values of each field in which *theirs* or *yours* differs from *base*.

    A field that is missing or empty in all three does not differ; see `without_filled_in`.
    """
    flat = [dict(_flat(_readable(each), "")) for each in (base, theirs, yours)]
    names = list(dict.fromkeys(name for each in flat for name in each))
    empty = {
        name
        for name in names
        if all(name not in each or _means_nothing(name, each[name]) for each in flat)
    }
    texts = [{name: _text(value) for name, value in each.items()} for each in flat]
    found = [ThreeWay(name, *(each.get(name, "—") for each in texts)) for name in names]
    return [
        each
        for each in found
        if each.field not in empty and not each.base == each.theirs == each.yours
    ]


def _means_nothing(place: str, value: Any) -> bool:
    """Return True if a field with this value means the same as a missing field."""
    is_inside = place.startswith(("constants: ", "specialConstants: ")) or ": payload: " in place
    return _is_empty(value) and not is_inside


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _readable(document: Any) -> dict[str, Any]:
    """Return a document with its buckets keyed by name, and with shares instead of ranges."""
    try:
        buckets = document.get("buckets") or []
        names = {bucket["value"]: bucket["name"] for bucket in buckets}
        found = {**document, "buckets": {bucket["name"]: bucket for bucket in buckets}}
        found["allocations"] = {
            f"{index}": _allocation(each, names)
            for index, each in enumerate(document.get("allocations") or [], 1)
        }
    except (AttributeError, KeyError, TypeError, ArithmeticError):
        return {"JSON": document}
    return found


def _allocation(document: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    # Ids are left out, because the editor assigns them and users do not change them.
    shown = {key: each for key, each in document.items() if key not in ("ranges", "id")}
    lengths = summed(document.get("ranges") or [])
    for value in {*names, *lengths}:
        name = names.get(value, str(value))
        shown[name] = f"{percent_text(lengths.get(value, Fraction(0)))} %"
    return shown


def _flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield each value of a document with its path, such as `allocations 1: blue`."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            is_key = place in ("buckets", "allocations")
            yield from _flat(each, f"{place} {name}" if is_key else _inside(place, name))
    else:
        yield place, value


def _inside(place: str, name: str) -> str:
    return f"{place}: {name}" if place else name

"""Change values in the text of a JSON document, and leave every other character as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from proctor.core.matrices.matrix import Range

__all__ = ["Span", "decimal_text", "elements", "find", "ranges_text", "spliced"]

#: Used only to find where a value ends. Numbers stay text, so they can have any number of digits.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)
_BLANKS = " \t\n\r"


class Span(NamedTuple):
    """The position of a value in a text: the index of its start and the index after its end."""

    start: int
    stop: int


def find(text: str, path: Sequence[str | int]) -> Span | None:
    """Return the span of the value at *path* (keys and indexes); None if there is no such value.

    The text must be valid JSON. If an object has a key twice, the last one counts.
    """
    start = _skip(text, 0)
    span = Span(start, _end(text, start))
    for step in path:
        if isinstance(step, int):
            found = elements(text, span)[step : step + 1]
        else:
            found = [place for key, place in _members(text, span) if key == step][-1:]
        if not found:
            return None
        span = found[0]
    return span


def elements(text: str, array: Span) -> list[Span]:
    """Return the spans of an array's elements; an empty list if the value is not an array."""
    if text[array.start] != "[":
        return []
    found = []
    index = _skip(text, array.start + 1)
    while text[index] != "]":
        found.append(Span(index, _end(text, index)))
        index = _skip(text, found[-1].stop)
        if text[index] == ",":
            index = _skip(text, index + 1)
    return found


def _members(text: str, span: Span) -> Iterator[tuple[str, Span]]:
    if text[span.start] != "{":
        return
    index = _skip(text, span.start + 1)
    while text[index] != "}":
        key, index = _DECODER.raw_decode(text, index)
        start = _skip(text, _skip(text, index) + 1)
        place = Span(start, _end(text, start))
        yield key, place
        index = _skip(text, place.stop)
        if text[index] == ",":
            index = _skip(text, index + 1)


def _skip(text: str, index: int) -> int:
    while text[index] in _BLANKS:
        index += 1
    return index


def _end(text: str, start: int) -> int:
    return _DECODER.raw_decode(text, start)[1]


def spliced(text: str, changes: Iterable[tuple[Span, str]]) -> str:
    """Return *text* with the given spans replaced by new text. The spans must not overlap."""
    for (start, stop), new in sorted(changes, reverse=True):
        text = text[:start] + new + text[stop:]
    return text


def decimal_text(length: float) -> str:
    """Return a length as Proctor writes it, such as `0.25` or `1.0`: at most ten decimal places."""
    text = f"{length:.10f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def ranges_text(text: str, array: Span, old: Sequence[Range], new: Sequence[Range]) -> str:
    """Return the *new* ranges as JSON, written in the same style as the *old* ranges in *text*.

    The text of unchanged ranges is kept. If a range has a new length, its other fields are kept.
    """
    places = elements(text, array)
    before = text[array.start + 1 : places[0].start]
    between = f",{before}" if before.strip(" ") else ", "
    if len(places) > 1:
        between = text[places[0].stop : places[1].start]
    after = text[places[-1].stop : array.stop - 1]
    used: set[int] = set()
    found = []
    for each in new:
        index = _origin(each, old, used)
        if index is None:
            found.append(_new_range(text, places[0], each))
        else:
            used.add(index)
            found.append(_with_length(text, places[index], old[index], each))
    return f"[{before}{between.join(found)}{after}]"


def _origin(each: Range, old: Sequence[Range], used: set[int]) -> int | None:
    """Return the index of the old range that *each* comes from, or None if it is new."""
    same = [
        index
        for index, other in enumerate(old)
        if index not in used
        and other.bucket_value == each.bucket_value
        and other.extra == each.extra
    ]
    return next((i for i in same if old[i].length == each.length), same[0] if same else None)


def _with_length(text: str, place: Span, old: Range, new: Range) -> str:
    own = text[place.start : place.stop]
    length = find(own, ["length"])
    if old.length == new.length and length is not None:
        return own
    if length is None:
        return own[:1] + f'"length": {decimal_text(new.length)}, ' + own[1:]
    return spliced(own, [(length, decimal_text(new.length))])


def _new_range(text: str, model: Span, new: Range) -> str:
    own = text[model.start : model.stop]
    value, length = find(own, ["bucketValue"]), find(own, ["length"])
    if value is None or length is None or len(list(_members(own, Span(0, len(own))))) != 2:
        return f'{{"bucketValue": {new.bucket_value}, "length": {decimal_text(new.length)}}}'
    return spliced(own, [(value, str(new.bucket_value)), (length, decimal_text(new.length))])

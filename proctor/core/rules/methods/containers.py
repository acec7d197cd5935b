"""Methods of lists, sets, maps and enums  [java.util]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.java.comparison import java_equals
from proctor.core.java.properties import has_key, map_get
from proctor.core.java.values import Integer, MapValues
from proctor.core.rules.methods.choosing import Methods, one
from proctor.core.rules.methods.objects import OBJECT
from proctor.core.rules.signatures import RuleType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COLLECTION", "ENUM", "LIST", "MAP"]

_O, _I = RuleType.OBJECT, RuleType.INT

COLLECTION: Methods = OBJECT | {
    "size": one(lambda c: Integer(len(c))),
    "isEmpty": one(lambda c: not c),
    "contains": one(lambda c, item: any(java_equals(item, each) for each in c), _O),
    "containsAll": one(
        lambda c, items: all(any(java_equals(item, each) for each in c) for item in items),
        RuleType.COLLECTION,
    ),
}


def _get(items: Sequence[object], index: int) -> object:
    if not 0 <= index < len(items):
        raise IndexError(f"index {index}, size {len(items)}")
    return items[index]


def _sub_list(items: Sequence[object], begin: int, end: int) -> list[object]:
    if not 0 <= begin <= end <= len(items):
        raise IndexError(f"begin {begin}, end {end}, size {len(items)}")
    return list(items[begin:end])


def _positions(items: Sequence[object], wanted: object) -> list[int]:
    return [index for index, item in enumerate(items) if java_equals(wanted, item)] or [-1]


LIST: Methods = COLLECTION | {
    "get": one(_get, _I),
    "indexOf": one(lambda items, wanted: Integer(_positions(items, wanted)[0]), _O),
    "lastIndexOf": one(lambda items, wanted: Integer(_positions(items, wanted)[-1]), _O),
    "subList": one(_sub_list, _I, _I),
}

MAP: Methods = OBJECT | {
    "size": one(lambda m: Integer(len(m))),
    "isEmpty": one(lambda m: not m),
    "get": one(map_get, _O),
    "getOrDefault": one(
        lambda m, key, other: map_get(m, key) if has_key(m, key) else other, _O, _O
    ),
    "containsKey": one(has_key, _O),
    "containsValue": one(lambda m, item: any(java_equals(item, each) for each in m.values()), _O),
    "keySet": one(lambda m: m.keys()),
    "values": one(MapValues),
}

ENUM: Methods = OBJECT | {
    "name": one(lambda member: member.name),
    "ordinal": one(lambda member: Integer(list(type(member).__members__).index(member.name))),
}

"""Conversion between the Edit form and the JSON of a definition."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from proctor.core.matrices.payloads import PAYLOAD_TYPES
from proctor.editor.pages.form.form_shares import percent_text, ranges_for, share_of, summed
from proctor.editor.pages.form.form_state import (
    FLAGS,
    AllocationRow,
    BucketRow,
    ConstantRow,
    FormState,
    integer_of,
)
from proctor.editor.pages.translating import words_of
from proctor.editor.written import strict_json

__all__ = ["FormRead", "document_of_state", "fits_the_form", "state_of_document"]

_OWNER = "owner:"


@dataclass(slots=True)
class FormRead:
    """The JSON for a form, and the problems in fields that could not be read."""

    document: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)


def document_of_state(state: FormState) -> FormRead:
    """Return the definition that the form describes."""
    read = FormRead({})
    texts = state.texts
    buckets = _buckets(state, read)
    values = [each.get("value") for each in buckets]
    special = _json_object(texts["special"], "special", read)
    read.document = {
        "constants": _constants(state, read),
        "specialConstants": special,
        "salt": texts["salt"].strip(),
        "rule": texts["rule"].strip() or None,
        "buckets": buckets,
        "allocations": [
            _allocation(state, index, values, read) for index in range(len(state.allocations))
        ],
        "silent": state.flags["silent"],
        "metaTags": _tags(texts),
        "testType": texts["test_type"].strip() or None,
        "description": texts["description"].strip(),
        "dependsOn": _depends_on(texts, read),
        **{FLAGS[name]: state.flags[name] for name in ("incognito", "unitless", "force_logging")},
        "payloadExperimentConfig": _experiment(texts),
    }
    return read


def _tags(texts: dict[str, str]) -> list[str]:
    tags = [each.strip() for each in texts["tags"].replace("\n", ",").split(",")]
    owner = texts["owner"].strip()
    return [*filter(None, tags), *([f"{_OWNER}{owner}"] if owner else [])]


def _depends_on(texts: dict[str, str], read: FormRead) -> dict[str, Any] | None:
    name = texts["depends_on"].strip()
    if not name:
        return None
    value = integer_of(texts["depends_value"])
    if value is None:
        read.problems["depends_on"] = _("Expected the value of a group, which is a whole number.")
    return {"testName": name, "bucketValue": value or 0}


def _experiment(texts: dict[str, str]) -> dict[str, Any] | None:
    spaces = [each.strip() for each in texts["namespaces"].split(",") if each.strip()]
    priority = texts["priority"].strip() or None
    return {"priority": priority, "namespaces": spaces} if spaces or priority else None


def _buckets(state: FormState, read: FormRead) -> list[dict[str, Any]]:
    found = []
    for index, row in enumerate(state.buckets):
        value = integer_of(row.value)
        if value is None:
            read.problems[f"bucket-{index}"] = _(
                "Expected a whole number as the value, got “%(text)s”."
            ) % {"text": row.value}
        bucket: dict[str, Any] = {
            "name": row.name.strip(),
            "value": index if value is None else value,
            "description": row.description,
        }
        kind = state.texts["payload_type"]
        if kind in PAYLOAD_TYPES:
            bucket["payload"] = _payload(kind, row.payload, f"bucket-{index}", read)
        found.append(bucket)
    return found


def _payload(kind: str, text: str, place: str, read: FormRead) -> dict[str, Any]:
    if kind == "stringValue":
        return {kind: text}
    if not text.strip() and kind != "json":
        return {}
    try:
        return {kind: strict_json(text)}
    except ValueError:
        pass
    if kind.endswith("Array"):
        parts = [each.strip() for each in text.strip().strip("[]").split(",")]
        if kind == "stringArray":
            return {kind: parts}
        try:
            return {kind: [strict_json(each) for each in parts]}
        except ValueError:
            pass
    words = {
        "longValue": _("Expected a whole number as the payload, got “%(text)s”."),
        "doubleValue": _("Expected a number as the payload, got “%(text)s”."),
        "map": _('Expected JSON as the payload, such as {"title": "Hello"}.'),
    }
    message = words.get(kind, _("Expected JSON as the payload, got “%(text)s”."))
    read.problems[place] = message % {"text": text[:40]}
    return {}


def _constants(state: FormState, read: FormRead) -> dict[str, Any]:
    found = {}
    for index, row in enumerate(state.constants):
        name = row.name.strip()
        if not name:
            if row.value.strip():
                read.problems[f"constant-{index}"] = _("The constant needs a name.")
            continue
        try:
            found[name] = strict_json(row.value)
        except ValueError:
            found[name] = row.value
    return found


def _json_object(text: str, place: str, read: FormRead) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = strict_json(text)
    except ValueError as error:
        read.problems[place] = _("This is not JSON: %(error)s.") % {"error": words_of(error)}
        return {}
    if isinstance(found, dict):
        return found
    read.problems[place] = _("Expected a JSON object, {…}.")
    return {}


def _allocation(
    state: FormState, index: int, values: list[int | None], read: FormRead
) -> dict[str, Any]:
    row = state.allocations[index]
    wanted: dict[int, Fraction] = {}
    for value, text in zip(values, row.shares, strict=True):
        share = share_of(text)
        if share is None:
            read.problems[f"allocation-{index}"] = _("Expected a percentage, got “%(text)s”.") % {
                "text": text
            }
        if value is not None:
            wanted[value] = wanted.get(value, Fraction(0)) + (share or 0)
    total = sum(wanted.values(), Fraction(0))
    if f"allocation-{index}" not in read.problems and abs(total - 1) > Fraction(1, 10**9):
        read.problems[f"allocation-{index}"] = _(
            "The shares add up to %(total)s %%; they must add up to 100 %%."
        ) % {"total": percent_text(total)}
    renamed = {}
    for bucket in state.buckets:
        was, now = integer_of(bucket.was), integer_of(bucket.value)
        if was is not None and now is not None and was != now:
            renamed[was] = now
    ranges = ranges_for(wanted, row.ranges, renamed, state.texts["test_type"])
    return {
        "rule": row.rule.strip() or None,
        "ranges": ranges,
        "id": row.id.strip(),
        "name": row.name.strip(),
    }


def fits_the_form(document: Any) -> bool:
    """Return whether the form can represent a definition without losing any part of it."""
    try:
        kinds = {
            kind
            for bucket in document.get("buckets") or ()
            for kind in (bucket.get("payload") or {})
        }
        summed(
            part for each in document.get("allocations") or () for part in each.get("ranges") or ()
        )
        values = [bucket["value"] for bucket in document.get("buckets") or ()]
        return (
            len(kinds) <= 1
            and kinds <= set(PAYLOAD_TYPES)
            and len(set(values)) == len(values)
            and all(isinstance(value, int) for value in values)
            and _is_text(state_of_document(document))
        )
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError):
        return False


def _is_text(state: FormState) -> bool:
    """Return whether all fields of a form are strings and not other JSON values."""
    rows = [
        *map(asdict, state.buckets),
        *map(asdict, state.allocations),
        *map(asdict, state.constants),
    ]
    found = [value for row in rows for name, value in row.items() if name != "shares"]
    return all(isinstance(each, str) for each in (*state.texts.values(), *found))


def state_of_document(document: dict[str, Any]) -> FormState:
    """Return the form for a definition. Call this only if `fits_the_form(document)` is True."""
    state = FormState()
    tags = [each for each in document.get("metaTags") or () if isinstance(each, str)]
    owners = [each for each in tags if each.startswith(_OWNER)][-1:]
    depends = document.get("dependsOn") or {}
    experiment = document.get("payloadExperimentConfig") or {}
    special = document.get("specialConstants")
    kinds = [kind for each in document.get("buckets") or () for kind in each.get("payload") or {}]
    state.texts = {
        "description": document.get("description") or "",
        "test_type": document.get("testType") or "",
        "salt": document.get("salt") or "",
        "rule": document.get("rule") or "",
        "owner": owners[0][len(_OWNER) :] if owners else "",
        "tags": ", ".join(each for each in tags if each not in owners),
        "depends_on": depends.get("testName") or "",
        "depends_value": str(depends["bucketValue"]) if depends else "",
        "special": json.dumps(special, ensure_ascii=False, indent=2) if special else "",
        "priority": str(experiment.get("priority") or ""),
        "namespaces": ", ".join(experiment.get("namespaces") or ()),
        "payload_type": kinds[0] if kinds else "",
    }
    state.flags = {name: bool(document.get(key)) for name, key in FLAGS.items()}
    for bucket in document.get("buckets") or ():
        value = str(bucket["value"])
        text = _payload_text(bucket.get("payload") or {})
        description = bucket.get("description") or ""
        state.buckets.append(BucketRow(bucket.get("name") or "", value, description, text, value))
    for each in document.get("allocations") or ():
        state.allocations.append(_allocation_row(each, state.buckets))
    for name, value in (document.get("constants") or {}).items():
        shown = value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
        state.constants.append(ConstantRow(name, shown))
    return state


def _is_plain(value: Any) -> bool:
    """Return whether a string can be shown unquoted, because it would not parse as JSON."""
    if not isinstance(value, str):
        return False
    try:
        strict_json(value)
    except ValueError:
        return True
    return False


def _payload_text(payload: dict[str, Any]) -> str:
    for kind, value in payload.items():
        if kind == "stringValue":
            return str(value or "")
        indent = 2 if kind in ("map", "json") else None
        return json.dumps(value, ensure_ascii=False, indent=indent)
    return ""


def _allocation_row(document: dict[str, Any], buckets: list[BucketRow]) -> AllocationRow:
    ranges = document.get("ranges") or []
    lengths = summed(ranges)
    return AllocationRow(
        document.get("rule") or "",
        document.get("name") or "",
        document.get("id") or "",
        json.dumps(ranges, ensure_ascii=False),
        [percent_text(lengths.get(int(row.value), Fraction(0))) for row in buckets],
    )

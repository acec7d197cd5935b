"""Describe in sentences how the fields of a definition, other than its ranges, changed."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.moves.audience import matched
from proctor.core.authoring.moves.findings import (
    Finding,
    Risk,
    allocation_name,
    allocation_title,
)
from proctor.core.authoring.moves.who_moves import look
from proctor.core.evaluation.hashing import salted_prefix
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proctor.core.matrices.matrix import Allocation, Bucket, TestDefinition
    from proctor.core.matrices.payloads import Payload

__all__ = ["field_findings", "is_running"]

#: Maximum length of a value in a sentence, in characters.
_MAX_SHOWN = 120
#: Fields that do not affect what visitors see, each with the sentence that reports its change.
_HARMLESS = {
    "description": gettext_noop("The description changed from {before} to {after}."),
    "version": gettext_noop("The version changed from {before} to {after}."),
    "silent": gettext_noop("silent changed from {before} to {after}."),
    "force_logging": gettext_noop("forceLogging changed from {before} to {after}."),
    "dynamic": gettext_noop("dynamic changed from {before} to {after}."),
}
#: Fields that affect who is in the test, or which groups visitors get.
_NOTABLE = {
    "evaluate_for_incognito_users": gettext_noop(
        "evaluateForIncognitoUsers changed from {before} to {after}."
    ),
    "enable_unitless_allocations": gettext_noop(
        "enableUnitlessAllocations changed from {before} to {after}."
    ),
    "contains_unitless_allocation": gettext_noop(
        "containsUnitlessAllocation changed from {before} to {after}."
    ),
}


def is_running(test: TestDefinition) -> bool:
    """Return whether a live group of the test can have visitors."""
    return any(
        each.bucket_value >= 0 and each.length > 0
        for allocation in test.allocations
        for each in allocation.ranges
    )


def field_findings(old: TestDefinition, new: TestDefinition) -> Iterator[Finding]:
    """Yield a finding for every change from *old* to *new*, except changes of ranges and ids."""
    yield from _identity(old, new)
    if (old.rule or None) != (new.rule or None):
        text = gettext_noop("The rule changed from {before} to {after}.")
        yield Finding(Risk.NOTICE, _changed(text, old.rule, new.rule))
    yield from _dependency(old, new)
    yield from _buckets(old, new)
    yield from _allocations(old, new)
    for attribute, template in {**_NOTABLE, **_HARMLESS}.items():
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            risk = Risk.NOTICE if attribute in _NOTABLE else Risk.NONE
            yield Finding(risk, _changed(template, before, after))
    yield from _constants(old.constants, new.constants)
    if old.meta_tags != new.meta_tags:
        text = gettext_noop("The meta tags changed from {before} to {after}.")
        yield Finding(Risk.NONE, _changed(text, list(old.meta_tags), list(new.meta_tags)))
    if old.payload_experiment_config != new.payload_experiment_config:
        text = gettext_noop("The payload experiment changed.")
        yield Finding(Risk.NOTICE, Sentence(text))
    yield from _unknown_fields(old.extra, new.extra)


def _changed(text: str, before: object, after: object, **values: object) -> Sentence:
    return Sentence(text, before=_shown(before), after=_shown(after), **values)


def _shown(value: object) -> str:
    if value is None or value == "":
        return Sentence(gettext_noop("none"))
    return printable(value if isinstance(value, str) else _json(value), _MAX_SHOWN)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _identity(old: TestDefinition, new: TestDefinition) -> Iterator[Finding]:
    running = is_running(old)
    risk = Risk.DANGER if running else Risk.NONE
    if old.salt != new.salt:
        text = gettext_noop("The salt changed from {before} to {after}.")
        if salted_prefix(old.name, old.salt) == salted_prefix(new.name, new.salt):
            risk_of_salt = Risk.NONE
            text = gettext_noop(
                "The salt changed from {before} to {after}, but visitors keep their positions."
            )
        else:
            risk_of_salt = risk
            if running:
                text = gettext_noop(
                    "The salt changed from {before} to {after}: every visitor is reassigned."
                )
        yield Finding(risk_of_salt, _changed(text, old.salt, new.salt))
    if old.test_type != new.test_type:
        text = gettext_noop("The test type changed from {before} to {after}.")
        if running:
            text = gettext_noop(
                "The test type changed from {before} to {after}: every visitor is reassigned."
            )
        yield Finding(risk, _changed(text, old.test_type, new.test_type))


def _dependency(old: TestDefinition, new: TestDefinition) -> Iterator[Finding]:
    before, after = (
        None
        if each is None
        else Sentence(
            gettext_noop("bucket {value} of {test}"), value=each.bucket_value, test=each.test_name
        )
        for each in (old.depends_on, new.depends_on)
    )
    if before != after:
        text = gettext_noop("The dependency changed from {before} to {after}.")
        yield Finding(Risk.NOTICE, _changed(text, before, after))


def _buckets(old: TestDefinition, new: TestDefinition) -> Iterator[Finding]:
    before, after = _by_value(old), _by_value(new)
    for value, bucket in before.items():
        if value not in after:
            text = gettext_noop("The bucket {name} ({value}) was removed.")
            yield Finding(Risk.DANGER, Sentence(text, name=_shown(bucket.name), value=value))
    for value, bucket in after.items():
        if value not in before:
            text = gettext_noop("The bucket {name} ({value}) was added.")
            yield Finding(Risk.NONE, Sentence(text, name=_shown(bucket.name), value=value))
        else:
            yield from _bucket(before[value], bucket)
    if [*before] != [*after] and sorted(before) == sorted(after):
        yield Finding(Risk.NONE, Sentence(gettext_noop("The order of the buckets changed.")))
    counts = len(old.buckets) - len(before), len(new.buckets) - len(after)
    if counts[0] != counts[1]:
        text = gettext_noop("The number of buckets with the same value changed.")
        yield Finding(Risk.NOTICE, Sentence(text))


def _by_value(test: TestDefinition) -> dict[int, Bucket]:
    return {bucket.value: bucket for bucket in test.buckets}


def _bucket(old: Bucket, new: Bucket) -> Iterator[Finding]:
    # These findings state no risk. The findings about moves do, and they also say how many visitors
    # see something new.
    name, value = _shown(new.name), new.value
    if old.name != new.name:
        text = gettext_noop("The name of bucket {value} changed from {before} to {after}.")
        yield Finding(Risk.NONE, _changed(text, old.name, new.name, value=value))
    if look(old)[1] != look(new)[1]:
        text = gettext_noop("The payload of {name} ({value}) changed from {before} to {after}.")
        before, after = _payloads(old.payload, new.payload)
        yield Finding(Risk.NONE, _changed(text, before, after, name=name, value=value))
    if old.description != new.description:
        text = gettext_noop("The description of {name} ({value}) changed from {before} to {after}.")
        changed = _changed(text, old.description, new.description, name=name, value=value)
        yield Finding(Risk.NONE, changed)
    if old.extra != new.extra:
        text = gettext_noop("Unknown fields of {name} ({value}) changed.")
        yield Finding(Risk.NONE, Sentence(text, name=name, value=value))


def _payloads(old: Payload | None, new: Payload | None) -> Iterator[str | None]:
    """Yield both payloads as JSON. The types are included only if the values are equal."""
    whole = [None if each is None else _json(each.to_dict()) for each in (old, new)]
    values = [
        text if each is None or each.type is None else _json(each.value)
        for each, text in zip((old, new), whole, strict=True)
    ]
    pairs = zip(*(each or "" for each in values), strict=False)
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    for value, typed in zip(values, whole, strict=True):
        if values[0] == values[1]:
            yield typed
        elif value is None or start < _MAX_SHOWN - 1:
            yield value
        else:
            # Long texts are cut so that they begin shortly before the difference.
            yield f"…{value[start - 20 :]}"


def _allocations(old: TestDefinition, new: TestDefinition) -> Iterator[Finding]:
    pairs = matched(old, new)
    for index in range(len(old.allocations)):
        if index not in pairs.values():
            text = gettext_noop("{allocation} was removed.")
            title = allocation_title(index, old)
            yield Finding(Risk.NOTICE, Sentence(text, allocation=title))
    if list(pairs.values()) != sorted(pairs.values()):
        yield Finding(Risk.NOTICE, Sentence(gettext_noop("The order of the allocations changed.")))
    for index, allocation in enumerate(new.allocations):
        if index in pairs:
            name = allocation_name(index, new)
            yield from _allocation(old.allocations[pairs[index]], allocation, name)
        else:
            text = gettext_noop("{allocation} was added, with the rule {rule}.")
            title, rule = allocation_title(index, new), _shown(allocation.rule)
            yield Finding(Risk.NOTICE, Sentence(text, allocation=title, rule=rule))


def _allocation(old: Allocation, new: Allocation, name: Sentence) -> Iterator[Finding]:
    if (old.rule or None) != (new.rule or None):
        text = gettext_noop("The rule of {allocation} changed from {before} to {after}.")
        yield Finding(Risk.NOTICE, _changed(text, old.rule, new.rule, allocation=name))
    if old.name != new.name:
        text = gettext_noop("The name of {allocation} changed from {before} to {after}.")
        yield Finding(Risk.NONE, _changed(text, old.name, new.name, allocation=name))
    if old.extra != new.extra:
        text = gettext_noop("Unknown fields of {allocation} changed.")
        yield Finding(Risk.NONE, Sentence(text, allocation=name))


def _constants(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    for name, before, after in _differences(old, new):
        if before is _MISSING:
            text = gettext_noop("The constant {name} was added: {value}.")
            yield Finding(Risk.NONE, Sentence(text, name=name, value=_shown(after)))
        elif after is _MISSING:
            text = gettext_noop("The constant {name} was removed.")
            yield Finding(Risk.NONE, Sentence(text, name=name))
        else:
            text = gettext_noop("The constant {name} changed from {before} to {after}.")
            yield Finding(Risk.NONE, _changed(text, before, after, name=name))


def _unknown_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    for name, before, after in _differences(old, new):
        if before is _MISSING:
            text = gettext_noop("The field {name} was added: {value}.")
            yield Finding(Risk.NONE, Sentence(text, name=name, value=_shown(after)))
        elif after is _MISSING:
            text = gettext_noop("The field {name} was removed.")
            yield Finding(Risk.NONE, Sentence(text, name=name))
        else:
            text = gettext_noop("The field {name} changed from {before} to {after}.")
            yield Finding(Risk.NONE, _changed(text, before, after, name=name))


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, object, object]]:
    """Yield the name of each changed field, made safe to print, and its old and new value."""
    for name in sorted(old.keys() | new.keys()):
        before, after = (each.get(name, _MISSING) for each in (old, new))
        # 1 and true are equal in Python.
        if repr(before) != repr(after):
            yield printable(name, 60), before, after


_MISSING = object()

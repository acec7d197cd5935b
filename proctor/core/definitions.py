"""From the form in which people edit a test to the form in which a matrix holds it.

The editor's form has `specialConstants` and rules with or without `${}`; the matrix's
form has neither question left open (Java: ConsumableTestDefinition.fromTestDefinition).
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from proctor.core.documents import Fields
from proctor.core.frozen import EMPTY, FrozenDict
from proctor.core.jackson import shown
from proctor.core.matrix import Allocation, TestDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["complete_document", "consumable_definition", "is_unitless", "plain_doubles"]

_COUNTRIES = "__COUNTRIES"
_COUNTRIES_RULE = f"proctor:contains({_COUNTRIES}, country)"
#: Character.isWhitespace, which leaves out the no-break spaces.
_WHITESPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
_UNIT = re.compile("(?<!!)missingExperimentalUnit")
#: A range longer than this takes everybody; what is missing is rounding.
_WHOLE = 0.9999


def consumable_definition(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The matrix's form of a test in the editor's form, as the Java prints it.

    All known fields are there, the unknown ones are not, and doubles have at most ten
    fraction digits. Raises MatrixLoadError where the Java cannot convert the test.
    """
    source = Fields(definition, owner="definition")
    special = source.mapping("specialConstants")
    countries = special.get(_COUNTRIES)
    if countries is not None and not isinstance(countries, tuple):
        source.fail(
            f"specialConstants.{_COUNTRIES}",
            f'{shown(countries)} is no list; write ["US", ...]',
        )
    test = TestDefinition.read("", source)
    allocations = tuple(
        replace(allocation, rule=_allocation_rule(allocation.rule))
        for allocation in test.allocations
    )
    consumable = replace(
        test,
        rule=_test_rule(test.rule, restricted=countries is not None),
        allocations=allocations,
        constants=FrozenDict({**test.constants, **special}),
        contains_unitless_allocation=test.enable_unitless_allocations
        and any(map(_takes_everybody_without_unit, allocations)),
        dynamic=False,
    )
    return plain_doubles(complete_document(consumable))


def is_unitless(rule: str | None) -> bool:
    """Whether an allocation's rule is for visitors without a valid identifier."""
    if rule is None or "missingExperimentalUnit == false" in rule:
        return False
    return _UNIT.search(rule) is not None


def _takes_everybody_without_unit(allocation: Allocation) -> bool:
    whole = any(item.length > _WHOLE for item in allocation.ranges)
    return whole and is_unitless(allocation.rule)


def _without_braces(rule: str | None) -> str:
    """A rule without blanks and one pair of `${` and `}` (Java: removeElExpressionBraces)."""
    stripped = (rule or "").strip(_WHITESPACE)
    if stripped.startswith("${") and stripped.endswith("}"):
        stripped = stripped[2:-1].strip(_WHITESPACE)
    return stripped


def _test_rule(rule: str | None, *, restricted: bool) -> str | None:
    parts = [_COUNTRIES_RULE] if restricted else []
    bare = _without_braces(rule)
    if bare:
        parts.append(bare)
    return "${" + " && ".join(parts) + "}" if parts else None


def _allocation_rule(rule: str | None) -> str | None:
    bare = _without_braces(rule)
    if not bare:
        return None
    if bare.startswith("${") and bare.endswith("}"):
        return rule
    return "${" + bare + "}"


def complete_document(definition: TestDefinition) -> dict[str, Any]:
    """A test's matrix entry with every field that the Java knows, and no other.

    That is how Pipet shows a definition: defaults are spelled out, a bucket without a
    description or a payload has no such key.
    """
    bare: TestDefinition = _bare(definition)
    return bare.to_dict()


def _bare(value: Any) -> Any:
    """A part of a matrix without unknown fields and without a memory of its original."""
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {item.name: _bare(getattr(value, item.name)) for item in fields(value)}
    changes["extra"] = EMPTY
    if "given" in changes:
        changes["given"] = None
    return replace(value, **changes)


def plain_doubles(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A test's matrix entry, its doubles rounded to ten fraction digits, half-even.

    So Proctor writes a matrix, and Pipet shows one (Java: Serializers). Only a payload of
    the type `json` is left as it is.
    """
    return {
        name: list(map(_plain_bucket, value)) if name == "buckets" else _rounded(value)
        for name, value in entry.items()
    }


def _plain_bucket(bucket: Mapping[str, Any]) -> dict[str, Any]:
    payload = bucket.get("payload") or {}
    return {
        name: value if name == "payload" and "json" in payload else _rounded(value)
        for name, value in bucket.items()
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 10)
    if isinstance(value, list):
        return list(map(_rounded, value))
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return value

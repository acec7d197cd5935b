"""Convert a test from the editor's format to the format of a matrix.

In the editor's format, a test can have `specialConstants`, and its rules can omit the `${}`. A
matrix allows neither (Java: ConsumableTestDefinition.fromTestDefinition).
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from proctor.core.java.frozen import EMPTY, FrozenDict
from proctor.core.java.jackson import shown_json
from proctor.core.matrices.documents import Fields
from proctor.core.matrices.matrix import Allocation, TestDefinition
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "complete_document",
    "consumable_definition",
    "consumable_test",
    "is_unitless",
    "plain_doubles",
]

_COUNTRIES = "__COUNTRIES"
_COUNTRIES_RULE = f"proctor:contains({_COUNTRIES}, country)"
#: The characters that Java's Character.isWhitespace accepts, which excludes non-breaking spaces.
_WHITESPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
_UNIT = re.compile("(?<!!)missingExperimentalUnit")
#: A range longer than this contains everyone. If its length is not exactly 1, the difference is due
#: to rounding.
_WHOLE = 0.9999


def consumable_definition(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a test from the editor's format to the format of a matrix, as Java Proctor prints it.

    The result contains all known fields but no unknown ones, and doubles have at most ten decimal
    places. Raises MatrixLoadError if Java Proctor cannot convert the test.
    """
    source = Fields(definition, owner="definition")
    special = source.mapping("specialConstants")
    countries = special.get(_COUNTRIES)
    if countries is not None and not isinstance(countries, tuple):
        source.fail(
            f"specialConstants.{_COUNTRIES}",
            Sentence(
                gettext_noop('{value} is not a list: expected ["US", ...]'),
                value=shown_json(countries),
            ),
        )
    test = TestDefinition.read("", source)
    return plain_doubles(complete_document(consumable_test(test, special)))


def consumable_test(test: TestDefinition, special: Mapping[str, Any]) -> TestDefinition:
    """Convert *test*, with the special constants *special*, to the format of a matrix.

    Numbers are not rounded. *special* may restrict the test to a list of countries.
    """
    allocations = tuple(map(_consumable_allocation, test.allocations))
    rule = _test_rule(test.rule, restricted=special.get(_COUNTRIES) is not None)
    has_unitless = test.enable_unitless_allocations and any(
        map(_takes_everybody_without_unit, allocations)
    )
    # Most tests already have this format and need not be copied.
    if (
        not special
        and not test.dynamic
        and rule == test.rule
        and allocations == test.allocations
        and has_unitless == test.contains_unitless_allocation
    ):
        return test
    return replace(
        test,
        rule=rule,
        allocations=allocations,
        constants=FrozenDict({**test.constants, **special}),
        contains_unitless_allocation=has_unitless,
        dynamic=False,
    )


def _consumable_allocation(allocation: Allocation) -> Allocation:
    rule = _allocation_rule(allocation.rule)
    return allocation if rule == allocation.rule else replace(allocation, rule=rule)


def is_unitless(rule: str | None) -> bool:
    """Return True if an allocation's rule is for visitors without a valid identifier."""
    if rule is None or "missingExperimentalUnit == false" in rule:
        return False
    return _UNIT.search(rule) is not None


def _takes_everybody_without_unit(allocation: Allocation) -> bool:
    whole = any(item.length > _WHOLE for item in allocation.ranges)
    return whole and is_unitless(allocation.rule)


def _without_braces(rule: str | None) -> str:
    """Strip outer whitespace and one pair of braces from a rule (removeElExpressionBraces)."""
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
    """Return a test's matrix entry with exactly the fields that Java Proctor knows.

    Pipet shows definitions this way. Defaults are written out, except that a bucket's description
    and payload are left out if they are missing.
    """
    bare: TestDefinition = _bare(definition)
    return bare.to_dict()


def _bare(value: Any) -> Any:
    """Return a part of a matrix with every known field, including defaults, but no unknown ones."""
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
    """Return a test's matrix entry with its doubles rounded half-even to ten decimal places.

    This is how Proctor writes a matrix and Pipet shows it (Java: Serializers). Only payloads of
    type `json` are not rounded.
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

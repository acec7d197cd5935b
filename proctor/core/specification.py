"""Proctor's specification: the JSON in which a Java application says what it expects.

[ProctorSpecification, TestSpecification]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.core.context_types import shown
from proctor.core.declarations import ProctorTest
from proctor.core.exceptions import ConfigurationError

if TYPE_CHECKING:
    import os

    from proctor.core.declarations import Registry

__all__ = ["read_specification", "write_specification"]


def read_specification(
    specification: Mapping[str, Any] | str | os.PathLike[str],
) -> list[ProctorTest]:
    """The tests of a specification: its path, or what was parsed from it."""
    document = specification if isinstance(specification, Mapping) else _load(specification)
    tests = _optional(document, "tests", "tests")
    return [_read_test(name, _object(test, f"tests, {name}")) for name, test in tests.items()]


def _load(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    try:
        return _object(json.loads(Path(path).read_bytes()), str(path))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"cannot read the specification {str(path)!r}: {error}") from error


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"specification, {place}: {shown(value)} is no JSON object")
    return value


def _optional(values: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any]:
    value = values.get(key)
    return {} if value is None else _object(value, place)


def _read_test(name: str, test: Mapping[str, Any]) -> ProctorTest:
    buckets = _optional(test, "buckets", f"{name}, buckets")
    fallback = test.get("fallbackValue", -1)
    default = next((group for group, value in buckets.items() if value == fallback), None)
    payload = test.get("payload")
    kind = None if payload is None else _object(payload, f"{name}, payload").get("type")
    return ProctorTest(name, groups=buckets or None, default=default, payload=kind)


def write_specification(registry: Registry) -> dict[str, Any]:
    """The document of a registry."""
    return {"tests": {name: _write_test(test) for name, test in registry.items()}}


def _write_test(test: ProctorTest) -> dict[str, Any]:
    if not isinstance(test.groups, Mapping):
        raise ConfigurationError(
            f"{test.name!r} declares no values of its groups, and a specification needs them; "
            "write groups={'inactive': -1, ...}"
        )
    written: dict[str, Any] = {"buckets": dict(test.groups), "fallbackValue": -1}
    if test.default is not None:
        written["fallbackValue"] = test.groups[test.default]
    if test.payload_type is not None:
        written["payload"] = {"type": test.payload_type}
    return written

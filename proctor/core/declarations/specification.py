"""Proctor's specification: the JSON in which a Java application declares its tests.

[ProctorSpecification, TestSpecification]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.core.declarations.proctor_test import ProctorTest
from proctor.core.exceptions import ConfigurationError, ConversionError
from proctor.core.java.frozen import FrozenDict, freeze, thaw
from proctor.core.java.jackson import parse
from proctor.core.java.json_comments import without_comments
from proctor.core.messages import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

__all__ = ["foreign_field", "kind_instead", "read_specification", "write_specification"]

#: Fields of a specification.
_FIELDS = frozenset(("providedContext", "tests", "dynamicFilters"))

#: Fields that occur only in other kinds of documents. The fields of each kind are followed by a
#: description of that kind of document.
_OTHERS = (
    (
        ("audit",),
        "a test matrix; give the specification in which the application declares its tests",
    ),
    (("testType", "salt", "allocations"), "the definition of one test"),
    (("context", "identifiers"), "a pipet-config.json; set PROCTOR_PIPET_CONFIG to its path"),
    (
        ("buckets", "fallbackValue", "payload"),
        'one part of a split specification; merge the parts as {"tests": {"NAME": {...}}}',
    ),
)


def read_specification(
    specification: Mapping[str, Any] | str | os.PathLike[str],
) -> tuple[list[ProctorTest], Mapping[str, Any]]:
    """Return the tests in a specification, and its remaining fields.

    The specification is given as a path or as parsed content. Raises ConfigurationError for any
    other document.
    """
    if isinstance(specification, Mapping):
        document, place = specification, "specification"
    else:
        document, place = _load(specification), f"specification {str(specification)!r}"
    _refuse_others(document, place)
    tests = _optional(document, "tests", "tests")
    rest = {key: value for key, value in document.items() if key != "tests"}
    found = [_read_test(name, _object(test, f"tests, {name}")) for name, test in tests.items()]
    return found, _frozen(rest, place)


def _load(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    try:
        text = Path(path).read_bytes().decode()
        return _object(parse(without_comments(text)), str(path))
    except (OSError, ValueError, RecursionError, ConversionError) as error:
        raise ConfigurationError(f"cannot read the specification {str(path)!r}: {error}") from error


def _refuse_others(document: Mapping[str, Any], place: str) -> None:
    """Raise ConfigurationError for unknown fields, which Java Proctor does not accept either."""
    what = kind_instead(document)
    if what:
        raise ConfigurationError(f"{place}: expected a specification, got {what}")
    unknown = [key for key in document if key not in _FIELDS]
    if not unknown:
        return
    raise ConfigurationError(
        f"{place}: unknown field {shown(unknown[0])}; a specification has "
        f"{', '.join(sorted(_FIELDS))}"
    )


def kind_instead(document: Mapping[str, Any]) -> str:
    """Return the kind of a document that is not a specification; "" if the kind is unknown."""
    unknown = [key for key in document if key not in _FIELDS]
    if not unknown:
        return ""
    what = next((what for fields, what in _OTHERS if any(map(document.__contains__, fields))), "")
    texts = all(isinstance(value, str) for value in document.values())
    if not what and texts and len(unknown) == len(document):
        return 'the providedContext of a split specification; write {"providedContext": {...}}'
    return what


def foreign_field(document: Mapping[str, Any]) -> str:
    """Return a problem if a document has only fields that no specification has; otherwise ""."""
    if not document or not _FIELDS.isdisjoint(document):
        return ""
    first = shown(next(iter(document)))
    return f"unknown field {first}; a specification has {', '.join(sorted(_FIELDS))}"


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"specification, {place}: {shown(value)} is not a JSON object")
    return value


def _optional(values: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any]:
    value = values.get(key)
    return {} if value is None else _object(value, place)


def _frozen(values: Mapping[str, Any], place: str) -> FrozenDict:
    try:
        frozen: FrozenDict = freeze(dict(values))
    except ConversionError as error:
        raise ConfigurationError(f"{place}: {error}") from error
    return frozen


def _read_test(name: str, test: Mapping[str, Any]) -> ProctorTest:
    buckets = _optional(test, "buckets", f"{name}, buckets")
    fallback = test.get("fallbackValue", -1)
    default = next((group for group, value in buckets.items() if value == fallback), None)
    payload = test.get("payload")
    kind = None if payload is None else _object(payload, f"{name}, payload").get("type")
    return ProctorTest(
        name,
        groups=buckets or None,
        default=default,
        payload=kind,
        specification=_frozen(test, f"specification, tests, {name}"),
    )


def write_specification(
    tests: Iterable[ProctorTest], rest: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a specification of *tests* as a JSON document. *rest* contains its other fields."""
    return {**thaw(rest or {}), "tests": {test.name: _write_test(test) for test in tests}}


def _write_test(test: ProctorTest) -> dict[str, Any]:
    known: dict[str, Any] = thaw(test.specification or {})
    if test.groups is None and test.specification is not None:
        return known  # no groups are declared: only the payload is read
    if not isinstance(test.groups, Mapping):
        raise ConfigurationError(
            f"{test.name!r} declares no values for its groups, but a specification needs them; "
            "write groups={'inactive': -1, ...}"
        )
    written: dict[str, Any] = {"fallbackValue": -1, **known, "buckets": dict(test.groups)}
    if test.default is not None:
        written["fallbackValue"] = test.groups[test.default]
    if test.payload_type is not None:
        written["payload"] = {**(known.get("payload") or {}), "type": test.payload_type}
    return written

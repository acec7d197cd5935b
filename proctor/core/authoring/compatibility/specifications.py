"""Specifications: what applications expect from the tests that they use  [ProctorSpecification].

An application reads its own specification leniently. The editor reads applications' specifications
strictly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.compatibility.dynamic_filters import DynamicFilter, read_filter
from proctor.core.authoring.definitions.lenient_json import decoded, parse_lenient
from proctor.core.authoring.definitions.reading import DocumentFields
from proctor.core.authoring.refusals import refuse
from proctor.core.java.context_types import ContextType, specification_type
from proctor.core.java.frozen import FrozenDict
from proctor.core.java.jackson import shown_json, to_integer, to_text
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.matrices.documents import Fields

__all__ = [
    "KNOWN_FIELDS",
    "ExpectedPayload",
    "ExpectedTest",
    "Specification",
    "read_specification",
    "specification_of",
]

_NO_GROUP = -1


@dataclass(frozen=True, slots=True)
class ExpectedPayload:
    """The payload that an application expects in each bucket (Java: PayloadSpecification)."""

    type: str | None = None
    #: For a map, the type of each key.
    schema: Mapping[str, str | None] | None = None
    #: A rule that the payload must satisfy. The rule's variables are the map's keys if the payload
    #: is a map; otherwise, its only variable is `value`.
    validator: str | None = None
    #: True if visitors who are allowed to force groups can also force payloads.
    allow_force: bool = False

    @classmethod
    def read(cls, source: Fields) -> ExpectedPayload:
        """Read the `payload` object of a test."""
        return cls(
            source.text("type"),
            _texts(source, "schema"),
            source.text("validator"),
            source.boolean("allowForce"),
        )


@dataclass(frozen=True, slots=True)
class ExpectedTest:
    """The requirements of an application for one test (Java: TestSpecification)."""

    #: Maps the names of buckets to their values. None represents a null, which makes Java Proctor
    #: fail.
    buckets: Mapping[str, int | None] = field(default_factory=FrozenDict)
    #: The bucket value for visitors without a group.
    fallback_value: int = _NO_GROUP
    payload: ExpectedPayload | None = None
    description: str | None = None

    @classmethod
    def read(cls, source: Fields) -> ExpectedTest:
        """Read one entry of `tests`."""
        if "buckets" in source and source.convert("buckets", lambda value: value is None):
            raise refuse(
                "specification-buckets",
                Sentence(gettext_noop("buckets is null; write {{}}, or leave it out")),
            )
        buckets = {
            name: source.convert_value("buckets", value, to_integer)
            for name, value in source.convert(
                "buckets", lambda each: _mapping(source, each), kind="integers by name"
            ).items()
        }
        fallback = source.integer("fallbackValue") if "fallbackValue" in source else _NO_GROUP
        payload = source.object("payload", ExpectedPayload.read)
        return cls(FrozenDict(buckets), fallback, payload, source.text("description"))


def _mapping(source: Fields, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        source.fail(
            "buckets",
            Sentence(gettext_noop("expected a JSON object, got {value}"), value=shown_json(value)),
        )
    return value


def _texts(source: Fields, name: str) -> Mapping[str, str | None] | None:
    found = source.convert(name, lambda value: value, kind="texts by name")
    if found is None:
        return None
    if not isinstance(found, dict):
        source.fail(
            name,
            Sentence(gettext_noop("expected a JSON object, got {value}"), value=shown_json(found)),
        )
    return FrozenDict(
        {key: source.convert_value(name, value, to_text) for key, value in found.items()}
    )


@dataclass(frozen=True, slots=True)
class Specification:
    """An application's declaration of its context variables and of the tests that it uses."""

    #: The type name of each variable. None if the application declares no variables.
    provided_context: Mapping[str, str | None] | None = field(default_factory=FrozenDict)
    #: The requirements for each test. None represents a null, which makes Java Proctor fail.
    tests: Mapping[str, ExpectedTest | None] = field(default_factory=FrozenDict)
    dynamic_filters: tuple[DynamicFilter, ...] = ()

    @property
    def context_types(self) -> dict[str, ContextType] | None:
        """The types of the variables, used to check rules; None if no variables are declared."""
        if self.provided_context is None:
            return None
        return {
            name: specification_type(each or "") for name, each in self.provided_context.items()
        }


#: The fields that Java Proctor knows: in a specification, in a test, and in a test's payload.
KNOWN_FIELDS = {
    "": frozenset(("providedContext", "tests", "dynamicFilters")),
    "tests": frozenset(("buckets", "fallbackValue", "payload", "description")),
    "payload": frozenset(("type", "schema", "validator", "allowForce")),
}


def read_specification(text: str | bytes, *, strict: bool = False) -> Specification:
    """Read a specification from its JSON text. Raises Refusal if it cannot be read.

    Comments, and text after the object, are allowed.
    """
    content = decoded(text) if isinstance(text, bytes) else text
    return specification_of(parse_lenient(content), strict=strict)


def specification_of(document: Any, *, strict: bool = False) -> Specification:
    """Read a specification from parsed JSON. Raises Refusal if Java Proctor cannot read it.

    If *strict*, as in the editor, unknown fields are errors.
    """
    source = DocumentFields(document)
    if strict:
        _refuse_unknown(document)
    context = _texts(source, "providedContext")
    if context is None and "providedContext" not in source:
        context = FrozenDict()
    tests = _tests(source)
    filters = source.convert("dynamicFilters", lambda value: value)
    if filters is not None and not isinstance(filters, (list, tuple)):
        source.fail(
            "dynamicFilters",
            Sentence(gettext_noop("expected a list, got {value}"), value=shown_json(filters)),
        )
    read = tuple(read_filter(each, strict=strict) for each in filters or ())
    return Specification(context, tests, read)


def _tests(source: DocumentFields) -> FrozenDict:
    tests = source.convert("tests", lambda value: value)
    if tests is None:
        return FrozenDict()
    if not isinstance(tests, dict):
        source.fail(
            "tests",
            Sentence(gettext_noop("expected a JSON object, got {value}"), value=shown_json(tests)),
        )
    inside = source.inside("tests", tests)
    return FrozenDict({name: inside.object(name, ExpectedTest.read) for name in tests})


def _refuse_unknown(document: Mapping[str, Any]) -> None:
    _check(document, "")
    tests = document.get("tests")
    for each in tests.values() if isinstance(tests, dict) else ():
        if isinstance(each, dict):
            _check(each, "tests")
            if isinstance(each.get("payload"), dict):
                _check(each["payload"], "payload")


def _check(document: Mapping[str, Any], kind: str) -> None:
    for name in document:
        if name not in KNOWN_FIELDS[kind]:
            text = gettext_noop("specification: unknown field {name}; the known fields are {known}")
            if kind:
                text = gettext_noop(
                    "specification, {kind}: unknown field {name}; the known fields are {known}"
                )
            known = listed(sorted(KNOWN_FIELDS[kind]))
            raise refuse(
                "json-unknown-field", Sentence(text, kind=kind, name=shown_json(name), known=known)
            )

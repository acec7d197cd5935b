"""Read a `Definition` from the text of definition.json.

A store reads it leniently and keeps unknown fields separately. The editor reads it strictly: an
unknown field at any level is an error. Both accept `subrule`, the old name for a test's rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from proctor.core.authoring.definitions.definition import SPECIAL_FIELD, Definition
from proctor.core.authoring.definitions.lenient_json import decoded, parse_lenient
from proctor.core.authoring.definitions.plain import plain_definition
from proctor.core.authoring.refusals import refuse
from proctor.core.exceptions import ConversionError
from proctor.core.java.jackson import RepeatedKeys, shown_json
from proctor.core.matrices.documents import Fields
from proctor.core.matrices.matrix import TestDefinition
from proctor.core.matrices.payloads import PAYLOAD_TYPES
from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of

__all__ = [
    "TEST_FIELDS",
    "DocumentFields",
    "definition_by_field",
    "definition_of",
    "read_definition",
]

T = TypeVar("T")

#: The fields that Java Proctor knows (Java: TestDefinition); `subrule` is an old name for `rule`.
TEST_FIELDS = frozenset(
    (
        *("version", "constants", "specialConstants", "salt", "rule", "subrule", "buckets"),
        *("allocations", "silent", "metaTags", "testType", "description", "dependsOn"),
        *("evaluateForIncognitoUsers", "enableUnitlessAllocations", "forceLogging"),
        "payloadExperimentConfig",
    )
)
_BUCKET_FIELDS = frozenset(("name", "value", "description", "payload", "from"))
_ALLOCATION_FIELDS = frozenset(("rule", "ranges", "id", "name"))
_RANGE_FIELDS = frozenset(("bucketValue", "length"))
_DEPENDENCY_FIELDS = frozenset(("testName", "bucketValue"))
_EXPERIMENT_FIELDS = frozenset(("priority", "namespaces"))


class DocumentFields(Fields):
    """The fields of a JSON object. Errors are raised as Refusals that name Jackson's exception."""

    __slots__ = ()

    def inside(self, name: str, value: Any) -> DocumentFields:
        """Return *value*, the JSON object in the field *name*, as `DocumentFields`."""
        return DocumentFields(value, self._join(name), self._owner)

    def fail(self, name: str | None, message: str) -> NoReturn:
        """Raise Refusal for the field *name*, or for the object itself."""
        # Only a payload with two values fails as a whole, without naming a field.
        two_values = name is None and hasattr(self, "_values")
        self._refuse("json-payload" if two_values else "json-kind", name, message)

    def _refuse(self, code: str, name: str | None, message: str) -> NoReturn:
        place = self._join(name) or Sentence(gettext_noop("the document"))
        raise refuse(
            code,
            Sentence(gettext_noop("{place}: {message}"), place=place, message=message),
            test=self._owner or None,
        )

    def _convert(self, name: str | None, value: Any, convert: Callable[[Any], T]) -> T:
        try:
            return convert(value)
        except ConversionError as error:
            self._refuse(_code(name, value), name, sentence_of(error))


def _code(name: str | None, value: Any) -> str:
    """Return the kind of error that Jackson reports for a *value* that it cannot convert."""
    if name == "testType" or isinstance(value, bool):
        return "json-kind"
    if isinstance(value, str):
        return "json-value"
    return "json-number" if isinstance(value, (int, float)) else "json-kind"


def read_definition(
    text: str | bytes, name: str = "", *, strict: bool = False
) -> Definition | None:
    """Return the definition of the test *name* from its text, or None if the text is `null`.

    Raises Refusal if the text is invalid and, if *strict* is True, as in the editor, also for
    unknown fields.
    """
    document = parse_lenient(decoded(text) if isinstance(text, bytes) else text)
    return None if document is None else definition_of(document, name, strict=strict)


def definition_of(document: Any, name: str = "", *, strict: bool = False) -> Definition:
    """Return the definition of the test *name* in parsed JSON. Raises Refusal if it is invalid."""
    return plain_definition(document, name) or definition_by_field(document, name, strict=strict)


def definition_by_field(document: Any, name: str = "", *, strict: bool = False) -> Definition:
    """Return the same result as `definition_of`, but always convert field by field."""
    if isinstance(document, Mapping):
        if strict:
            _refuse_unknown(document, name)
        document, nulls = _without_nulls(_with_rule(document))
    else:
        nulls = frozenset()
    source = DocumentFields(document, owner=name)
    special = source.mapping(SPECIAL_FIELD)
    return Definition(TestDefinition.read(name, source), special, nulls)


def _with_rule(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document with `subrule` renamed to `rule`."""
    if "subrule" not in document:
        return document
    pairs = document.pairs if isinstance(document, RepeatedKeys) else list(document.items())
    return RepeatedKeys([("rule" if key == "subrule" else key, item) for key, item in pairs])


def _without_nulls(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Return the document without the nulls that Java Proctor keeps, and the nulls' paths."""
    nulls: set[str] = set()
    changed: dict[str, Any] = {}
    for name in ("constants", SPECIAL_FIELD):
        if name in document and document[name] is None:
            nulls.add(name)
            changed[name] = {}
    for name in ("buckets", "allocations", "metaTags"):
        if name in document:
            _clean_list(document, name, name, nulls, changed)
    allocations = changed.get("allocations", document.get("allocations"))
    if isinstance(allocations, (list, tuple)):
        cleaned = [_clean_ranges(each, index, nulls) for index, each in enumerate(allocations)]
        if any(new is not old for new, old in zip(cleaned, allocations, strict=True)):
            changed["allocations"] = cleaned
    return ({**document, **changed} if changed else document), frozenset(nulls)


def _clean_ranges(allocation: Any, index: int, nulls: set[str]) -> Any:
    if not isinstance(allocation, Mapping) or "ranges" not in allocation:
        return allocation
    changed: dict[str, Any] = {}
    _clean_list(allocation, "ranges", f"allocations[{index}].ranges", nulls, changed)
    return {**allocation, **changed} if changed else allocation


def _clean_list(
    owner: Mapping[str, Any], name: str, place: str, nulls: set[str], changed: dict[str, Any]
) -> None:
    value = owner[name]
    if value is None:
        nulls.add(place)
        changed[name] = []
    elif name != "metaTags" and isinstance(value, (list, tuple)) and None in value:
        nulls.update(f"{place}[{index}]" for index, each in enumerate(value) if each is None)
        changed[name] = [each for each in value if each is not None]


def _refuse_unknown(document: Mapping[str, Any], test: str) -> None:
    """Raise Refusal for the first field in the text that Java Proctor does not know."""
    _check_fields(document, TEST_FIELDS, "", test)
    parts = (
        ("buckets", _BUCKET_FIELDS),
        ("allocations", _ALLOCATION_FIELDS),
        ("dependsOn", _DEPENDENCY_FIELDS),
        ("payloadExperimentConfig", _EXPERIMENT_FIELDS),
    )
    for name, known in parts:
        for place, part in _objects(document.get(name), name):
            _check_fields(part, known, place, test)
            if name == "allocations":
                for inner, item in _objects(part.get("ranges"), f"{place}.ranges"):
                    _check_fields(item, _RANGE_FIELDS, inner, test)
            if isinstance(part.get("payload"), Mapping) and name == "buckets":
                _check_fields(part["payload"], frozenset(PAYLOAD_TYPES), f"{place}.payload", test)


def _objects(value: Any, place: str) -> list[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        return [(place, value)]
    if not isinstance(value, (list, tuple)):
        return []
    found = [(f"{place}[{index}]", each) for index, each in enumerate(value)]
    return [(where, each) for where, each in found if isinstance(each, Mapping)]


def _check_fields(
    document: Mapping[str, Any], known: frozenset[str], place: str, test: str
) -> None:
    for field in document:
        if field not in known:
            text = gettext_noop("unknown field {field}; the known fields are {known}")
            if place:
                text = gettext_noop("{place}: unknown field {field}; the known fields are {known}")
            names = listed(sorted(known))
            sentence = Sentence(text, place=place, field=shown_json(field), known=names)
            raise refuse("json-unknown-field", sentence, test=test or None)

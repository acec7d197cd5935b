"""The JSON Schemas of the matrix, a definition, a specification and a pipet-config.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from proctor.core.authoring.compatibility.dynamic_filters import FILTER_FIELDS
from proctor.core.authoring.compatibility.specifications import KNOWN_FIELDS, ExpectedTest
from proctor.core.authoring.definitions.definition import SPECIAL_FIELD
from proctor.core.authoring.definitions.reading import TEST_FIELDS
from proctor.core.inputs.pipet_config import (
    CONFIG_FIELDS,
    CONTEXT_FIELDS,
    IDENTIFIER_FIELDS,
    SOURCES,
)
from proctor.core.java.context_types import pipet_type_names
from proctor.core.matrices.matrix import Matrix, TestDefinition
from proctor.core.matrices.payloads import PAYLOAD_TYPES
from proctor.core.schemas.authors import BOUNDS, MEANINGS, REQUIRED, WRITTEN
from proctor.core.schemas.kinds import Json, lenient_kind, strict_kind
from proctor.core.schemas.recording import FieldShape, ObjectShape, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCHEMAS", "schema_of", "schema_text"]

#: The draft that most editors support.
_DRAFT = "http://json-schema.org/draft-07/schema#"


def schema_of(document: str, *, lenient: bool = False) -> Json:
    """Return the JSON Schema for a kind of *document*, which is a key of `SCHEMAS`.

    The schema describes what an author should write, and contains all known fields. If *lenient*,
    it describes what Java Proctor accepts, including unknown fields and values that Java Proctor
    converts.
    """
    return {"$schema": _DRAFT, **SCHEMAS[document](_Writer(lenient=lenient))}


def schema_text(document: str, *, lenient: bool = False) -> str:
    """Return the result of `schema_of` as JSON text."""
    return json.dumps(schema_of(document, lenient=lenient), indent=2, ensure_ascii=True) + "\n"


class _Writer:
    """Writes the schema of an object and collects the definitions that the schema uses."""

    def __init__(self, *, lenient: bool) -> None:
        self.lenient = lenient
        self.definitions: Json = {}

    def kind(self, kind: str) -> Json:
        """Return the schema of a field that contains no object with a separate schema."""
        return lenient_kind(kind) if self.lenient else strict_kind(kind)

    def document(self, title: str, shape: Json) -> Json:
        """Return the whole schema, with all definitions collected so far."""
        defined = {"definitions": self.definitions} if self.definitions else {}
        return {"title": title, **shape, **defined}

    def reference(self, shape: ObjectShape) -> Json:
        """Return a reference to the definition of *shape*, adding that definition if missing."""
        if shape.name not in self.definitions:
            self.definitions[shape.name] = {}
            self.definitions[shape.name] = self.object(shape)
        return {"$ref": f"#/definitions/{shape.name}"}

    def object(self, shape: ObjectShape) -> Json:
        """Return the schema of an object."""
        fields = {name: self._field(shape, name) for name in shape.fields}
        if self.lenient:
            required = [name for name in shape.fields if _is_required(shape.fields[name])]
            return _object(fields, required, closed=False)
        fields.update(WRITTEN.get(shape.name, {}))
        return _object(fields, list(REQUIRED.get(shape.name, ())), closed=True)

    def _field(self, shape: ObjectShape, name: str) -> Json:
        meaning = MEANINGS.get(shape.name, {}).get(name)
        described = {} if meaning is None else {"description": meaning}
        schema = self._value(shape.fields[name])
        bounds = {} if self.lenient else BOUNDS.get((shape.name, name), {})
        if "$ref" in schema and described:
            # Validators ignore all keys next to a $ref, such as the description.
            return {**described, "allOf": [schema]}
        return {**described, **schema, **bounds}

    def _value(self, field: FieldShape) -> Json:
        if field.part is None:
            return self.kind(field.kind)
        part = self.reference(field.part)
        if field.kind == "required object":
            return part
        if field.kind == "object":
            return {"anyOf": [{"type": "null"}, part]}
        if field.kind == "entries":
            # Java Proctor ignores a test that is null.
            each = {"anyOf": [{"type": "null"}, part]} if self.lenient else part
            return {"type": "object", "additionalProperties": each}
        is_nullable = self.lenient and field.kind == "nullable objects"
        return {"type": ["array", "null"] if is_nullable else "array", "items": part}


def _is_required(field: FieldShape) -> bool:
    return field.kind == "required object"


def _object(fields: Json, required: list[str], *, closed: bool) -> Json:
    return {
        "type": "object",
        "properties": fields,
        **({"required": required} if required else {}),
        **({"additionalProperties": False} if closed else {}),
    }


def _matrix(writer: _Writer) -> Json:
    return writer.document("Proctor test matrix", writer.object(recorded(Matrix)))


def _definition(writer: _Writer) -> Json:
    shape = recorded(TestDefinition, "")
    known = shape.fields if writer.lenient else TEST_FIELDS
    fields = {name: field for name, field in shape.fields.items() if name in known}
    if writer.lenient:
        fields[SPECIAL_FIELD] = FieldShape("mapping")
    schema = writer.object(ObjectShape(shape.name, fields))
    if writer.lenient:
        _allow_nulls(schema, writer.definitions)
        schema["properties"]["subrule"] = writer.kind("text")
        countries: Json = {"type": ["array", "null"]}
        schema["properties"][SPECIAL_FIELD]["properties"] = {"__COUNTRIES": countries}
    return writer.document("Proctor test definition", schema)


def _allow_nulls(schema: Json, definitions: Json) -> None:
    """Allow the nulls that Java Proctor accepts in a definition but rejects in a matrix."""
    fields = schema["properties"]
    for name in ("constants", SPECIAL_FIELD, "buckets", "allocations"):
        fields[name]["type"] = [fields[name]["type"], "null"]
    for field in (
        fields["buckets"],
        fields["allocations"],
        definitions["Allocation"]["properties"]["ranges"],
    ):
        field["items"] = {"anyOf": [{"type": "null"}, field["items"]]}


def _specification(writer: _Writer) -> Json:
    shape = recorded(ExpectedTest)
    test = writer.reference(shape)
    payload = shape.fields["payload"].part
    assert payload is not None
    if not writer.lenient:
        types = writer.definitions[payload.name]["properties"]["type"]
        types.update({"type": "string", "enum": list(PAYLOAD_TYPES)})
    fields: Json = {
        "providedContext": {
            "description": "the variables that the application passes to rules, and their types",
            **writer.kind("texts by name"),
        },
        "tests": {
            "description": "the tests that the application uses, by name",
            "type": ["object", "null"] if writer.lenient else "object",
            "additionalProperties": test,
        },
        "dynamicFilters": {
            "description": "filters that select tests for the application without naming them",
            "type": ["array", "null"] if writer.lenient else "array",
            "items": {"anyOf": [_filter(writer, kind) for kind in FILTER_FIELDS]},
        },
    }
    assert fields.keys() == KNOWN_FIELDS[""]
    return writer.document("Proctor specification", _object(fields, [], closed=not writer.lenient))


def _filter(writer: _Writer, kind: str) -> Json:
    field = FILTER_FIELDS[kind]
    fields: Json = {"type": {"const": kind}}
    if field in ("regex", "prefix"):
        fields[field] = {"type": "string", **({"minLength": 1} if field == "prefix" else {})}
    elif field is not None:
        fields[field] = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    return _object(fields, list(fields), closed=not writer.lenient)


def _pipet_config(writer: _Writer) -> Json:
    lenient = writer.lenient
    texts = lenient_kind("text") if lenient else {"type": "string"}
    source: Json = {"description": "where the value comes from", "enum": [*SOURCES]}
    if lenient:
        by_place = {"enum": [*range(len(SOURCES)), *map(str, range(len(SOURCES)))]}
        source = {"anyOf": [source, by_place]}
    meanings: Json = {
        "source": source,
        "sourceKey": {"description": "the name of the parameter or header", **texts},
        "type": {"description": "the type of the variable", "enum": [*pipet_type_names()]},
        "defaultValue": {
            "description": "the value to use if the request has none",
            "type": ["string", "number", "boolean", *(["null"] if lenient else [])],
        },
    }
    context = {name: meanings[name] for name in CONTEXT_FIELDS}
    identifier = {name: meanings[name] for name in IDENTIFIER_FIELDS}
    # Pipet does not start if the file contains an unknown field, so the lenient schema equals the
    # strict one.
    parts = (
        _object(context, ["source", "type"], closed=True),
        _object(identifier, ["source"], closed=True),
    )
    fields = {
        name: {"type": ["object", "null"] if lenient else "object", "additionalProperties": part}
        for name, part in zip(CONFIG_FIELDS, parts, strict=True)
    }
    return writer.document("pipet-config.json", _object(fields, [], closed=True))


#: Maps the name of each document to the function that writes its schema.
SCHEMAS: dict[str, Callable[[_Writer], Json]] = {
    "matrix": _matrix,
    "definition": _definition,
    "specification": _specification,
    "pipet-config": _pipet_config,
}

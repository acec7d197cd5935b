from __future__ import annotations

import json
from pathlib import Path

import pytest

from proctor.core import Matrix, ProctorTest, Registry
from proctor.core.flags.manifest import declared_flags, manifest_file, manifest_list
from tests.core.ofrep.asking import carrying
from tests.core.small_matrices import definition, matrix

#: OpenFeature's published schema; see the README beside it.
SCHEMA = Path(__file__).with_name("openfeature") / "flag-manifest.json"


def buckets(*payloads):
    """A test whose buckets have these payloads; the first bucket has the value 0."""
    return definition(
        buckets=[
            {"name": f"group{number}", "value": number, "payload": payload}
            for number, payload in enumerate(payloads)
        ],
        allocations=[{"id": "#A1", "rule": None, "ranges": [{"bucketValue": 0, "length": 1.0}]}],
    )


def flags(declared=(), **tests):
    registry = Registry(declared)
    definitions = Matrix.from_dict({"audit": {}, "tests": tests}).tests
    return declared_flags(registry or definitions, definitions, registry)


def entry(declared=(), **tests):
    return manifest_file(flags(declared, **tests))["flags"]["t"]


def test_a_test_without_payloads_is_a_boolean_that_is_false():
    assert entry(t=definition()) == {"flagType": "boolean", "defaultValue": False}


@pytest.mark.parametrize(
    ("payload", "kind", "default"),
    [
        ({"stringValue": "x"}, "string", "x"),
        ({"longValue": 7}, "integer", 7),
        ({"doubleValue": 1.5}, "float", 1.5),
        ({"doubleValue": 2}, "float", 2.0),
        ({"stringArray": ["a"]}, "object", ["a"]),
        ({"longArray": []}, "object", []),
        ({"map": {"a": 1.5}}, "object", {"a": 1.5}),
        ({"json": True}, "boolean", True),
        ({"json": "x"}, "string", "x"),
        ({"json": 5}, "integer", 5),
        ({"json": [1]}, "object", [1]),
        ({"json": None}, "object", {}),
        ({"doubleValue": "NaN"}, "float", 0.0),
    ],
)
def test_a_flag_has_the_type_of_the_payloads_and_the_one_of_the_group_0(payload, kind, default):
    found = entry(t=buckets(payload))
    assert (found["flagType"], found["defaultValue"]) == (kind, default)
    assert type(found["defaultValue"]) is type(default)


def test_json_of_several_types_is_an_object_and_whole_numbers_may_be_floats():
    assert entry(t=buckets({"json": 1}, {"json": "x"}))["flagType"] == "object"
    mixed = entry(t=buckets({"json": 1}, {"json": 1.5}))
    assert (mixed["flagType"], mixed["defaultValue"]) == ("float", 1.0)


def test_without_a_group_0_the_default_is_that_of_the_smallest_value():
    two = [
        {"name": "off", "value": -1, "payload": {"stringValue": "off"}},
        {"name": "on", "value": 1, "payload": {"stringValue": "on"}},
    ]
    assert entry(t=definition(buckets=two))["defaultValue"] == "off"


@pytest.mark.parametrize("groups", [("group0", "group1"), {"group0": 0, "other": 1}])
def test_the_default_is_what_the_declared_default_carries(groups):
    default = list(groups)[1]
    declared = [ProctorTest("t", groups=groups, default=default)]
    tests = buckets({"stringValue": "a"}, {"stringValue": "b"})
    assert entry(declared, t=tests)["defaultValue"] == "b"


@pytest.mark.parametrize(
    ("declared", "default"),
    [
        (ProctorTest("t", groups={"off": 0, "on": 1}, default="on"), True),
        (ProctorTest("t", groups={"off": 0, "on": 1}, default="off"), False),
        (ProctorTest("t", groups=("control", "blue"), default="blue"), True),
        (ProctorTest("t"), False),
    ],
)
def test_without_payloads_the_default_is_whether_the_declared_default_is_above_0(declared, default):
    assert entry([declared], t=definition())["defaultValue"] is default


def test_a_declared_payload_is_the_type_of_a_test_that_the_matrix_lacks():
    assert entry([ProctorTest("t", payload=int)]) == {"flagType": "integer", "defaultValue": 0}
    assert entry([ProctorTest("t", payload=list[str])])["defaultValue"] == []
    assert entry([ProctorTest("t", payload=dict)])["defaultValue"] == {}


def test_a_flag_has_the_description_of_its_test():
    assert entry(t=definition(description="Is it on?"))["description"] == "Is it on?"


def test_an_object_has_a_schema_if_all_payloads_have_the_same_shape():
    same = buckets({"map": {"a": "x", "b": [1.5]}}, {"map": {"a": "y", "b": [2.5, 3.5]}})
    assert entry(t=same)["schema"] == {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "array", "items": {"type": "number"}},
        },
        "required": ["a", "b"],
    }
    assert "schema" not in entry(t=buckets({"map": {"a": "x"}}, {"map": {"b": "x"}}))
    assert "schema" not in entry(t=buckets({"json": [1, "x"]}))
    assert "schema" not in entry(t=buckets({"json": {"a": None}}))


def test_flags_are_sorted_and_a_name_with_a_line_break_is_none():
    tests = {name: definition() for name in ("b", "a", "x\ny", "")}
    assert [each.key for each in declared_flags(tests, matrix().tests)] == ["a", "b"]


def test_the_list_has_the_same_flags_as_the_file():
    found = flags(t=carrying(longValue=5), on=definition(description="Is it on?"))
    as_file = {
        each["key"]: {
            "flagType": each["type"],
            **{name: each[name] for name in ("defaultValue", "description") if name in each},
        }
        for each in manifest_list(found)["flags"]
    }
    assert manifest_file(found)["flags"] == as_file


@pytest.mark.parametrize(
    "tests",
    [
        {},
        {"t": definition(description="Is it on?")},
        {"t": buckets({"stringValue": "a"}, {"stringValue": "b"})},
        {"t": buckets({"longValue": 7})},
        {"t": buckets({"doubleValue": 7})},
        {"t": buckets({"doubleValue": "Infinity"})},
        {"t": buckets({"map": {"a": "x", "b": [1.5], "c": ["x"]}})},
        {"t": buckets({"longArray": [1, 2]})},
        {"t": buckets({"json": {"deep": [{"x": [True, None]}]}})},
        {"t": buckets({"json": {"deep": [{"x": [True]}, {"x": [False]}]}})},
        {"t": buckets({"json": 1}, {"json": "x"})},
        {"a": definition(), "b-b": buckets({"longValue": 7}), "ü x": definition()},
    ],
)
def test_the_file_is_what_openfeatures_schema_asks_for(tests):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = json.loads(SCHEMA.read_text())
    document = json.loads(json.dumps(manifest_file(flags(**tests)), allow_nan=False))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(document)


def test_the_schema_refuses_a_flag_of_another_type():
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    document = {"flags": {"t": {"flagType": "boolean", "defaultValue": "x"}}}
    assert not jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).is_valid(document)

from __future__ import annotations

import json
import pickle

import pytest

from proctor.core.declarations.proctor_test import ProctorTest
from proctor.core.declarations.registry import Registry
from proctor.core.exceptions import ConfigurationError

SPECIFICATION = {
    "tests": {
        "buttoncolortst": {
            "description": "the colour of the button",
            "buckets": {"inactive": -1, "control": 0, "blue": 1},
            "fallbackValue": 0,
            "payload": {"type": "stringValue", "validator": "${fn:length(value) > 0}"},
        },
        "newfeaturerollout": {"buckets": {"inactive": -1, "active": 1}, "fallbackValue": -1},
    },
    "providedContext": {"country": "String"},
}


def test_tests_buckets_fallback_and_payload_are_read():
    assert dict(Registry.from_specification(SPECIFICATION)) == {
        "buttoncolortst": ProctorTest(
            "buttoncolortst",
            groups={"inactive": -1, "control": 0, "blue": 1},
            default="control",
            payload="stringValue",
        ),
        "newfeaturerollout": ProctorTest(
            "newfeaturerollout", groups={"inactive": -1, "active": 1}, default="inactive"
        ),
    }


def test_a_file_is_read(tmp_path):
    path = tmp_path / "specification.json"
    path.write_text(json.dumps(SPECIFICATION))
    assert Registry.from_specification(path) == Registry.from_specification(SPECIFICATION)


def test_a_fallback_that_no_bucket_has_is_no_default():
    specification = {"tests": {"t": {"buckets": {"a": 1}, "fallbackValue": -1}}}
    assert Registry.from_specification(specification)["t"].default is None


def test_what_is_written_reads_as_the_same():
    registry = Registry.from_specification(SPECIFICATION)
    written = json.loads(json.dumps(registry.to_specification()))
    assert Registry.from_specification(written) == registry


def test_python_types_are_written_by_proctors_names():
    registry = Registry((ProctorTest("t", groups={"a": 1}, default="a", payload=list[int]),))
    assert registry.to_specification() == {
        "tests": {"t": {"buckets": {"a": 1}, "fallbackValue": 1, "payload": {"type": "longArray"}}}
    }


FULL = {
    "providedContext": {"country": "String", "loggedIn": "boolean"},
    "dynamicFilters": [{"type": "name_prefix", "prefixes": ["shop_"], "testTypes": ["USER"]}],
    "tests": {
        "buttoncolortst": {
            "description": "the colour of the button",
            "buckets": {"control": 0, "blue": 1},
            "fallbackValue": -1,
            "payload": {
                "type": "map",
                "schema": {"color": "stringValue", "sizes": "longArray"},
                "validator": "${color != ''}",
                "allowForce": True,
            },
        },
        "headlinetst": {"payload": {"type": "stringValue"}, "fallbackValue": -1},
        "emptytst": {},
    },
}


def test_everything_that_was_read_is_written_again():
    written = Registry.from_specification(FULL).to_specification()
    assert json.loads(json.dumps(written)) == FULL


def test_a_test_read_from_a_specification_survives_a_pickle():
    test = Registry.from_specification(FULL)["buttoncolortst"]
    again = pickle.loads(pickle.dumps(test))
    assert Registry((again,)).to_specification()["tests"] == {
        "buttoncolortst": FULL["tests"]["buttoncolortst"]
    }


def test_comments_are_no_part_of_a_file(tmp_path):
    path = tmp_path / "specification.json"
    text = json.dumps(SPECIFICATION, indent=1).replace("{", "{ // what we expect\n", 1)
    path.write_text(f"/* Copyright */\n{text}")
    assert Registry.from_specification(path) == Registry.from_specification(SPECIFICATION)


def test_a_slash_in_a_text_is_no_comment(tmp_path):
    path = tmp_path / "specification.json"
    path.write_text('{"tests": {"t": {"buckets": {"//a": 1}, "fallbackValue": 1}}}')
    assert Registry.from_specification(path)["t"].groups == {"//a": 1}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"testType": "USER", "salt": "&s", "buckets": [], "allocations": []}, "the definition of"),
        ({"context": {}, "identifiers": {"USER": {"source": "QUERY"}}}, "a pipet-config.json"),
        ({"buckets": {"a": 1}, "fallbackValue": -1}, "one part of a split specification"),
        ({"payload": {"type": "map"}}, "one part of a split specification"),
        ({"country": "String"}, "the providedContext of a split specification"),
        ({"audit": {"version": "1"}, "tests": {}}, "a test matrix"),
    ],
)
def test_another_document_is_named_and_not_read_as_an_empty_one(tmp_path, document, what):
    path = tmp_path / "other.json"
    path.write_text(json.dumps(document))
    for given in (document, path):
        with pytest.raises(ConfigurationError, match=f"expected a specification, got {what}"):
            Registry.from_specification(given)


def test_an_unknown_field_is_named():
    with pytest.raises(ConfigurationError, match="unknown field 'test'; a specification has"):
        Registry.from_specification({"test": {"t": {}}})


def test_groups_without_values_cannot_be_written():
    with pytest.raises(ConfigurationError, match="no values for its groups"):
        Registry((ProctorTest("t", groups=("a",)),)).to_specification()


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ({"tests": []}, "tests: .* is not a JSON object"),
        ({"tests": {"t": 5}}, "tests, t: 5 is not a JSON object"),
        ({"tests": {"t": {"buckets": [1]}}}, "t, buckets"),
        ({"tests": {"t": {"payload": "map"}}}, "t, payload"),
        ({"tests": {"t": {"payload": {"type": "textValue"}}}}, "declares the payload"),
    ],
)
def test_what_is_no_specification_is_refused_with_its_place(specification, message):
    with pytest.raises(ConfigurationError, match=message):
        Registry.from_specification(specification)


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000])
def test_a_file_that_is_no_specification_is_named(tmp_path, content):
    path = tmp_path / "specification.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"specification\.json"):
        Registry.from_specification(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.json"):
        Registry.from_specification(tmp_path / "none.json")

from __future__ import annotations

import json

import pytest

from proctor.core.declarations import ProctorTest, Registry
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


def test_groups_without_values_cannot_be_written():
    with pytest.raises(ConfigurationError, match="no values of its groups"):
        Registry((ProctorTest("t", groups=("a",)),)).to_specification()


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ({"tests": []}, "tests: .* is no JSON object"),
        ({"tests": {"t": 5}}, "tests, t: 5 is no JSON object"),
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

from __future__ import annotations

import json

import pytest

from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.java.jackson import parse
from proctor.core.matrices.documents import Fields
from proctor.core.matrices.matrix import Matrix
from proctor.core.matrices.payloads import PAYLOAD_TYPES, Payload, payload_value
from tests.core.vectorfiles import conformance_directory, read_jsonl


def read(text):
    return Payload.read(Fields({"payload": parse(text)}))


def test_the_java_prints_every_payload_as_we_do():
    directory = conformance_directory()
    matrix = Matrix.load(directory / "matrices" / "payloads.json")
    compared = 0
    for case in read_jsonl(directory, "assignments/payloads.jsonl"):
        if "header" in case or case.get("force_payload_tests"):
            continue
        for test_name, group in case["groups"].items():
            buckets = matrix.tests[test_name].buckets
            bucket = next(bucket for bucket in buckets if bucket.name == group["name"])
            printed = None if bucket.payload is None else bucket.payload.to_dict()
            assert json.dumps(printed, sort_keys=True) == json.dumps(
                group.get("payload"), sort_keys=True
            )
            compared += 1
    assert compared > 1000


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ('{"longValue": "42"}', {"longValue": 42}),
        ('{"longValue": 7.9}', {"longValue": 7}),
        ('{"stringValue": 42}', {"stringValue": "42"}),
        ('{"stringValue": 1.50}', {"stringValue": "1.50"}),
        ('{"doubleValue": "1e3"}', {"doubleValue": 1000.0}),
        ('{"longArray": [1, "2", 3.9, null, ""]}', {"longArray": [1, 2, 3, None, None]}),
        ('{"doubleArray": [1, "2"]}', {"doubleArray": [1.0, 2.0]}),
        ('{"stringArray": [1, true, null]}', {"stringArray": ["1", "true", None]}),
        ('{"map": {"a": null, "b": [1, 2.0]}}', {"map": {"a": None, "b": [1, 2.0]}}),
        ('{"json": null}', {"json": None}),
        ('{"json": [1, {"a": null}]}', {"json": [1, {"a": None}]}),
        ('{"stringValue": null, "longValue": 3}', {"longValue": 3}),
        ('{"longValue": "", "stringValue": "x"}', {"stringValue": "x"}),
        ('{"weird": 1, "longValue": 3}', {"longValue": 3}),
        ('{"map": null}', {}),
        ("{}", {}),
        ('""', {"stringValue": ""}),
        ('"bare"', {"stringValue": "bare"}),
        ("5", {"longValue": 5}),
        ("5.0", {"doubleValue": 5.0}),
    ],
)
def test_a_payload_prints_as(text, document):
    assert json.dumps(read(text).to_dict()) == json.dumps(document)


@pytest.mark.parametrize(
    "text",
    [
        '{"longValue": 1, "stringValue": "x"}',
        '{"json": null, "longValue": 1}',
        '{"longValue": 3, "stringValue": null}',
    ],
)
def test_a_key_after_one_that_set_a_value_is_refused(text):
    with pytest.raises(MatrixLoadError, match="payload: has both"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "[]",
        "9223372036854775808",
        '{"longValue": true}',
        '{"doubleArray": 1}',
        '{"longArray": ["x"]}',
        '{"stringArray": [[]]}',
        '{"map": "x"}',
        '{"stringValue": {}}',
    ],
)
def test_a_payload_that_does_not_fit_is_refused(text):
    with pytest.raises(MatrixLoadError, match="payload"):
        read(text)


def test_null_is_no_payload():
    assert read("null") is None


def test_arrays_and_maps_cannot_be_changed():
    payload = read('{"map": {"a": [1]}}')
    with pytest.raises(TypeError, match="cannot be changed"):
        payload.value["a"] = 2


def test_the_document_keeps_what_is_unknown():
    original = {"weird": [1], "stringValue": None, "longValue": 3}
    assert read(json.dumps(original)).to_document() == original


def test_every_type_has_a_reader():
    assert [payload_value(payload_type, None) for payload_type in PAYLOAD_TYPES] == [None] * 8


def test_a_value_alone_is_read_too():
    with pytest.raises(ConversionError, match="'x' is not a 64-bit integer"):
        payload_value("longValue", "x")

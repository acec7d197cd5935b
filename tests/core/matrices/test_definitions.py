from __future__ import annotations

import pytest

from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.definitions import (
    complete_document,
    consumable_definition,
    is_unitless,
    plain_doubles,
)
from proctor.core.matrices.matrix import TestDefinition
from tests.core.vectorfiles import conformance_directory, read_jsonl

CASES = list(read_jsonl(conformance_directory(), "definitions.jsonl"))
UNIT = "${missingExperimentalUnit}"


@pytest.mark.parametrize(
    "case", [case for case in CASES if "consumable" in case], ids=lambda case: case["id"]
)
def test_a_definition_converts_as_in_the_java(case):
    assert consumable_definition(case["definition"]) == case["consumable"]


def test_a_definition_that_the_java_cannot_convert_is_refused():
    for case in CASES:
        if "error" in case:
            with pytest.raises(MatrixLoadError):
                consumable_definition(case["definition"])


def test_a_converted_definition_is_an_entry_of_a_matrix():
    entry = consumable_definition({"rule": " ${ a } ", "testType": "USER"})
    assert TestDefinition.from_dict("t", entry).rule == "${a}"


def test_converting_leaves_the_original_alone():
    definition = {"rule": "a", "allocations": [{"rule": "b"}], "specialConstants": {"K": [1]}}
    consumable_definition(definition)["constants"]["K"].append(2)
    assert definition == {
        "rule": "a",
        "allocations": [{"rule": "b"}],
        "specialConstants": {"K": [1]},
    }


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ([], "definition: [] is not a JSON object"),
        ({"specialConstants": None}, "definition, specialConstants: null is not a JSON object"),
        ({"constants": None}, "definition, constants: null is not a JSON object"),
        ({"allocations": None}, "definition, allocations: null is not a list"),
        (
            {"specialConstants": {"__COUNTRIES": "US"}},
            "definition, specialConstants.__COUNTRIES: 'US' is not a list",
        ),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(definition, message):
    with pytest.raises(MatrixLoadError) as raised:
        consumable_definition(definition)
    assert message in str(raised.value)


def test_no_countries_are_no_restriction():
    assert consumable_definition({"specialConstants": {"__COUNTRIES": None}})["rule"] is None


def test_a_no_break_space_is_no_blank():
    assert consumable_definition({"rule": "\u00a0"})["rule"] == "${\u00a0}"


def test_unknown_fields_are_left_behind():
    entry = consumable_definition({"someNewField": 1, "buckets": [{"x": 1}]})
    assert (entry.get("someNewField"), entry["buckets"]) == (None, [{"name": "", "value": 0}])


@pytest.mark.parametrize(
    ("enabled", "rule", "length", "contains"),
    [
        (True, UNIT, 1.0, True),
        (True, UNIT, 0.99991, True),
        (True, UNIT, 0.9999, False),
        (False, UNIT, 1.0, False),
        (True, "${!missingExperimentalUnit}", 1.0, False),
    ],
)
def test_a_whole_range_for_visitors_without_identifier_is_noticed(enabled, rule, length, contains):
    entry = consumable_definition(
        {
            "enableUnitlessAllocations": enabled,
            "containsUnitlessAllocation": not contains,
            "allocations": [{"rule": rule, "ranges": [{"length": length}]}],
        }
    )
    assert entry["containsUnitlessAllocation"] is contains


@pytest.mark.parametrize(
    ("rule", "unitless"),
    [
        (None, False),
        ("${country == 'US'}", False),
        (UNIT, True),
        ("missingExperimentalUnit", True),
        ("${a && missingExperimentalUnit}", True),
        ("${!missingExperimentalUnit}", False),
        ("${! missingExperimentalUnit}", True),
        ("${missingExperimentalUnit == false}", False),
    ],
)
def test_a_rule_is_for_visitors_without_identifier(rule, unitless):
    assert is_unitless(rule) is unitless


def test_the_complete_document_has_every_field_and_no_unknown_one():
    test = TestDefinition.from_dict("t", {"x": 1, "dependsOn": {"y": 1}})
    assert complete_document(test)["dependsOn"] == {"testName": None, "bucketValue": 0}


def test_doubles_have_ten_fraction_digits():
    entry = {"constants": {"payload": {"json": 1e-11}}, "allocations": [0.12345678901]}
    assert plain_doubles(entry) == {
        "constants": {"payload": {"json": 0.0}},
        "allocations": [0.123456789],
    }


def test_doubles_of_a_json_payload_are_left_alone():
    entry = {"buckets": [{"payload": {"json": [1e-11]}}, {"payload": {"map": {"a": 1e-11}}}]}
    assert plain_doubles(entry) == {
        "buckets": [{"payload": {"json": [1e-11]}}, {"payload": {"map": {"a": 0.0}}}]
    }

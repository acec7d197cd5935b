"""Texts of definition.json: read, written byte for byte, and nothing lost."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from proctor.core.authoring.definitions.definition import Definition
from proctor.core.authoring.definitions.java_json import ExactDoubles, double_text, java_json
from proctor.core.authoring.definitions.lenient_json import parse_lenient, without_comments
from proctor.core.authoring.definitions.reading import definition_of, read_definition
from proctor.core.authoring.definitions.sameness import same_definition
from proctor.core.authoring.definitions.writing import definition_text, java_definition_text
from proctor.core.authoring.refusals import Refusal
from tests.core.authoring.strategies import odd_documents
from tests.core.small_matrices import allocation, definition

SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)

#: A definition with a field that nobody knows in each of its objects.
EXTENDED = definition(
    team="growth",
    specialConstants={"__COUNTRIES": ["US"]},
    buckets=[
        {"name": "control", "value": 0, "colour": "grey", "payload": {"longValue": 1, "x": 2}}
    ],
    allocations=[
        {
            "id": "#A1",
            "rule": None,
            "owner": "ann",
            "ranges": [{"bucketValue": 0, "length": 1.0, "note": "all"}],
        }
    ],
    dependsOn={"testName": "other", "bucketValue": 1, "why": "nested"},
    payloadExperimentConfig={"priority": "1", "namespaces": ["n"], "y": None},
)


def read(document):
    return definition_of(document, "t")


def test_unknown_fields_anywhere_are_written_again():
    written = json.loads(definition_text(read(EXTENDED)))
    assert written["team"] == "growth"
    assert written["buckets"][0]["colour"] == "grey"
    assert written["buckets"][0]["payload"] == {"longValue": 1, "x": 2}
    assert written["allocations"][0]["owner"] == "ann"
    assert written["allocations"][0]["ranges"][0]["note"] == "all"
    assert written["dependsOn"]["why"] == "nested"
    assert written["payloadExperimentConfig"] == {"priority": "1", "namespaces": ["n"], "y": None}


def test_java_proctors_own_text_drops_unknown_fields():
    text = java_definition_text(read(EXTENDED))
    assert not any(
        word in text for word in ("team", "colour", "owner", "note", "why", '"x"', '"y"')
    )


def test_without_unknown_fields_both_texts_are_the_same():
    known = read(definition(description="d"))
    assert definition_text(known) == java_definition_text(known)


def test_fields_of_a_matrix_are_unknown_to_a_definition_and_kept():
    given = read(definition(dynamic=True, containsUnitlessAllocation=False))
    assert '"dynamic" : true' in definition_text(given)
    assert '"containsUnitlessAllocation" : false' in definition_text(given)
    assert "dynamic" not in java_definition_text(given)


def test_special_constants_stay_apart_from_constants():
    given = read(definition(constants={"A": 1}, specialConstants={"__COUNTRIES": ["US"]}))
    assert (dict(given.test.constants), dict(given.special_constants)) == (
        {"A": 1},
        {"__COUNTRIES": ("US",)},
    )


def test_a_definition_becomes_the_matrix_form():
    given = read(definition(rule="age > 17", specialConstants={"__COUNTRIES": ["US"]}))
    test = given.consumable()
    assert test.rule == "${proctor:contains(__COUNTRIES, country) && age > 17}"
    assert test.constants["__COUNTRIES"] == ("US",)


def test_a_null_of_another_type_in_a_payload_is_written_where_it_can_be_read():
    bucket = {"name": "a", "value": 0, "payload": {"longValue": None, "stringValue": "x"}}
    given = read(definition(buckets=[bucket]))
    assert read_definition(definition_text(given), "t") == given


@SLOW
@given(odd_documents())
def test_what_is_written_and_read_is_written_alike(document):
    try:
        first = definition_text(read(document))
    except Refusal:
        assume(False)
    again = read_definition(first, "t")
    assert definition_text(again) == first
    java = java_definition_text(again)
    assert java_definition_text(read_definition(java, "t")) == java


@SLOW
@given(odd_documents())
def test_a_definition_survives_its_document(document):
    try:
        given = read(document)
    except Refusal:
        assume(False)
    assume(not given.nulls)
    assert definition_of(given.to_dict(), "t") == given
    assert same_definition(definition_of(given.to_dict(), "t"), given)


def test_nulls_that_the_java_keeps_are_written_again():
    text = '{"buckets": null, "allocations": [null, {"ranges": null}], "constants": null}'
    given = read_definition(text, "t")
    assert given.nulls == {"buckets", "constants", "allocations[0]", "allocations[0].ranges"}
    written = json.loads(java_definition_text(given))
    assert (written["buckets"], written["constants"]) == (None, None)
    assert written["allocations"][0] is None
    assert written["allocations"][1]["ranges"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1 / 3, "0.3333333333"),
        (2 / 3, "0.6666666667"),
        (1e-11, "0.0"),
        (5e-11, "0.0"),
        (-5e-11, "-0.0"),
        (6e-11, "0.0000000001"),
        (1.5e-10, "0.0000000001"),
        (2.5e-10, "0.0000000003"),
        (1e21, "1000000000000000000000.0"),
        (0.1 + 0.2, "0.3"),
        (123456789.12345679, "123456789.12345679"),
        (1.0, "1.0"),
        (1e-5, "0.00001"),
    ],
)
def test_doubles_have_at_most_ten_digits_after_the_point(value, text):
    assert double_text(value) == text


@given(st.floats(-2, 2))
def test_ten_digits_lie_within_half_of_the_last_and_stay_when_written_again(value):
    text = double_text(value)
    # The tie 5e-11 is the one that the JDK rounds down.
    assert abs(Decimal(text) - Decimal(value)) <= Decimal("5.000000000000001e-11")
    assert double_text(float(text)) == text


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_cannot_hold_is_refused(value):
    with pytest.raises(Refusal, match="finite"):
        java_json({"a": [value]})


def test_doubles_in_a_json_payload_are_exact():
    assert java_json({"json": ExactDoubles([1e-12, 1 / 3])}) == (
        '{\n  "json" : [ 1.0E-12, 0.3333333333333333 ]\n}'
    )


def test_lone_surrogates_are_escaped_and_pairs_only_in_files():
    assert java_json(["\ud800", "\U0001f600"]) == '[ "\\uD800", "\U0001f600" ]'
    assert java_json("\U0001f600", escape_pairs=True) == '"\\uD83D\\uDE00"'


def test_comments_are_blanks_and_those_in_strings_are_text():
    text = '{ // head\n "a": "//x /* y */", /* two\nlines */ "b": 1 }'
    assert parse_lenient(text) == {"a": "//x /* y */", "b": 1}
    assert without_comments(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "thrown"),
    [
        ("{", "JsonEOFException"),
        ('{"a": [1', "JsonMappingException"),
        ('{"a": [NaN]}', "JsonMappingException"),
        ('{"a": NaN}', "JsonParseException"),
        ('{"a": 1,}', "JsonParseException"),
        ('{"a": {"b": 1,}}', "JsonMappingException"),
        ('{"a": "b', "JsonEOFException"),
        ("", "MismatchedInputException"),
    ],
)
def test_bad_json_names_jacksons_exception(text, thrown):
    with pytest.raises(Refusal) as caught:
        parse_lenient(text)
    assert caught.value.java_class == thrown


def test_a_refused_field_is_named_with_its_place():
    document = definition(allocations=[allocation(control=0.5) | {"ranges": [{"length": "x"}]}])
    with pytest.raises(Refusal, match=r"allocations\[0\].ranges\[0\].length: 'x' is not a number"):
        read(document)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"foo": 1}, "unknown field 'foo'"),
        ({"buckets": [{"name": "a", "foo": 1}]}, r"buckets\[0\]: unknown field 'foo'"),
        ({"allocations": [{"subrule": "a"}]}, r"allocations\[0\]: unknown field 'subrule'"),
        ({"dynamic": True}, "unknown field 'dynamic'"),
    ],
)
def test_an_editor_may_not_send_unknown_fields(document, place):
    assert isinstance(definition_of(document, "t"), Definition)
    with pytest.raises(Refusal, match=place):
        definition_of(document, "t", strict=True)

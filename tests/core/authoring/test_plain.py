"""The fast reader of ordinary definitions gives the same results as the other one, or None."""

from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.core.authoring.definitions.lenient_json import parse_lenient
from proctor.core.authoring.definitions.plain import plain_definition
from proctor.core.authoring.definitions.reading import definition_by_field, definition_of
from proctor.core.authoring.refusals import Refusal
from tests.core.authoring.strategies import VALUES, hostile_documents, odd_documents
from tests.core.small_matrices import allocation, definition

SLOW = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
MATRICES = sorted((Path(__file__).parents[1] / "conformance" / "matrices").glob("*.json"))

#: A definition with every field, as the store of Java Proctor writes it.
WHOLE = definition(
    constants={"COUNTRIES": ["US", "CA"], "LIMIT": 5, "HALF": 0.5},
    specialConstants={"__COUNTRIES": ["US"]},
    rule="${country == 'US'}",
    silent=False,
    metaTags=["owner:ada", ""],
    description="The color of the button",
    dependsOn={"testName": "othertst", "bucketValue": 1},
    evaluateForIncognitoUsers=True,
    enableUnitlessAllocations=True,
    forceLogging=True,
    payloadExperimentConfig=None,
    buckets=[
        {"name": "inactive", "value": -1, "description": "", "payload": None},
        {"name": "control", "value": 0, "payload": {"stringValue": "gray"}},
        {"name": "blue", "value": 1, "payload": {"map": {"a": [1, 2.50, "x"], "b": None}}},
        {"name": "long", "value": 2, "payload": {"longValue": "42"}},
        {"name": "list", "value": 3, "payload": {"doubleArray": [1, 0.5]}},
    ],
    allocations=[
        {**allocation("missingExperimentalUnit", control=1), "name": "first"},
        allocation(control=0.5, blue=0.5),
    ],
)


def everything(value):
    """A value with the types of all its parts, and with fields that `==` and `repr` ignore."""
    if is_dataclass(value):
        parts = [(each.name, everything(getattr(value, each.name))) for each in fields(value)]
    elif isinstance(value, dict):
        parts = [(key, everything(item)) for key, item in value.items()]
    elif isinstance(value, tuple):
        parts = [everything(each) for each in value]
    else:
        parts = [value if isinstance(value, frozenset) else repr(value)]
    return type(value), parts


def outcome(read, *arguments):
    """The result of *read*, or the reason of its refusal."""
    try:
        return everything(read(*arguments))
    except Refusal as refusal:
        return refusal.problem


def agree(document):
    """Compare both readers, and return whether the document is plain."""
    plain = plain_definition(document, "t")
    if plain is not None:
        for strict in (False, True):
            careful = definition_by_field(document, "t", strict=strict)
            assert everything(plain) == everything(careful)
            assert outcome(plain.consumable) == outcome(careful.consumable)
    return plain is not None


def places(value, path=()):
    """The places of all values of a document."""
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(document, path, value):
    document = copy.deepcopy(document)
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return document


def test_ordinary_definitions_are_plain():
    for document in ({}, definition(), definition(rule="a", constants={}), WHOLE):
        assert agree(document)
        assert agree(parse_lenient(json.dumps(document)))


def test_a_document_that_repeats_a_field_is_not_plain():
    for text in (
        '{"salt": 1, "salt": "a"}',
        '{"buckets": [{"name": 1, "name": "a"}]}',
        '{"constants": {"a": 1, "a": 2}}',
        '{"buckets": [{"payload": {"longValue": 1, "longValue": 2}}]}',
    ):
        assert plain_definition(parse_lenient(text), "t") is None


@pytest.mark.parametrize("path", MATRICES, ids=lambda path: path.stem)
def test_the_conformance_matrices(path):
    for document in json.loads(path.read_text(encoding="utf-8")).get("tests", {}).values():
        agree(document)
        agree(parse_lenient(json.dumps(document)))


#: What a field may have instead of a value of its own type.
ODD = (None, True, 0, 2**31, -(2**31), 10**30, 1.5, -0.0, "", "1", "x", [], [None], {}, {"x": 1})


@pytest.mark.parametrize("path", [*places(WHOLE)][1:], ids=lambda path: ".".join(map(str, path)))
def test_any_value_in_any_place(path):
    for value in ODD:
        document = replaced(WHOLE, path, value)
        agree(document)
        agree(parse_lenient(json.dumps(document)))


@SLOW
@given(st.sampled_from([*places(WHOLE)][1:]), VALUES)
def test_hostile_values_in_any_place(path, value):
    agree(replaced(WHOLE, path, value))


@SLOW
@given(hostile_documents() | odd_documents())
def test_hostile_documents(document):
    agree(document)
    with contextlib.suppress(Refusal):  # JSON that no reader gets to see
        agree(parse_lenient(json.dumps(document)))


@pytest.mark.parametrize(
    "document",
    [
        5,
        None,
        [],
        {"salt": 5},
        {"unknown": 1},
        {"dynamic": True},
        {"subrule": "a"},
        {"buckets": None},
        {"buckets": [None]},
        {"constants": None},
        {"metaTags": [None]},
        {"testType": 5},
        {"allocations": [{"ranges": None}]},
        {"allocations": [{"ranges": [{"bucketValue": "1"}]}]},
        {"payloadExperimentConfig": {}},
        {"buckets": [{"payload": "blue"}]},
        {"buckets": [{"payload": {"longValue": None}}]},
    ],
)
def test_the_careful_reader_takes_what_is_not_plain(document):
    assert plain_definition(document, "t") is None
    assert outcome(definition_of, document, "t") == outcome(definition_by_field, document, "t")


def test_a_test_that_has_the_form_of_a_matrix_is_not_copied():
    found = definition_of(definition(rule="${a}"), "t")
    assert found.consumable() is found.test
    for changes in (
        {"rule": "a"},
        {"rule": "${}"},
        {"dynamic": True},
        {"specialConstants": {"a": 1}},
        {"allocations": [allocation("a", control=1)]},
        {"containsUnitlessAllocation": True},
    ):
        read = definition_of(definition(**changes), "t")
        assert read.consumable() is not read.test

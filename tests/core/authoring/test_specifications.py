"""Specifications of applications: read, matched with tests, generated."""

from __future__ import annotations

import pytest

from proctor.core.authoring.branches.applications import Application, users
from proctor.core.authoring.branches.revisions import Branch, Revision
from proctor.core.authoring.compatibility.dynamic_filters import read_filter
from proctor.core.authoring.compatibility.generated_specification import generated_specification
from proctor.core.authoring.compatibility.specifications import read_specification, specification_of
from proctor.core.authoring.compatibility.verification import consolidate, verify
from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.refusals import Refusal
from proctor.core.matrices.matrix import Audit, Matrix
from tests.core.small_matrices import definition


def test_of(name, **fields):
    return definition_of(definition(**fields), name).consumable()


test_of.__test__ = False


def matrix(**tests):
    return Matrix(Audit(), {name: test_of(name, **fields) for name, fields in tests.items()})


def checked(of, document, **options):
    return verify(of, specification_of(document), "trunk r1", **options)


def test_a_specification_may_have_comments_and_an_application_other_fields():
    text = b'/* ours */ {"tests": {"colortst": {"buckets": {"a": "1"}, "team": "x"}}} rest'
    read = read_specification(text)
    assert dict(read.tests["colortst"].buckets) == {"a": 1}
    assert read.tests["colortst"].fallback_value == -1
    with pytest.raises(Refusal, match="tests: unknown field 'team'"):
        read_specification(text, strict=True)


@pytest.mark.parametrize("text", ["null", "[]", "5", '{"tests": []}', '{"dynamicFilters": {}}'])
def test_what_is_no_specification_is_refused(text):
    with pytest.raises(Refusal):
        read_specification(text)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"type": "name_prefix", "prefix": ""}, "expected a string in prefix"),
        ({"type": "name_pattern", "regex": "("}, "bad pattern"),
        ({"type": "meta_tags_filter", "meta_tags": []}, "expected a list of strings in meta_tags"),
        ({"type": "prefix"}, "unknown type 'prefix'"),
        ("match_all", "expected a JSON object"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(document, message):
    with pytest.raises(Refusal, match=message):
        read_filter(document)


@pytest.mark.parametrize(
    ("document", "taken"),
    [
        ({"type": "match_all"}, True),
        ({"type": "name_prefix", "prefix": "col"}, True),
        ({"type": "name_pattern", "regex": "col"}, False),
        ({"type": "name_pattern", "regex": "c.*t"}, True),
        ({"type": "meta_tags_filter", "meta_tags": ["shop", "x"]}, True),
        ({"type": "meta_tags_filter", "meta_tags": ["SHOP"]}, False),
        ({"type": "namespaces_filter", "namespaces": ["n"]}, True),
    ],
)
def test_a_filter_takes_a_test_by_name_tag_or_namespace(document, taken):
    experiment = {"priority": "1", "namespaces": ["n"]}
    test = test_of("colortst", metaTags=["shop"], payloadExperimentConfig=experiment)
    read = read_filter(document)
    assert read.matches(test) is taken
    assert read_filter(read.to_dict()) == read


def test_a_test_that_is_asked_for_and_not_there_is_missing():
    found = checked(matrix(), {"tests": {"colortst": {}}})
    assert (found.missing, found.has_invalid_tests) == (("colortst",), True)


def test_a_registered_test_type_is_known():
    of = matrix(colortst={"testType": "SHOP"})
    document = {"tests": {"colortst": {}}}
    assert checked(of, document).errors["colortst"].code == "test-type"
    assert not checked(of, document, test_types=("SHOP",)).errors


def test_a_rule_that_fails_the_whole_load_fails_the_whole_check():
    of = matrix(colortst={"rule": "${1 % age == 0}"})
    with pytest.raises(Refusal) as caught:
        checked(of, {"tests": {"colortst": {}}, "providedContext": {"age": "int"}})
    assert caught.value.java_class == "ArithmeticException"


def test_a_test_that_is_gone_gives_everybody_the_fallback():
    read = specification_of({"tests": {"colortst": {"buckets": {"a": 1}, "fallbackValue": 3}}})
    left = consolidate(matrix(), read, verify(matrix(), read, "x"))["colortst"]
    assert [(each.name, each.value) for each in left.buckets] == [("inactive", 3), ("a", 1)]
    assert (left.test_type, left.salt, left.version) == ("RANDOM", "colortst", "default")
    assert [(each.bucket_value, each.length) for each in left.allocations[0].ranges] == [(3, 1.0)]


def test_the_users_of_a_test_are_those_of_its_present_state():
    taker = Application(
        "shop", "1", (specification_of({"dynamicFilters": [{"type": "match_all"}]}),)
    )
    current = definition_of(definition(), "colortst")
    there = Branch("qa", (Revision("1", "colortst", current),))
    assert [each.label for each in users(there, "colortst", [taker])] == ["shop@1"]
    assert users(Branch("qa"), "colortst", [taker]) == []


def test_a_generated_specification_fits_its_test():
    payloads = [
        {"name": "b", "value": 1, "payload": {"map": {"x": 1, "y": []}}},
        {"name": "a", "value": 0, "payload": {"map": {"x": 2.5, "y": ["q"]}}},
        {"name": "off", "value": -1, "payload": {"map": {"x": 1, "y": []}}},
    ]
    of = matrix(colortst={"buckets": payloads})
    document = generated_specification(of.tests["colortst"])
    assert list(document["buckets"].items()) == [("off", -1), ("a", 0), ("b", 1)]
    assert document["payload"]["schema"] == {"x": "doubleValue", "y": "stringArray"}
    assert not checked(of, {"tests": {"colortst": document}}).errors

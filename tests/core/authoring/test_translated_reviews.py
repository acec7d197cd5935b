"""Reviews in another language: every word of every finding can be translated."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings

from proctor.core.authoring.review.reviewing import review
from proctor.core.sentences import Sentence
from tests.core.authoring.small_definitions import BUCKETS, make_test, split
from tests.core.authoring.test_moves import definitions
from tests.marked_texts import ALPHABET, Rewritten

#: Words of JSON, which a review shows as values.
_OF_JSON = {"true", "false", "null"}
TEN = make_test(split((-1, 0.8), (0, 0.1), (1, 0.1)), salt="S1", description="D1")


def english_words(text):
    return {*re.findall("[A-Za-z]{2,}", text)}


def data_words(*tests):
    documents = [None if each is None else each.to_dict() for each in tests]
    return english_words(json.dumps(documents)) | _OF_JSON | {"t"}


def check(old, new, **options):
    """All English words left in a review must come from the definitions."""
    found = [each for test in review(old, new, **options).tests for each in test.sentences]
    assert found
    for sentence in found:
        assert isinstance(sentence, Sentence), sentence
        translated = sentence.translated(Rewritten())
        left = english_words(translated) - data_words(old, new)
        assert not left, (sentence, translated)
        assert {*translated} & {*ALPHABET}, sentence


@settings(deadline=None)
@given(definitions(), definitions())
def test_any_review_is_translated_wholly(old, new):
    if review(old, new).tests:
        check(old, new)


def changed(*allocations, **fields):
    """TEN with different allocations or fields."""
    document = {**TEN.to_dict(), **fields}
    if allocations:
        document["allocations"] = [*allocations]
    return type(TEN).from_dict("t", document)


CHANGES = {
    "a ramp": changed(split((-1, 0.7), (0, 0.15), (1, 0.15))),
    "a group without visitors": changed(split((-1, 0.8), (0, 0.2))),
    "an allocation": changed(split((0, 1.0), rule="${c}", id="#B1"), *TEN.to_dict()["allocations"]),
    "no allocations": changed(allocations=[]),
    "a rule": changed(rule="${c}"),
    "the salt": changed(salt="S2"),
    "no salt": changed(salt=None),
    "the test type": changed(testType="ACCOUNT"),
    "the description": changed(description="D2"),
    "no description": changed(description=None),
    "a dependency": changed(dependsOn={"testName": "X1", "bucketValue": 1}),
    "a bucket": changed(buckets=[*BUCKETS, {"name": "B3", "value": 3}]),
    "a bucket's name": changed(buckets=[{**each, "name": f"B{each['value']}"} for each in BUCKETS]),
    "no bucket": changed(buckets=BUCKETS[:-1]),
    "the order of the buckets": changed(buckets=BUCKETS[::-1]),
    "a bucket twice": changed(buckets=[*BUCKETS, BUCKETS[0]]),
    "payloads": changed(buckets=[{**each, "payload": {"longValue": 1}} for each in BUCKETS]),
    "a bucket's description": changed(buckets=[{**each, "description": "D3"} for each in BUCKETS]),
    "a bucket's fields": changed(buckets=[{**each, "x1": "x"} for each in BUCKETS]),
    "a constant": changed(constants={"C1": 1}),
    "a field": changed(x1="x"),
    "meta tags": changed(metaTags=["M1"]),
    "a payload experiment": changed(payloadExperimentConfig={"priority": "1", "namespaces": []}),
    "flags": changed(silent=True, forceLogging=True, evaluateForIncognitoUsers=True),
    "a version": changed(version="V2"),
    "an id": changed(split((-1, 0.8), (0, 0.1), (1, 0.1), id="#C1")),
    "no id": changed(split((-1, 0.8), (0, 0.1), (1, 0.1), id="")),
    "lengths that do not add up": changed(split((-1, 0.8), (0, 0.1))),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("back", [False, True])
def test_each_kind_of_change_is_translated_wholly(change, back):
    old, new = (CHANGES[change], TEN) if back else (TEN, CHANGES[change])
    check(old, new)


@pytest.mark.parametrize("declared", [(), ("t",)])
def test_new_and_deleted_tests_are_translated_wholly(declared):
    check(None, TEN)
    check(TEN, None, declared=declared)
    check(make_test(split((0, 0.7), (1, 0.3))), None)


def test_a_parent_whose_groups_move_is_translated_wholly():
    child = make_test(
        split((0, 0.5), (1, 0.5)), name="X1", dependsOn={"testName": "t", "bucketValue": 1}
    )
    old = {"t": TEN, "X1": child}
    found = review(old, {**old, "t": CHANGES["a ramp"]}).tests
    sentences = [each for test in found if test.test == "X1" for each in test.sentences]
    assert sentences
    for sentence in sentences:
        assert not english_words(sentence.translated(Rewritten())) - data_words(TEN, child)

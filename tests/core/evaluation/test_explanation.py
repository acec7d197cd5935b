"""The explanation of one visitor's group in one test."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.core.evaluation.engine import Proctor
from proctor.core.evaluation.explanation_parts import Decision
from proctor.core.exceptions import IdentifierError, ProctorError, UnknownTest
from proctor.core.java.values import java_string
from proctor.core.matrices.matrix import Matrix
from tests.core.vectorfiles import conformance_directory, read_jsonl, read_matrix_text
from tests.core.vectorvalues import converted, declared_types

VISITOR = {"USER": "pa5xq0lz4n80"}
HALVES = [{"bucketValue": 0, "length": 0.5}, {"bucketValue": 1, "length": 0.5}]
BUCKETS = [{"name": "control", "value": 0}, {"name": "active", "value": 1}]


def definition(**fields):
    return {
        "version": "7",
        "salt": "&salt",
        "testType": "USER",
        "buckets": BUCKETS,
        "allocations": [{"id": "#A1", "ranges": HALVES}],
        **fields,
    }


def proctor(_options=None, **tests):
    matrix = {"audit": {"version": "1", "updated": 1, "updatedBy": "someone"}, "tests": tests}
    return Proctor(Matrix.from_dict(matrix), **(_options or {}))


def explained(fields=None, *, options=None, **call):
    """The explanation of a test for the visitor."""
    engine = proctor(options, colourtst=definition(**(fields or {})))
    return engine.explain("colourtst", **{"identifiers": VISITOR, **call})


# The decision


def test_an_assigned_visitor_is_explained_by_allocation_position_and_range():
    found = explained()
    assert found.decision is Decision.ASSIGNED
    assert found.allocation.id == "#A1"
    assert found.range.bucket_value == found.assignment.value
    assert found.range.start <= found.share < found.range.end


def test_the_position_is_that_of_the_hash_vectors():
    for case in read_jsonl(conformance_directory(), "hashes.jsonl"):
        if not case["test"]:
            continue
        fields = definition(salt=case["salt"])
        found = proctor(**{case["test"]: fields}).explain(
            case["test"], identifiers={"USER": case["identifier"]}
        )
        assert found.position == case["hash"]


@pytest.mark.parametrize(
    ("fields", "call", "decision"),
    [
        ({}, {"force_groups": "colourtst1"}, Decision.FORCED),
        ({}, {"force_groups": "default_to_min_live"}, Decision.SMALLEST_LIVE),
        ({}, {"force_groups": "default_to_fallback"}, Decision.FALLBACK_MODE),
        ({}, {"force_groups": "colourtst9"}, Decision.ASSIGNED),
        ({"testType": "NONE"}, {}, Decision.DROPPED),
        ({}, {"context": {"isIncognitoUser": True}}, Decision.INCOGNITO),
        ({}, {"identifiers": {}}, Decision.NO_IDENTIFIER),
        ({}, {"identifiers": {"USER": None}}, Decision.NO_IDENTIFIER),
        ({"testType": "RANDOM"}, {}, Decision.RANDOM_DISABLED),
        ({"testType": "RANDOM"}, {"random_enabled": True}, Decision.ASSIGNED),
        ({"rule": "${country == 'US'}"}, {"context": {"country": "DE"}}, Decision.RULE_FALSE),
        ({"rule": "country"}, {}, Decision.RULE_FALSE),
        ({"rule": "${country == 'US'}"}, {}, Decision.RULE_ERROR),
        (
            {"allocations": [{"rule": "${nope}", "ranges": HALVES}, {"ranges": HALVES}]},
            {},
            Decision.RULE_ERROR,
        ),
        (
            {"allocations": [{"rule": "${false}", "ranges": HALVES}]},
            {},
            Decision.NO_ALLOCATION,
        ),
    ],
)
def test_the_decision_is_the_step_at_which_the_choice_ended(fields, call, decision, caplog):
    caplog.set_level(logging.CRITICAL)
    assert explained(fields, **call).decision is decision


def test_a_rejected_identifier_is_told_from_a_missing_one():
    options = {"identifier_validator": "noempty"}
    found = explained(options=options, identifiers={"USER": ""})
    assert found.decision is Decision.IDENTIFIER_REJECTED


UNITLESS = {
    "enableUnitlessAllocations": True,
    "containsUnitlessAllocation": True,
    "allocations": [
        {"id": "#A1", "rule": "${!missingExperimentalUnit}", "ranges": HALVES},
        {"id": "#B1", "ranges": HALVES},
        {
            "id": "#C1",
            "rule": "${missingExperimentalUnit}",
            "ranges": [{"bucketValue": 1, "length": 1.0}],
        },
    ],
}


def test_allocations_that_are_not_for_the_visitor_are_not_among_those_looked_at():
    allocations = [UNITLESS["allocations"][0], UNITLESS["allocations"][2]]
    found = explained(
        {**UNITLESS, "allocations": allocations},
        options={"identifier_validator": "noempty"},
        identifiers={"USER": ""},
    )
    assert [each.index for each in found.allocations] == [0, 1]
    assert found.allocation.id == "#C1"


def test_a_variable_that_the_engine_sets_is_shown_as_the_rule_saw_it():
    found = explained(
        {
            **UNITLESS,
            "rule": "${missingExperimentalUnit && false}",
            "allocations": [{"ranges": HALVES}],
        },
        options={"identifier_validator": "noempty"},
        identifiers={"USER": ""},
    )
    assert found.rule.variables[0].value == "true"


def test_no_allocation_for_a_rejected_identifier_is_said_in_words():
    found = explained(
        {**UNITLESS, "allocations": [{"ranges": HALVES}]},
        options={"identifier_validator": "noempty"},
        identifiers={"USER": ""},
    )
    assert found.decision is Decision.NO_ALLOCATION
    assert "identifier was rejected" in found.summary


# The dependency


def family(parent_rule):
    return proctor(
        parenttst=definition(salt="&parent", rule=parent_rule),
        childtst=definition(dependsOn={"testName": "parenttst", "bucketValue": 1}),
    )


def test_a_child_is_explained_by_its_parent():
    found = family("${age > 18}").explain("childtst", identifiers=VISITOR, context={"age": 5})
    assert found.decision is Decision.DEPENDENCY
    assert found.dependency.parent.decision is Decision.RULE_FALSE
    assert "age = 5 (Long)" in str(found)


def test_a_forced_parent_holds_for_the_child_and_not_without_force():
    found = family("${false}").explain(
        "childtst", identifiers=VISITOR, force_groups="parenttst1,childtst0"
    )
    assert found.dependency.holds
    assert found.unforced.decision is Decision.DEPENDENCY
    assert not found.eligible


def test_a_long_line_of_ancestors_is_explained():
    tests = {
        "t0": definition(salt="&0", allocations=[{"ranges": [{"bucketValue": 1, "length": 1.0}]}])
    }
    for index in range(1, 400):
        tests[f"t{index}"] = definition(
            salt=f"&{index}",
            dependsOn={"testName": f"t{index - 1}", "bucketValue": 1},
            allocations=[{"ranges": [{"bucketValue": 1, "length": 1.0}]}],
        )
    found = proctor(**tests).explain("t399", identifiers=VISITOR)
    assert found.assignment.value == 1
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert str(found).startswith("t399: ")
    assert repr(found).startswith("Explanation(test='t399', ")


# The force


def test_a_forced_visitor_is_told_what_he_would_get():
    found = explained({"rule": "${false}"}, force_groups="colourtst1")
    assert found.assignment.forced
    assert found.unforced.decision is Decision.RULE_FALSE
    assert not found.eligible


def test_without_force_there_is_nothing_to_compare_with():
    found = explained()
    assert (found.force, found.unforced, found.eligible) == (None, None, True)


def test_a_forced_value_that_the_test_does_not_have_is_said_to_be_ignored():
    found = explained(force_groups="colourtst9")
    assert not found.force.known
    assert "which the test does not have" in str(found)


@pytest.mark.parametrize(
    ("payload", "applied"), [('stringValue:"x"', True), ("longValue:5", False)]
)
def test_a_forced_payload_counts_only_where_it_fits(payload, applied):
    buckets = [{**each, "payload": {"stringValue": "own"}} for each in BUCKETS]
    found = explained(
        {"buckets": buckets},
        force_groups=f"colourtst1;{payload}",
        force_payload_tests=["colourtst"],
    )
    assert (found.force.payload_given, found.force.payload_applied) == (True, applied)


def test_under_the_smallest_live_mode_no_range_was_hit():
    found = explained(force_groups="default_to_min_live")
    assert found.range is None
    assert found.unforced.range is not None


# Names


@pytest.mark.parametrize("error", [ProctorError, KeyError])
def test_an_unknown_test_names_the_nearest(error):
    with pytest.raises(error) as caught:
        proctor(colourtst=definition()).explain("colortst", identifiers=VISITOR)
    assert str(caught.value) == "the matrix has no test 'colortst'; did you mean 'colourtst'?"


def test_an_unknown_test_is_an_error_of_a_matrix_without_tests_too():
    with pytest.raises(UnknownTest, match="it has no tests"):
        proctor().explain("colortst", identifiers=VISITOR)


def test_an_identifier_of_type_random_is_refused():
    with pytest.raises(IdentifierError):
        explained(identifiers={"RANDOM": "x"})


def test_a_dropped_test_comes_with_its_problem():
    found = explained({"testType": "NONE"})
    assert found.problem.test == "colourtst"
    assert "'NONE'" in found.summary


# Privacy, and what is printed


def test_no_identifier_is_printed():
    found = explained(
        {"rule": "${country == 'US'}"}, context={"country": "US"}, force_groups="colourtst1"
    )
    printed = (str(found), repr(found), json.dumps(found.to_dict()))
    assert not [each for each in printed if VISITOR["USER"] in each]


def test_the_identifier_is_there_for_those_who_ask():
    assert explained().identifier == VISITOR["USER"]


def test_an_explanation_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        explained().decision = Decision.FORCED


def test_an_explanation_survives_pickling():
    found = explained({"rule": "${nope}"})
    assert pickle.loads(pickle.dumps(found)) == found


def test_two_explanations_of_one_visitor_are_equal():
    assert explained({"rule": "${nope}"}) == explained({"rule": "${nope}"})


HOSTILE = "\x1b[2J\u202e\n\x9b\ud800"


def test_nothing_of_a_matrix_or_a_visitor_reaches_the_terminal_raw():
    buckets = [
        {"name": HOSTILE + str(n), "value": n, "payload": {"stringValue": HOSTILE}} for n in (0, 1)
    ]
    engine = proctor(
        **{
            HOSTILE: definition(
                buckets=buckets,
                rule=f"${{a != '{HOSTILE[:3]}' && a != ''}}",
                allocations=[
                    {
                        "id": HOSTILE,
                        "name": HOSTILE,
                        "rule": f"${{'{HOSTILE[:3]}' == b}}",
                        "ranges": HALVES,
                    }
                ],
            )
        }
    )
    for context in ({"a": HOSTILE, "b": HOSTILE[:3]}, {"a": HOSTILE, "b": HOSTILE}, {}):
        found = engine.explain(HOSTILE, identifiers=VISITOR, context=context)
        assert all(line.isprintable() for line in str(found).split("\n"))
        assert found.summary.isprintable()


def test_long_texts_are_cut():
    found = explained(
        {"rule": "${a != '" + "x" * 9000 + "'}", "salt": "s", "version": "v" * 9000},
        context={"a": "y" * 9000},
    )
    assert max(map(len, str(found).split("\n"))) < 300


ASSIGNED = """\
colourtst: group 'active' (1) of allocation 2 '#B1'
  test type     USER
  rule          true   ${country == 'US' && age >= 18}
                       country = 'US' (String)
                       age = 18 (Long)
  allocation 1  false  ${loggedIn}  '#A1'
                       loggedIn = false (Boolean)
  allocation 2  true   (no rule)  '#B1'
  position      366077953, or 0.585234 on a scale from 0 to 1
  ranges        |aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb|
                                                      ^
                  a  0.000000 to 0.500000 'control' (0)
                > b  0.500000 to 1.000000 'active' (1)"""

REFUSED = """\
colourtst: no group: the test's rule is false: age >= 18 at column 22; age = 17 (Long)
  test type     USER
  rule          false  ${country == 'US' && age >= 18}
                       decided at column 22: age >= 18
                       country = 'US' (String)
                       age = 17 (Long)
  position      366077953, or 0.585234 on a scale from 0 to 1"""


@pytest.mark.parametrize(("age", "text"), [(18, ASSIGNED), (17, REFUSED)])
def test_the_text_says_each_step(age, text):
    found = explained(
        {
            "rule": "${country == 'US' && age >= 18}",
            "allocations": [
                {"id": "#A1", "rule": "${loggedIn}", "ranges": HALVES},
                {"id": "#B1", "ranges": HALVES},
            ],
        },
        identifiers={"USER": "a"},
        context={"country": "US", "age": age, "loggedIn": False},
    )
    assert str(found) == text


@pytest.mark.parametrize(
    ("fields", "call", "summary"),
    [
        ({}, {"force_groups": "colourtst1"}, "group 'active' (1), forced"),
        (
            {},
            {"force_groups": "default_to_min_live"},
            "group 'control' (0), forced: the smallest live bucket of allocation 1 '#A1'",
        ),
        (
            {},
            {"force_groups": "default_to_fallback"},
            "no group: the force mode requests the fallback",
        ),
        (
            {},
            {"context": {"isIncognitoUser": "TRUE"}},
            "no group: the visitor is incognito, and the test excludes such visitors",
        ),
        ({}, {"identifiers": {}}, "no group: there is no identifier of type USER"),
        (
            {"testType": "RANDOM"},
            {},
            "no group: tests of type RANDOM are not enabled in this call",
        ),
        (
            {"rule": "${age > 'x' && true}"},
            {"context": {"age": 5}},
            (
                "no group: the test's rule failed: age > 'x' at column 3; age = 5 (Long); "
                "cannot convert 'x' of type java.lang.String to java.lang.Long"
            ),
        ),
        (
            {"allocations": [{"rule": "${age > 9}", "ranges": HALVES}]},
            {"context": {"age": 5}},
            (
                "no group: no allocation's rule is true; the rule of the last one, allocation 1, "
                "is false: age > 9 at column 3; age = 5 (Long)"
            ),
        ),
        (
            {"allocations": [{"id": "#B1", "rule": "${nope}", "ranges": HALVES}]},
            {},
            (
                "no group: the rule of allocation 1 '#B1' failed: nope at column 3; "
                "nope is not in the context; the variable 'nope' is not in the context, "
                "which contains missingExperimentalUnit"
            ),
        ),
    ],
)
def test_the_summary_says_in_a_line_what_was_decided_and_why(fields, call, summary):
    assert explained(fields, **call).summary == summary


def test_a_value_that_could_not_be_converted_is_told():
    found = explained(
        {"rule": "${age == 5}"},
        options={"context_types": {"age": "int"}},
        context={"age": "five"},
    )
    assert found.decision is Decision.RULE_ERROR
    assert "age could not be converted" in found.summary


def test_a_rule_that_calls_a_function_of_the_site_is_explained():
    def even(number: int) -> bool:
        return number % 2 == 0

    found = explained(
        {"rule": "${age > 3 && site:even(age)}"},
        options={"functions": {"site:even": even}},
        context={"age": 5},
    )
    assert found.rule.operand.text == "site:even(age)"


def test_a_value_that_raises_wherever_it_is_touched_is_explained():
    class Hostile:
        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None
        __str__ = __bool__ = __len__ = __iter__ = __eq__

    found = explained({"rule": "${who == 'x' && who}"}, context={"who": Hostile()})
    assert found.decision is Decision.RULE_ERROR
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert "Hostile that cannot be printed" in str(found)


def test_the_mark_of_the_picture_stands_below_the_range_that_was_hit():
    lengths = [0.1] * 9 + [0.1]
    ranges = [{"bucketValue": index % 2, "length": each} for index, each in enumerate(lengths)]
    engine = proctor(colourtst=definition(allocations=[{"ranges": ranges}]))
    for number in range(50):
        found = engine.explain("colourtst", identifiers={"USER": f"visitor {number}"})
        lines = str(found).split("\n")
        mark = next(index for index, line in enumerate(lines) if line.strip() == "^")
        letter = lines[mark - 1][lines[mark].index("^")]
        assert any(line.strip().startswith(f"> {letter} ") for line in lines[mark:])


def test_of_very_many_ranges_some_are_listed_and_the_one_that_was_hit():
    ranges = [{"bucketValue": index % 2, "length": 1 / 500} for index in range(500)]
    found = explained({"allocations": [{"ranges": ranges}]})
    lines = str(found).split("\n")
    assert len(lines) < 40
    assert any(line.strip().startswith("> ") for line in lines)


# What the engine says is what is explained


def assert_explains(found, name, groups):
    """Compare an explanation with the engine's result for the same call."""
    assert found.assignment == groups.get(name)
    assert (found.decision is Decision.RULE_ERROR) == (name in groups.errors)
    gives = {Decision.ASSIGNED, Decision.FORCED, Decision.SMALLEST_LIVE}
    assert (found.assignment is not None) == (found.decision in gives)
    if found.decision is Decision.ASSIGNED:
        assert found.allocation.index == found.assignment.allocation_index
        assert found.range.start <= found.share < found.range.end
        assert found.range.bucket_value == found.assignment.value
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert all(line.isprintable() for line in str(found).split("\n"))


def loaded(name):
    """The engine, the cases and their contexts from a file of assignments."""
    header, *cases = read_jsonl(conformance_directory(), f"assignments/{name}.jsonl")
    header = header["header"]
    types = declared_types(header)
    undeclared = header.get("provided_context_style") == "none"
    validator = header.get("identifier_validator", "none")
    engine = Proctor(
        Matrix.from_json(read_matrix_text(conformance_directory(), header["matrix"])),
        context_types=None if undeclared else types,
        identifier_validator=None if validator == "none" else validator,
    )
    for case in cases:
        if undeclared:
            case["context"] = converted(case["context"], types)
    return engine, cases


def call_of(case):
    return {
        "identifiers": case["identifiers"],
        "context": case["context"],
        "force_groups": case.get("force_groups"),
        "force_payload_tests": case.get("force_payload_tests", ()),
        "random_enabled": case.get("random_enabled", False),
    }


def is_random(engine, name):
    return name in engine.loaded and engine.definition(name).test_type == "RANDOM"


FILES = sorted(
    each.name.partition(".")[0] for each in (conformance_directory() / "assignments").iterdir()
)


@pytest.mark.parametrize("name", FILES)
def test_the_explained_group_is_the_one_that_is_given(name, caplog):
    caplog.set_level(logging.CRITICAL)
    engine, cases = loaded(name)
    tests = [each for each in engine.matrix.tests if not is_random(engine, each)]
    for number, case in enumerate(cases):
        try:
            groups = engine.determine_groups(**call_of(case))
        except IdentifierError:
            continue
        # A few tests of each case, others each time: all of them would take minutes.
        for test in {tests[(number * 3 + offset) % len(tests)] for offset in range(3)}:
            assert_explains(engine.explain(test, **call_of(case)), test, groups)


@functools.cache
def engine_of(name):
    return loaded(name)


@pytest.mark.parametrize("name", ["mixed", "dependencies", "incognito_and_unitless", "types"])
@settings(deadline=None)
@given(data=st.data())
def test_the_explained_group_is_the_one_that_is_given_for_visitors_of_any_kind(name, data):
    logging.disable(logging.CRITICAL)
    try:
        check_any_visitor(*engine_of(name), data)
    finally:
        logging.disable(logging.NOTSET)


def check_any_visitor(engine, cases, data):
    """Mix the identifiers, contexts and forces of different cases."""
    pick = st.sampled_from(cases)
    tests = st.sampled_from([each for each in engine.loaded if not is_random(engine, each)])
    forced = st.lists(
        st.builds("{}{}".format, tests, st.integers(-1, 3))
        | st.sampled_from(["default_to_fallback", "default_to_min_live"]),
        max_size=3,
    )
    call = {
        **call_of(data.draw(pick)),
        "context": data.draw(pick)["context"],
        "force_groups": ",".join(data.draw(forced)),
    }
    call["identifiers"] = {
        key: value for key, value in call["identifiers"].items() if key != "RANDOM"
    }
    test = data.draw(tests)
    found = engine.explain(test, **call)
    assert_explains(found, test, engine.determine_groups(**call))
    if found.unforced is not None:
        without = engine.determine_groups(**{**call, "force_groups": None})
        assert_explains(found.unforced, test, without)


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_a_drawn_number_explains_the_group_of_a_random_test(seed):
    import random

    state = random.getstate()
    random.seed(seed)
    try:
        found = explained({"testType": "RANDOM"}, identifiers={}, random_enabled=True)
    finally:
        random.setstate(state)
    assert (found.position, found.range.bucket_value) == (None, found.assignment.value)
    assert found.range.start <= found.share < found.range.end


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.text())
def test_the_ranges_share_the_whole_line(weights, identifier):
    total = sum(weights)
    if not total:
        return
    ranges = [{"bucketValue": n % 2, "length": each / total} for n, each in enumerate(weights)]
    found = explained({"allocations": [{"ranges": ranges}]}, identifiers={"USER": identifier})
    bounds = [found.ranges[0].start]
    for each in found.ranges:
        assert each.start == bounds[-1] <= each.end
        bounds.append(each.end)
    assert (bounds[0], bounds[-1]) == (0.0, 1.0)
    assert [each.hit for each in found.ranges].count(True) == 1


def test_a_value_is_shown_as_the_rule_language_writes_it():
    values = {"flag": True, "none": None, "items": ["a", 1], "number": 1e10}
    rule = "${" + " && ".join(f"{name} == {name}" for name in values) + "}"
    shown = {
        each.name: each.value for each in explained({"rule": rule}, context=values).rule.variables
    }
    assert shown == {name: java_string(value) for name, value in values.items()}

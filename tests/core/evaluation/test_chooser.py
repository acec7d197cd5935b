"""The choice of a group in one test, step by step."""

from __future__ import annotations

import random

import pytest

from proctor.core.evaluation.chooser import Chooser, VisitorState, choose
from proctor.core.evaluation.groups import GroupAssignment, Reason
from proctor.core.exceptions import RuleEvaluationError, UndefinedName
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.rules.compiler import Scope
from proctor.core.rules.pool import RulePool
from tests.core.randomrules import Hostile
from tests.core.small_matrices import allocation, definition, everybody, matrix


def chooser(**fields):
    return Chooser(matrix(atest=definition(**fields)).tests["atest"], RulePool())


def visit(**fields):
    usual = {
        "scope": Scope({"missingExperimentalUnit": False}),
        "identifiers": {"USER": "visitor"},
        "is_valid": lambda test_type, identifier: True,
        "force": ForceGroups(),
        "incognito": False,
        "random": None,
        "groups": {},
        "errors": {},
    }
    return VisitorState(**{**usual, **fields})


BLUE = {"allocations": [allocation(blue=1.0)]}
FALSE = {"rule": "${false}"}
FAILS = {"rule": "${unknown}"}
FORCE = ForceGroups({"atest": 1})
FALLBACK = ForceGroups.parse("default_to_fallback")
MIN_LIVE = ForceGroups.parse("default_to_min_live")
UNITLESS = {
    "enableUnitlessAllocations": True,
    "containsUnitlessAllocation": True,
    "allocations": [
        allocation("${missingExperimentalUnit}", id="#U", blue=1.0),
        allocation(id="#A", control=1.0),
    ],
}


def rejecting(**fields):
    return visit(is_valid=lambda test_type, identifier: False, **fields)


def test_incognito_comes_before_everything():
    assert choose(chooser(**BLUE), visit(incognito=True, force=FORCE)) is None


def test_a_test_for_incognito_visitors_takes_them():
    test = chooser(evaluateForIncognitoUsers=True, **BLUE)
    assert choose(test, visit(incognito=True)).group == "blue"


def test_a_missing_identifier_comes_before_forcing():
    assert choose(chooser(**BLUE), visit(identifiers={}, force=FORCE)) is None


def test_a_rejected_identifier_comes_before_forcing():
    assert choose(chooser(**BLUE), rejecting(force=FORCE)) is None


def test_forcing_comes_before_fallback_dependency_and_rules():
    test = chooser(dependsOn={"testName": "parent", "bucketValue": 1}, **FAILS, **BLUE)
    force = ForceGroups.parse("default_to_fallback,atest0")
    here = visit(force=force)
    assert choose(test, here).group == "control"
    assert here.errors == {}


def test_fallback_comes_before_the_rules():
    here = visit(force=FALLBACK)
    assert choose(chooser(**FAILS), here) is None
    assert here.errors == {}


def test_the_dependency_comes_before_the_rules():
    here = visit()
    test = chooser(dependsOn={"testName": "parent", "bucketValue": 1}, **FAILS)
    assert choose(test, here) is None
    assert here.errors == {}


@pytest.mark.parametrize(("value", "group"), [(1, "blue"), (0, None), (-1, None)])
def test_the_parent_must_have_just_that_bucket(value, group):
    test = chooser(dependsOn={"testName": "parent", "bucketValue": 1}, **BLUE)
    given = choose(test, visit(groups={"parent": GroupAssignment("any", value)}))
    assert getattr(given, "group", None) == group


def test_the_tests_rule_comes_before_those_of_allocations():
    here = visit()
    assert choose(chooser(allocations=[allocation("${unknown}", blue=1.0)], **FALSE), here) is None
    assert here.errors == {}


def test_the_first_allocation_that_holds_is_taken():
    test = chooser(
        allocations=[
            allocation("${false}", id="#0", blue=1.0),
            allocation("${true}", id="#1", control=1.0),
            allocation(id="#2", inactive=1.0),
        ]
    )
    given = choose(test, visit())
    assert (given.allocation_id, given.allocation_index, given.group) == ("#1", 1, "control")


@pytest.mark.parametrize("rule", [None, "", "  ", "${}", "${ }"])
def test_an_empty_rule_is_true(rule):
    assert choose(chooser(rule=rule, **BLUE), visit()).group == "blue"


def test_a_rule_that_fails_ends_the_choice():
    here = visit()
    test = chooser(allocations=[allocation("${unknown}", blue=1.0), allocation(blue=1.0)])
    assert choose(test, here) is None
    assert isinstance(here.errors["atest"], UndefinedName)


def test_what_a_value_raises_is_an_error_of_the_test():
    here = visit(scope=Scope({"odd": Hostile(), "missingExperimentalUnit": False}))
    assert choose(chooser(rule="${odd == 'US'}"), here) is None
    assert isinstance(here.errors["atest"], RuleEvaluationError)


def test_equal_rules_are_evaluated_once():
    seen = []

    class Country:
        def __str__(self):
            seen.append(self)
            return "US"

    pool = RulePool()
    tests = matrix(
        atest=everybody("blue", "${country == 'US'}"), btest=everybody("blue", "${country == 'US'}")
    ).tests
    here = visit(scope=Scope({"country": Country(), "missingExperimentalUnit": False}))
    given = [choose(Chooser(test, pool), here).group for test in tests.values()]
    assert (given, len(seen)) == (["blue", "blue"], 1)


# -- unitless -----------------------------------------------------------------------------


def test_a_rejected_identifier_may_get_into_a_unitless_allocation():
    assert choose(chooser(**UNITLESS), rejecting()).allocation_id == "#U"


def test_an_accepted_identifier_has_all_allocations():
    assert choose(chooser(**UNITLESS), visit()).allocation_id == "#A"


def test_a_rejected_identifier_is_forced_in_a_unitless_test():
    assert choose(chooser(**UNITLESS), rejecting(force=ForceGroups({"atest": 0}))).forced


@pytest.mark.parametrize(
    "missing", [{"enableUnitlessAllocations": False}, {"containsUnitlessAllocation": False}]
)
def test_both_flags_are_needed(missing):
    assert choose(chooser(**{**UNITLESS, **missing}), rejecting()) is None


def test_no_identifier_at_all_is_not_unitless():
    assert choose(chooser(**UNITLESS), visit(identifiers={"USER": None})) is None


def test_afterwards_no_identifier_counts_as_missing():
    here = rejecting()
    choose(chooser(**UNITLESS), here)
    assert here.scope["missingExperimentalUnit"] is False


def test_after_a_rule_that_fails_no_identifier_counts_as_missing():
    here = rejecting()
    choose(chooser(**{**UNITLESS, **FAILS}), here)
    assert here.scope["missingExperimentalUnit"] is False


# -- buckets ------------------------------------------------------------------------------

TWICE = [{"name": "first", "value": 1}, {"name": "last", "value": 1}, {"name": "no", "value": -1}]


def test_of_two_buckets_with_one_value_the_last_is_assigned():
    assert choose(chooser(buckets=TWICE, **BLUE), visit()).group == "last"


def test_of_two_buckets_with_one_value_the_first_is_forced():
    assert choose(chooser(buckets=TWICE, **BLUE), visit(force=FORCE)).group == "first"


def test_of_two_buckets_with_one_value_the_first_is_the_smallest_live():
    assert choose(chooser(buckets=TWICE, **BLUE), visit(force=MIN_LIVE)).group == "first"


def test_the_smallest_live_bucket_is_that_of_the_allocation_that_holds():
    test = chooser(
        allocations=[
            allocation("${false}", control=1.0),
            allocation(inactive=0.0, blue=0.5, control=0.5),
        ]
    )
    given = choose(test, visit(force=MIN_LIVE))
    assert (given.group, given.reason, given.allocation_id) == ("control", Reason.FORCED, "")


@pytest.mark.parametrize("drawn", [0.0, 0.4999, 0.5, 0.9999])
def test_a_random_test_takes_the_range_of_the_draw(drawn):
    class Drawn(random.Random):
        def random(self):
            return drawn

    given = choose(chooser(testType="RANDOM"), visit(identifiers={}, random=Drawn()))
    assert given.group == ("control" if drawn < 0.5 else "blue")


def test_a_random_test_does_not_draw_unless_it_may():
    assert choose(chooser(testType="RANDOM"), visit()) is None


# -- what an assignment tells -------------------------------------------------------------

PAID = [
    {"name": "control", "value": 0, "payload": {"stringValue": "a"}},
    {"name": "blue", "value": 1, "payload": {"stringValue": "b"}},
]


def test_an_assignment_has_payload_type_and_version():
    given = choose(chooser(buckets=PAID, **BLUE), visit())
    assert (given.payload, given.payload_type, given.version) == ("b", "stringValue", "3")


def test_a_forced_payload_of_the_same_type_is_taken():
    force = ForceGroups.parse('atest1;stringValue:"forced"', ["atest"])
    given = choose(chooser(buckets=PAID, **BLUE), visit(force=force))
    assert (given.payload, given.forced) == ("forced", True)


def test_a_forced_payload_of_another_type_is_not_taken():
    force = ForceGroups.parse("atest1;longValue:5", ["atest"])
    assert choose(chooser(buckets=PAID, **BLUE), visit(force=force)).payload == "b"


def log_entry(force=None, **fields):
    given = choose(chooser(**fields), visit(force=force or ForceGroups()))
    return given.log_entry


HALVES = {"allocations": [allocation(control=0.00001, blue=0.99999)], "salt": "&x"}


def test_an_allocation_with_an_id_is_logged():
    assert log_entry(**HALVES) == "#A1:atest1"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"silent": True, **HALVES}, id="a silent test"),
        pytest.param(BLUE, id="an allocation of one bucket"),
        pytest.param(
            {"allocations": [allocation(id="", control=0.00001, blue=0.99999)]}, id="no id"
        ),
        pytest.param({"allocations": [allocation(inactive=0.99999, blue=0.00001)]}, id="below 0"),
    ],
)
def test_what_the_java_leaves_out_of_the_log_line(fields):
    assert log_entry(**fields) is None


def test_a_test_may_insist_on_being_logged():
    assert log_entry(forceLogging=True, **BLUE) == "#A1:atest1"


def test_a_forced_group_is_logged_without_an_allocation():
    assert log_entry(force=FORCE, **BLUE) == "atest1"


def test_a_forced_group_of_a_silent_test_is_not_logged():
    assert log_entry(force=FORCE, silent=True, **BLUE) is None

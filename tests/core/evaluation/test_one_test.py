"""The shortcuts: `determine_group`, and `determine_groups` for a few of many tests."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from proctor.core.evaluation.engine import Proctor
from proctor.core.evaluation.groups import Reason
from proctor.core.exceptions import IdentifierError, UndefinedName
from tests.core.small_matrices import allocation, definition, everybody, matrix

USER = {"USER": "visitor"}
US = {"country": "US"}

COUNTRY = "${country == 'US'}"


def proctor(types=None, **tests) -> Proctor:
    return Proctor(matrix(**tests), context_types=types)


def many(**tests):
    """These tests among many others, so that requesting one of them means requesting few."""
    return {**{f"other{n}x": definition() for n in range(10)}, **tests}


DEPENDENT = {
    "parent": everybody("blue", salt="&1"),
    "child": everybody("control", salt="&2", dependsOn={"testName": "parent", "bucketValue": 1}),
}


# -- one ----------------------------------------------------------------------------------


def test_one_group_is_that_among_all():
    made = proctor(**many(atest=definition()))
    for number in range(50):
        visitor = {"USER": f"visitor{number}"}
        assert made.determine_group("atest", identifiers=visitor) is made.determine_groups(
            identifiers=visitor
        ).get("atest")


@pytest.mark.parametrize("types", [{"country": "String"}, None], ids=["declared", "not declared"])
@pytest.mark.parametrize(("country", "group"), [("US", "blue"), ("GB", None), (None, None)])
def test_a_rule_decides(types, country, group):
    made = proctor(types, atest=everybody("blue", COUNTRY))
    found = made.determine_group("atest", identifiers=USER, context={"country": country})
    assert getattr(found, "group", None) == group


def test_without_a_context_a_rule_fails_and_gives_no_group():
    assert (
        proctor(atest=everybody("blue", COUNTRY)).determine_group("atest", identifiers=USER) is None
    )


def test_a_value_is_converted_for_its_rule():
    made = proctor({"age": "int"}, atest=everybody("blue", "${age > 17}"))
    assert made.determine_group("atest", identifiers=USER, context={"age": "18"}) is not None


def test_a_value_that_cannot_be_converted_is_absent():
    made = proctor({"age": "int"}, atest=everybody("blue", "${age > 17}"))
    assert made.determine_group("atest", identifiers=USER, context={"age": "old"}) is None


def test_a_rule_that_fails_ends_the_search_for_an_allocation():
    test = definition(allocations=[allocation("${nosuch > 1}", blue=1.0), allocation(blue=1.0)])
    assert proctor(atest=test).determine_group("atest", identifiers=USER) is None


@pytest.mark.parametrize("name", ["nosuch", "bad"])
def test_a_test_that_is_unknown_or_dropped_gives_no_group(name):
    made = proctor(bad=definition(testType="NOBODY"), good=definition())
    assert made.determine_group(name, identifiers=USER) is None


@pytest.mark.parametrize("name", [5, None, ["atest"], ("atest",), b"atest"])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(TypeError, match=r"expected a test name \(str\), got "):
        proctor(atest=definition()).determine_group(name, identifiers=USER)


@pytest.mark.parametrize("asked_before", [False, True])
def test_an_identifier_of_type_random_is_refused(asked_before):
    made = proctor(atest=definition())
    if asked_before:
        made.determine_group("atest", identifiers=USER)
    with pytest.raises(IdentifierError):
        made.determine_group("atest", identifiers={**USER, "RANDOM": "1"})


@pytest.mark.parametrize("given", [{"identifiers": 5}, {"identifiers": USER, "context": "US"}])
def test_arguments_that_are_no_mappings_are_refused(given):
    with pytest.raises(TypeError, match="give a dict"):
        proctor(atest=definition()).determine_group("atest", **given)


def test_other_mappings_than_dicts_will_do():
    made = proctor(atest=everybody("blue", COUNTRY))
    found = made.determine_group(
        "atest", identifiers=MappingProxyType(USER), context=MappingProxyType(US)
    )
    assert found.group == "blue"


@pytest.mark.parametrize("identifiers", [{}, {"USER": None}, {"ACCOUNT": "visitor"}])
def test_without_an_identifier_there_is_no_group(identifiers):
    assert proctor(atest=definition()).determine_group("atest", identifiers=identifiers) is None


@pytest.mark.parametrize("identifier", [42, "\ud83d", "é"])
def test_an_odd_identifier_is_hashed_as_among_all(identifier):
    made = proctor(**many(atest=definition()))
    identifiers = {"USER": identifier}
    assert (
        made.determine_group("atest", identifiers=identifiers)
        is made.determine_groups(identifiers=identifiers)["atest"]
    )


def test_a_rejected_identifier_gives_no_group():
    made = Proctor(matrix(atest=definition()), identifier_validator="noempty")
    assert made.determine_group("atest", identifiers={"USER": ""}) is None


def test_a_rejected_identifier_may_get_into_a_unitless_allocation():
    test = everybody(
        "control",
        enableUnitlessAllocations=True,
        containsUnitlessAllocation=True,
    )
    test["allocations"] = [
        allocation("${missingExperimentalUnit}", blue=1.0),
        allocation(control=1.0),
    ]
    made = Proctor(matrix(atest=test), identifier_validator="noempty")
    assert made.determine_group("atest", identifiers={"USER": ""}).group == "blue"


def test_a_forced_group_is_given():
    made = proctor(atest=everybody("blue"))
    found = made.determine_group("atest", identifiers=USER, force_groups="atest0")
    assert (found.group, found.reason) == ("control", Reason.FORCED)


def test_a_forced_payload_is_given():
    buckets = [{"name": "blue", "value": 1, "payload": {"longValue": 1}}]
    made = proctor(atest=everybody("blue", buckets=buckets))
    found = made.determine_group(
        "atest",
        identifiers=USER,
        force_groups="atest1;longValue:7",
        force_payload_tests=("atest",),
    )
    assert found.payload == 7


def test_force_groups_that_force_nothing_change_nothing():
    made = proctor(**many(atest=everybody("blue")))
    assert made.determine_group("atest", identifiers=USER, force_groups="?").group == "blue"


@pytest.mark.parametrize(("forced", "group"), [(None, "control"), ("parent0", None)])
def test_a_test_depends_on_its_parent(forced, group):
    made = proctor(**many(**DEPENDENT))
    found = made.determine_group("child", identifiers=USER, force_groups=forced)
    assert getattr(found, "group", None) == group


@pytest.mark.parametrize(
    ("value", "group"),
    [(True, None), ("TRUE", None), (False, "blue"), ("no", "blue"), (None, "blue")],
)
def test_an_incognito_visitor_is_left_alone(value, group):
    made = proctor(**many(atest=everybody("blue")))
    for _ in range(2):
        found = made.determine_group("atest", identifiers=USER, context={"isIncognitoUser": value})
        assert getattr(found, "group", None) == group


@pytest.mark.parametrize(("enabled", "group"), [(True, "blue"), (False, None)])
def test_a_random_test_draws_if_it_may(enabled, group):
    made = proctor(atest=everybody("blue", testType="RANDOM"))
    found = made.determine_group("atest", identifiers={}, random_enabled=enabled)
    assert getattr(found, "group", None) == group


# -- a few of many ------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("atest",), ["atest"], {"atest"}])
def test_a_few_tests_may_be_asked_for_in_any_collection(names):
    made = proctor(**many(atest=everybody("blue")))
    assert list(made.determine_groups(identifiers=USER, tests=names)) == ["atest"]


def test_a_few_tests_report_the_rules_that_failed():
    made = proctor(**many(atest=everybody("blue", "${nosuch == 1}")))
    groups = made.determine_groups(identifiers=USER, tests=("atest", "other1x"))
    assert list(groups) == ["other1x"]
    assert isinstance(groups.errors["atest"], UndefinedName)


def test_a_rule_that_failed_for_want_of_an_identifier_is_not_reported():
    made = proctor(**many(atest=everybody("blue", "${nosuch == 1}")))
    assert made.determine_groups(identifiers={}, tests=("atest",)).errors == {}


@pytest.mark.parametrize("rule", [None, "${age > 17}"])
def test_a_few_tests_report_all_values_that_cannot_be_converted(rule):
    made = proctor({"age": "int", "size": "int"}, **many(atest=everybody("blue", rule)))
    groups = made.determine_groups(
        identifiers=USER, context={"age": "old", "size": "huge"}, tests=("atest",)
    )
    assert set(groups.variable_errors) == {"age", "size"}


def test_a_few_tests_win_their_properties():
    buckets = [{"name": "blue", "value": 1, "payload": {"json": {"color": "red"}}}]
    test = everybody("blue", buckets=buckets, payloadExperimentConfig={"priority": "1"})
    groups = proctor(**many(atest=test)).determine_groups(identifiers=USER, tests=("atest",))
    assert groups.properties["color"].value == "red"


def test_a_few_tests_need_their_parents_and_do_not_show_them():
    groups = proctor(**many(**DEPENDENT)).determine_groups(identifiers=USER, tests=("child",))
    assert list(groups) == ["child"]

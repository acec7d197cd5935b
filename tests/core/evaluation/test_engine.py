from __future__ import annotations

import copy
import pickle
import random
import threading
from types import MappingProxyType

import pytest

from proctor.core.evaluation.engine import Proctor
from proctor.core.evaluation.groups import Reason
from proctor.core.evaluation.selection import MAX_OPTIONS
from proctor.core.exceptions import (
    ConfigurationError,
    IdentifierError,
    MatrixLoadError,
    UndefinedName,
)
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.matrices.matrix import Audit, Matrix, TestDefinition
from proctor.core.sources.source import MatrixSource
from tests.core.small_matrices import allocation, definition, everybody, matrix

USER = {"USER": "visitor"}


def proctor(**tests):
    return Proctor(matrix(**tests))


# -- loading ------------------------------------------------------------------------------


def test_the_names_of_loaded_tests_are_sorted():
    assert proctor(btest=definition(), atest=definition()).loaded == ("atest", "btest")


def test_a_bad_test_is_dropped_and_the_others_work():
    made = proctor(bad=definition(testType="NOBODY"), good=everybody("blue"))
    assert made.loaded == ("good",)
    assert "NOBODY" in made.dropped["bad"].message
    assert made.determine_groups(identifiers=USER)["good"].group == "blue"


def test_the_matrix_keeps_the_tests_that_were_dropped():
    assert "bad" in proctor(bad=definition(testType="NOBODY")).matrix.tests


def test_a_rule_that_breaks_the_trial_refuses_the_whole_matrix():
    with pytest.raises(MatrixLoadError, match="bad") as caught:
        Proctor(
            matrix(bad=definition(rule="${10 % age == 0}"), good=definition()),
            context_types={"age": "int"},
        )
    assert caught.value.problems


def test_a_definition_is_found_by_its_name():
    assert proctor(atest=definition()).definition("atest").version == "3"


def test_a_definition_that_is_not_loaded_is_a_key_error():
    with pytest.raises(KeyError):
        proctor(bad=definition(testType="NOBODY")).definition("bad")


def test_an_unknown_context_type_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="'Strin' is not a context type"):
        Proctor(matrix(), context_types={"country": "Strin"})


def test_an_unknown_validator_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match=r"expected 'noempty', .* got 'nonempty'"):
        Proctor(matrix(), identifier_validator="nonempty")


def test_test_types_can_be_registered():
    made = Proctor(matrix(atest=everybody("blue", testType="DEVICE")), test_types=("DEVICE",))
    assert made.determine_groups(identifiers={"DEVICE": "x"})["atest"].group == "blue"


def test_rule_functions_can_be_added():
    made = Proctor(
        matrix(atest=everybody("blue", "${shop:isOdd(number)}")),
        functions={"shop:isOdd": is_odd},
    )
    answers = [len(made.determine_groups(identifiers=USER, context={"number": n})) for n in (1, 2)]
    assert answers == [1, 0]


def is_odd(number: int) -> bool:
    return number % 2 == 1


def test_an_empty_matrix_gives_no_groups():
    assert dict(proctor().determine_groups(identifiers=USER)) == {}


def test_the_repr_says_which_matrix_and_how_many_tests():
    assert repr(proctor(atest=definition())) == "<Proctor: matrix version '7', 1 test>"


@pytest.mark.parametrize("count", [1, MAX_OPTIONS, MAX_OPTIONS + 1, 300])
def test_a_test_may_have_any_number_of_allocations(count):
    allocations = [allocation(f"${{n == {n}}}", id=f"#{n}", blue=1.0) for n in range(count)]
    made = proctor(atest=definition(allocations=allocations))
    groups = made.determine_groups(identifiers=USER, context={"n": count - 1})
    assert groups["atest"].allocation_index == count - 1


def test_a_test_whose_allocations_are_all_false_gives_nobody_a_group():
    made = proctor(
        atest=definition(rule="${n == 1}", allocations=[allocation("${false}", blue=1.0)])
    )
    assert dict(made.determine_groups(identifiers=USER, context={"n": 1})) == {}


def test_a_rule_that_fails_is_an_error_though_no_allocation_could_hold():
    made = proctor(
        atest=definition(rule="${n == 1}", allocations=[allocation("${false}", blue=1.0)])
    )
    assert set(made.determine_groups(identifiers=USER).errors) == {"atest"}


def test_a_thousand_tests_are_evaluated():
    tests = {f"test{n}x": everybody("blue", f"${{n == {n % 10}}}") for n in range(1000)}
    assert len(proctor(**tests).determine_groups(identifiers=USER, context={"n": 3})) == 100


# -- identifiers --------------------------------------------------------------------------


@pytest.mark.parametrize("identifiers", [{}, {"USER": None}, {"ACCOUNT": "5"}])
def test_without_an_identifier_of_its_type_a_test_gives_no_group(identifiers):
    assert dict(proctor(atest=everybody("blue")).determine_groups(identifiers=identifiers)) == {}


def test_without_an_identifier_a_test_gives_no_forced_group_either():
    made = proctor(atest=everybody("blue"))
    assert not made.determine_groups(identifiers={}, force_groups="atest1")


def test_an_identifier_of_an_unknown_type_has_no_effect():
    made = proctor(atest=everybody("blue"))
    assert len(made.determine_groups(identifiers={**USER, "NOBODY": "x"})) == 1


def test_an_identifier_of_type_random_is_refused():
    with pytest.raises(IdentifierError, match="RANDOM"):
        proctor().determine_groups(identifiers={"RANDOM": "x"})


def test_the_empty_identifier_is_one():
    assert len(proctor(atest=everybody("blue")).determine_groups(identifiers={"USER": ""})) == 1


@pytest.mark.parametrize("validator", [lambda: True, lambda one: True, lambda a, b, c: True])
def test_a_validator_with_the_wrong_arguments_is_an_error_at_once(validator):
    with pytest.raises(ConfigurationError, match="a function of test type and identifier"):
        Proctor(matrix(atest=everybody("blue")), identifier_validator=validator)
    with pytest.raises(ConfigurationError, match="a function of test type and identifier"):
        MatrixSource("matrix.json", identifier_validator=validator)


@pytest.mark.parametrize("validator", [print, lambda *a: True, lambda a, b, c=1: True])
def test_a_validator_with_the_right_arguments_is_accepted(validator):
    assert Proctor(matrix(atest=everybody("blue")), identifier_validator=validator)


def test_noempty_rejects_the_empty_identifier():
    made = Proctor(matrix(atest=everybody("blue")), identifier_validator="noempty")
    assert not made.determine_groups(identifiers={"USER": ""})


def test_a_validator_sees_type_and_identifier():
    seen = []
    made = Proctor(
        matrix(atest=everybody("blue")),
        identifier_validator=lambda *given: seen.append(given) or False,
    )
    assert not made.determine_groups(identifiers=USER)
    assert seen == [("USER", "visitor")]


def test_a_unitless_allocation_takes_a_rejected_identifier():
    made = Proctor(
        matrix(
            atest=definition(
                enableUnitlessAllocations=True,
                containsUnitlessAllocation=True,
                allocations=[
                    allocation("${missingExperimentalUnit}", id="#U", blue=1.0),
                    allocation(id="#A", control=1.0),
                ],
            )
        ),
        identifier_validator="noempty",
    )
    answers = [made.determine_groups(identifiers={"USER": each})["atest"] for each in ("", "x")]
    assert [each.group for each in answers] == ["blue", "control"]


def test_an_identifier_that_is_no_text_counts_as_its_str():
    made = proctor(atest=definition())
    answers = [made.determine_groups(identifiers={"USER": each})["atest"] for each in (42, "42")]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("identifier", ["\ud83d", "x" * 1_000_000, "\0", "é\u202e"])
def test_any_text_is_an_identifier(identifier):
    assert len(proctor(atest=definition()).determine_groups(identifiers={"USER": identifier})) == 1


def test_random_tests_draw_only_where_they_may():
    made = proctor(atest=everybody("blue", testType="RANDOM"))
    assert not made.determine_groups(identifiers={})
    assert made.determine_groups(identifiers={}, random_enabled=True)["atest"].group == "blue"


def test_random_tests_draw_all_buckets():
    made = proctor(atest=definition(testType="RANDOM"))
    random.seed(3)
    drawn = {
        made.determine_groups(identifiers={}, random_enabled=True)["atest"].group for _ in range(64)
    }
    assert drawn == {"control", "blue"}


# -- wrong arguments ----------------------------------------------------------------------


@pytest.mark.parametrize("identifiers", [None, "USER", ["USER"], 5])
def test_identifiers_that_are_no_mapping_are_a_type_error(identifiers):
    with pytest.raises(TypeError, match="identifiers is"):
        proctor().determine_groups(identifiers=identifiers)


@pytest.mark.parametrize("context", ["country=US", ["country"], 5])
def test_a_context_that_is_no_mapping_is_a_type_error(context):
    with pytest.raises(TypeError, match="context is"):
        proctor().determine_groups(identifiers=USER, context=context)


@pytest.mark.parametrize("force_groups", [5, ["atest1"], b"atest1"])
def test_force_groups_of_another_type_are_a_type_error(force_groups):
    with pytest.raises(TypeError, match="force_groups is"):
        proctor().determine_groups(identifiers=USER, force_groups=force_groups)


def test_one_name_instead_of_several_is_a_type_error():
    with pytest.raises(TypeError, match="tests is 'atest'; give a list"):
        proctor(atest=definition()).determine_groups(identifiers=USER, tests="atest")


def test_any_mapping_is_good():
    made = proctor(atest=everybody("blue", "${country == 'US'}"))
    groups = made.determine_groups(
        identifiers=MappingProxyType(USER), context=MappingProxyType({"country": "US"})
    )
    assert set(groups) == {"atest"}


def test_a_context_with_other_keys_than_text_is_survived():
    made = proctor(atest=everybody("blue"), btest=everybody("blue", "${x}"))
    groups = made.determine_groups(identifiers=USER, context={1: "x", None: "y", ("a",): 2})
    assert (set(groups), set(groups.errors)) == ({"atest"}, {"btest"})


def test_the_arguments_are_left_as_they_were():
    made = proctor(atest=everybody("blue", "${missingExperimentalUnit || x}", dependsOn=None))
    context, identifiers = {"x": True}, dict(USER)
    made.determine_groups(identifiers=identifiers, context=context, force_groups="atest1")
    assert (context, identifiers) == ({"x": True}, USER)


# -- rules and context --------------------------------------------------------------------


def test_a_rule_that_fails_costs_only_its_own_test():
    groups = proctor(
        atest=everybody("blue", "${unknown == 1}"), btest=everybody("blue")
    ).determine_groups(identifiers=USER)
    assert set(groups) == {"btest"}
    assert isinstance(groups.errors["atest"], UndefinedName)


def test_after_a_rule_that_fails_no_later_allocation_is_tried():
    made = proctor(
        atest=definition(allocations=[allocation("${unknown}", blue=1.0), allocation(blue=1.0)])
    )
    assert not made.determine_groups(identifiers=USER)


def test_a_failed_rule_of_a_test_without_an_identifier_is_no_error():
    made = proctor(atest=everybody("blue", "${unknown == 1}"))
    assert not made.determine_groups(identifiers={}).errors


def test_a_constant_hides_a_variable():
    made = proctor(atest=everybody("blue", "${country == 'US'}", constants={"country": "US"}))
    assert len(made.determine_groups(identifiers=USER, context={"country": "DE"})) == 1


def test_the_same_text_with_other_constants_is_another_rule():
    rule = "${proctor:contains(COUNTRIES, country)}"
    made = Proctor(
        matrix(
            atest=everybody("blue", rule, constants={"COUNTRIES": ["US"]}),
            btest=everybody("blue", rule, constants={"COUNTRIES": ["DE"]}),
        ),
        context_types={"country": "String"},
    )
    assert set(made.determine_groups(identifiers=USER, context={"country": "DE"})) == {"btest"}


def test_declared_variables_are_converted():
    made = Proctor(matrix(atest=everybody("blue", "${age > 17}")), context_types={"age": "int"})
    assert len(made.determine_groups(identifiers=USER, context={"age": "18"})) == 1


@pytest.mark.parametrize("rule", [None, "${age > 17}", "${age > 17 || true}", "${name == 'x'}"])
@pytest.mark.parametrize(
    ("type_name", "value"),
    [("int", "abc"), ("float", "abc"), ("char", "ab"), ("list", 5), ("map", "x"), ("int", 2**31)],
)
def test_a_value_that_cannot_be_converted_is_reported_whoever_asks(rule, type_name, value):
    made = Proctor(
        matrix(atest=everybody("blue", rule)),
        context_types={"age": "long", "name": "String", "odd": type_name},
    )
    context = {"age": 20, "name": "x", "odd": value}
    for tests in (None, ["atest"], ["unknown"]):
        groups = made.determine_groups(identifiers=USER, context=context, tests=tests)
        assert set(groups.variable_errors) == {"odd"}


def test_a_variable_error_says_what_could_not_be_converted():
    made = Proctor(matrix(), context_types={"age": "int"})
    groups = made.determine_groups(identifiers=USER, context={"age": "abc"})
    assert "'abc' cannot be converted to java.lang.Integer" in groups.variable_errors["age"]


def test_a_variable_that_cannot_be_converted_is_absent_to_the_rules():
    made = Proctor(matrix(atest=everybody("blue", "${age > 17}")), context_types={"age": "int"})
    groups = made.determine_groups(identifiers=USER, context={"age": "abc"})
    assert isinstance(groups.errors["atest"], UndefinedName)


def test_the_engine_sets_missing_experimental_unit_itself():
    made = Proctor(
        matrix(atest=everybody("blue", "${missingExperimentalUnit}")),
        context_types={"missingExperimentalUnit": "boolean"},
    )
    context = {"missingExperimentalUnit": True}
    assert not made.determine_groups(identifiers=USER, context=context)


@pytest.mark.parametrize("value", [True, "true", "TRUE", "True"])
def test_an_incognito_visitor_gets_only_tests_that_want_him(value):
    made = proctor(atest=everybody("blue"), btest=everybody("blue", evaluateForIncognitoUsers=True))
    context = {"isIncognitoUser": value}
    assert set(made.determine_groups(identifiers=USER, context=context)) == {"btest"}


@pytest.mark.parametrize("value", [False, None, 1, "yes", "", "1", []])
def test_another_value_is_not_incognito(value):
    made = proctor(atest=everybody("blue"))
    assert made.determine_groups(identifiers=USER, context={"isIncognitoUser": value})


# -- forcing ------------------------------------------------------------------------------


def test_a_forced_group_needs_no_rule_and_no_dependency():
    made = proctor(
        parent=everybody("control", salt="p"),
        child=everybody("control", "${false}", dependsOn={"testName": "parent", "bucketValue": 1}),
    )
    forced = made.determine_groups(identifiers=USER, force_groups="child1")["child"]
    assert (forced.group, forced.reason) == ("blue", Reason.FORCED)


def test_a_forced_value_that_is_not_there_is_ignored():
    made = proctor(atest=everybody("blue"))
    given = made.determine_groups(identifiers=USER, force_groups="atest7")["atest"]
    assert (given.group, given.forced) == ("blue", False)


def test_a_parsed_force_is_taken_as_it_is():
    made = proctor(atest=everybody("control"))
    force = ForceGroups({"atest": 1})
    assert made.determine_groups(identifiers=USER, force_groups=force)["atest"].group == "blue"


def test_the_mode_fallback_leaves_only_what_is_forced():
    made = proctor(atest=everybody("blue"), btest=everybody("blue"))
    groups = made.determine_groups(identifiers=USER, force_groups="default_to_fallback,atest1")
    assert set(groups) == {"atest"}


def test_the_mode_min_live_gives_the_smallest_bucket_in_use():
    made = proctor(atest=definition(allocations=[allocation(inactive=0.0, control=0.1, blue=0.9)]))
    given = made.determine_groups(identifiers=USER, force_groups="default_to_min_live")["atest"]
    assert (given.group, given.allocation_index) == ("control", None)


def test_the_mode_min_live_gives_nothing_where_no_allocation_matches():
    made = proctor(atest=everybody("blue", "${false}"))
    assert not made.determine_groups(identifiers=USER, force_groups="default_to_min_live")


# -- a filter -----------------------------------------------------------------------------


def family():
    return {
        "parent": everybody("blue", salt="p"),
        "child": everybody("blue", dependsOn={"testName": "parent", "bucketValue": 1}),
        "other": everybody("blue", "${unknown}"),
    }


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_no_filter_means_all_tests(nothing):
    groups = proctor(**family()).determine_groups(identifiers=USER, tests=nothing)
    assert set(groups) == {"parent", "child"}


@pytest.mark.parametrize("more", [0, 100], ids=["few tests", "many tests"])
def test_a_filter_gives_only_what_is_asked_for(more):
    tests = {f"more{n}x": everybody("blue") for n in range(more)}
    groups = proctor(**family(), **tests).determine_groups(identifiers=USER, tests=["child"])
    assert (set(groups), set(groups.errors)) == ({"child"}, set())


def test_a_filter_of_unknown_names_gives_nothing():
    assert not proctor(**family()).determine_groups(identifiers=USER, tests=["x", 5, None])


def test_a_child_gets_a_group_only_where_its_parent_has_the_bucket():
    tests = family() | {"parent": everybody("control", salt="p")}
    assert set(proctor(**tests).determine_groups(identifiers=USER)) == {"parent"}


# -- sharing ------------------------------------------------------------------------------


def test_all_who_are_in_a_group_share_one_assignment():
    made = proctor(atest=everybody("blue"))
    first, second = (made.determine_groups(identifiers={"USER": each}) for each in "ab")
    assert first["atest"] is second["atest"]


def test_many_threads_get_the_answers_of_one():
    tests = {
        f"test{n}x": definition(
            salt=str(n),
            rule="${country == 'US'}" if n % 2 else "${odd.a}",
            **({"dependsOn": {"testName": "test1x", "bucketValue": 1}} if n == 5 else {}),
        )
        for n in range(20)
    }
    made = Proctor(matrix(**tests), context_types={"country": "String", "odd": "map"})
    calls = [
        {
            "identifiers": {"USER": str(n)},
            "context": {"country": "US" if n % 3 else 5, "odd": {"a": True} if n % 2 else "x"},
        }
        for n in range(200)
    ]

    def answers():
        made_groups = [made.determine_groups(**call) for call in calls]
        return [(dict(each), set(each.errors), dict(each.variable_errors)) for each in made_groups]

    alone = answers()
    together = []
    threads = [threading.Thread(target=lambda: together.append(answers())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 8


def test_an_answer_can_be_pickled_and_copied():
    made = Proctor(
        matrix(atest=definition(), btest=everybody("blue", "${x}")), context_types={"x": "int"}
    )
    groups = made.determine_groups(identifiers=USER, context={"x": "abc"})
    for twin in (pickle.loads(pickle.dumps(groups)), copy.copy(groups), copy.deepcopy(groups)):
        assert twin == groups
        assert twin.variable_errors == groups.variable_errors


def test_another_matrix_reuses_what_is_the_same_and_nothing_else():
    first = {name: small_definition(name, "${country == 'US'}") for name in ("a", "b", "c")}
    proctor = Proctor(Matrix(Audit("1"), first), {"country": "String"})
    second = {
        "a": first["a"],
        "b": small_definition("b", "${country == 'DE'}"),
        "d": small_definition("d", "${nobody == 1}"),
    }
    matrix = Matrix(Audit("2"), second)
    again, fresh = proctor.with_matrix(matrix), Proctor(matrix, {"country": "String"})
    assert again.loaded == fresh.loaded == ("a", "b")
    assert again.problems == fresh.problems
    assert [*again.dropped] == ["d"]
    for country in ("US", "DE"):
        groups = [
            {
                name: each.value
                for name, each in one.determine_groups(
                    identifiers={"USER": "u"}, context={"country": country}
                ).items()
            }
            for one in (again, fresh)
        ]
        assert groups[0] == groups[1]
        assert [*groups[0]] == (["a"] if country == "US" else ["b"])
    assert proctor.loaded == ("a", "b", "c")


def test_rules_of_definitions_that_are_gone_do_not_pile_up():
    def matrix(number):
        rule = f"${{country == '{number}'}}"
        return Matrix(Audit(str(number)), {"a": small_definition("a", rule)})

    proctor = Proctor(matrix(0), {"country": "String"})
    sizes = []
    for number in range(1, 200):
        proctor = proctor.with_matrix(matrix(number))
        sizes.append(len(proctor._compiled.pool))
    assert max(sizes) < 50
    assert min(sizes[100:]) < 5


def small_definition(name, rule):
    return TestDefinition.from_dict(
        name,
        {
            "salt": f"&{name}",
            "testType": "USER",
            "rule": rule,
            "buckets": [{"name": "on", "value": 1}],
            "allocations": [{"rule": None, "ranges": [{"bucketValue": 1, "length": 1.0}]}],
        },
    )

from __future__ import annotations

import pytest

from proctor.core.java.context_types import pipet_type
from proctor.core.matrices.matrix import Matrix
from proctor.core.matrices.validation import Severity, examine, validate
from proctor.core.rules.pool import RulePool
from tests.core.small_matrices import AUDIT, allocation, definition, everybody, matrix

TYPES = {"country": pipet_type("String"), "age": pipet_type("int")}


def problems(context_types=None, **fields):
    return validate(matrix(atest=definition(**fields)), context_types=context_types)


def only_problem(context_types=None, **fields):
    found = problems(context_types, **fields)
    assert len(found) == 1, found
    return found[0]


def test_a_sound_matrix_has_no_problems():
    assert validate(matrix(atest=definition(), btest=everybody("blue", "${true}"))) == []


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        pytest.param(
            {"testType": "USERS"},
            "atest",
            ["'USERS'", "did you mean 'USER'?", "ACCOUNT"],
            id="an unknown test type",
        ),
        pytest.param({"testType": None}, "atest", ["None", "USER"], id="no test type"),
        pytest.param({"rule": "${country ==}"}, "atest, rule", ["column 13"], id="a bad rule"),
        pytest.param(
            {"rule": "${proctor:contain(X, 1)}"},
            "atest, rule",
            ["proctor:contain", "did you mean proctor:contains?"],
            id="an unknown function",
        ),
        pytest.param(
            {"rule": "${fn:length(1, 2)}"},
            "atest, rule",
            ["column 3", "arguments for fn:length: expected 1, got 2"],
            id="a wrong number of arguments",
        ),
        pytest.param({"allocations": []}, "atest", ["add at least one"], id="no allocations"),
        pytest.param(
            {"allocations": [{"ranges": None}]},
            "atest, allocation 1",
            ["no ranges", "add up to 1"],
            id="ranges of null",
        ),
        pytest.param(
            {"allocations": [{"ranges": [{"bucketValue": 9, "length": 1.0}]}]},
            "atest, allocation 1",
            ["bucket value 9", "expected one of -1, 0, 1"],
            id="a range to no bucket",
        ),
        pytest.param(
            {"allocations": [allocation(control=0.5, blue=0.25)]},
            "atest, allocation 1",
            ["0.75", "expected 1.0", "0.5 + 0.25"],
            id="lengths below 1",
        ),
        pytest.param(
            {"allocations": [allocation(control=0.5, blue=0.5002)]},
            "atest, allocation 1",
            ["1.0002", "0.5 + 0.5002"],
            id="lengths above 1",
        ),
        pytest.param(
            {"allocations": [allocation(None, blue=1.0), allocation(blue=1.0)]},
            "atest, allocation 1",
            ["no rule", "only the last"],
            id="an empty rule before the last",
        ),
        pytest.param(
            {"allocations": [allocation("${ }", blue=1.0), allocation(blue=1.0)]},
            "atest, allocation 1",
            ["no rule"],
            id="a blank rule before the last",
        ),
        pytest.param(
            {"allocations": [allocation("${a ==}", blue=1.0)]},
            "atest, allocation 1, rule",
            ["column 7"],
            id="a bad rule of an allocation",
        ),
        pytest.param(
            {
                "enableUnitlessAllocations": True,
                "allocations": [
                    allocation("${missingExperimentalUnit}", blue=0.5, control=0.5),
                    allocation(blue=1.0),
                ],
            },
            "atest, allocation 1, rule",
            ["without an identifier", "length 1"],
            id="a unitless allocation that splits",
        ),
    ],
)
def test_what_drops_a_test_is_said_with_place_value_and_way_out(fields, place, words):
    problem = only_problem(**fields)
    assert (problem.severity, problem.place) == (Severity.DROPPED, place)
    assert [word for word in words if word not in problem.message] == []


def buckets(*payloads):
    return [
        {"name": f"b{value}", "value": value, "payload": payload}
        for value, payload in enumerate(payloads, start=-1)
    ]


def test_all_buckets_have_a_payload_or_none():
    problem = only_problem(buckets=buckets({"longValue": 1}, None, None))
    assert "bucket 'b-1' has a payload, but there is none for 'b0', 'b1'" in problem.message


def test_all_payloads_have_one_type():
    found = problems(buckets=buckets({"longValue": 1}, {"stringValue": "a"}, {}))
    assert [each.severity for each in found] == [Severity.DROPPED] * 2
    assert "'b0' is stringValue, but that of bucket 'b-1' is longValue" in found[0].message
    assert "'b1' is empty" in found[1].message


def test_empty_payloads_are_of_one_type():
    assert problems(buckets=buckets({}, {}, {})) == []


@pytest.mark.parametrize("lengths", [(0.4999, 0.5), (0.5001, 0.5), (-0.5, 1.5), (0.0, 1.0)])
def test_a_sum_near_1_is_enough(lengths):
    control, blue = lengths
    found = problems(allocations=[allocation(control=control, blue=blue)])
    assert all(each.severity is Severity.WARNING for each in found)


def test_a_sum_that_is_no_number_is_neither_above_nor_below():
    found = problems(allocations=[allocation(control="NaN", blue=1.0)])
    assert all(each.severity is Severity.WARNING for each in found)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rule": "country == 'US'"}, ["\"country == 'US'\"", "never true"]),
        ({"rule": "${true && x == 1}"}, ["begins with 'true'", "is ignored"]),
        ({"rule": "${falseFlag}"}, ["begins with 'false'"]),
        (
            {"allocations": [allocation(control=-0.5, blue=1.5)]},
            ["got -0.5 for bucket 0; change it, or remove the range"],
        ),
        (
            {"buckets": [{"name": n, "value": v} for n, v in (("a", 0), ("b", 1), ("c", 1))]},
            ["2 buckets have the value 1", "give each bucket a different value"],
        ),
        (
            {"buckets": [{"name": n, "value": v} for n, v in (("a", 0), ("a", 1))]},
            ["2 buckets have the name 'a'; give each bucket a different name"],
        ),
    ],
)
def test_what_works_and_is_hardly_meant_is_a_warning(fields, words):
    problem = problems(**fields)[0]
    assert problem.severity is Severity.WARNING
    assert [word for word in words if word not in problem.message] == []


def test_a_name_that_ends_in_a_digit_is_a_warning():
    problem = validate(matrix(atest2=definition()))[0]
    assert problem.severity is Severity.WARNING
    assert "atest21" in problem.message
    assert "'atest'" in problem.message


def test_a_warning_does_not_drop_the_test():
    examination = examine(matrix(atest=definition(rule="no braces")), RulePool())
    assert set(examination.loaded) == {"atest"}
    assert examination.dropped == {}


def test_all_faults_of_a_test_are_listed():
    found = problems(
        TYPES,
        testType="NOBODY",
        rule="${contry == 'US'}",
        allocations=[
            allocation(control=0.5),
            {"rule": "${age >}", "ranges": [{"bucketValue": 7, "length": 2.0}]},
        ],
        buckets=buckets({"longValue": 1}, None, {"stringValue": "a"}),
    )
    places = [each.place for each in found if each.severity is Severity.DROPPED]
    assert places == [
        "atest",
        "atest, rule",
        "atest, allocation 1",
        "atest, allocation 1",
        "atest, allocation 2",
        "atest, allocation 2",
        "atest, allocation 2, rule",
        "atest",
        "atest",
    ]


def test_the_first_fault_is_what_drops_the_test():
    document = matrix(atest=definition(testType="NOBODY", rule="${", allocations=[]))
    assert "NOBODY" in examine(document, RulePool()).dropped["atest"].message


def test_the_faults_of_all_tests_are_listed_in_their_order():
    found = validate(
        matrix(
            ctest=definition(testType="C"),
            atest=definition(testType="A"),
            btest=definition(),
            dtest=definition(dependsOn={"testName": "atest"}),
        )
    )
    assert [each.test for each in found] == ["ctest", "atest", "dtest"]


def test_registered_test_types_are_known():
    document = matrix(atest=definition(testType="DEVICE"))
    assert validate(document, test_types=["DEVICE"]) == []


@pytest.mark.parametrize("name", ["USER", "ACCOUNT", "EMAIL", "RANDOM", "PAGE", "COMPANY"])
def test_the_javas_test_types_are_known(name):
    assert problems(testType=name) == []


@pytest.mark.parametrize("name", ["user", "ANONYMOUS_USER", "EMAIL_ADDRESS", "", "USER "])
def test_test_types_are_spelled_exactly(name):
    assert only_problem(testType=name).severity is Severity.DROPPED


def test_a_fatal_problem_is_among_the_problems():
    examination = examine(matrix(atest=definition(rule="${10 % age == 0}")), RulePool(), TYPES)
    assert examination.fatal == examination.problems
    assert examination.fatal[0].severity is Severity.FATAL


def test_what_an_examination_says_cannot_be_changed():
    examination = examine(matrix(atest=definition()), RulePool())
    with pytest.raises(TypeError):
        examination.loaded["btest"] = examination.loaded["atest"]  # type: ignore[index]


def test_long_values_are_cut_in_messages():
    ranges = [{"bucketValue": 0, "length": 0.01}] * 5000
    problem = problems(allocations=[{"ranges": ranges}])[0]
    assert len(problem.message) < 500


def test_a_matrix_without_tests_has_no_problems():
    assert validate(Matrix.from_dict({"audit": AUDIT})) == []


def test_a_thousand_bad_tests_are_all_listed():
    tests = {f"test{n}x": definition(testType="NOBODY") for n in range(1000)}
    assert len(validate(matrix(**tests))) == 1000


@pytest.mark.parametrize(
    "rule",
    [
        "${proctor:version('1.2.3') == proctor:version('1.2.x')}",
        "${proctor:versionInRange(proctor:version('1.x'), '1.2.3', '2.0.0.0')}",
        "${indeed:version('') == null}",
        "${proctor:version(OLDEST) == proctor:version('1.2.x')}",
    ],
)
def test_a_version_that_cannot_be_read_is_a_warning(rule):
    problem = only_problem(rule=rule, constants={"OLDEST": "1.2.3"})
    assert (problem.severity, problem.place) == (Severity.WARNING, "atest, rule")
    assert "the rule always fails here: expected a version of four numbers" in problem.message


def test_versions_that_can_be_read_are_no_problem():
    rule = "${proctor:version('1.2.x') == proctor:version('1.2.3.4')}"
    assert problems(rule=rule) == []


@pytest.mark.parametrize(
    ("types", "severity"), [(None, Severity.WARNING), (TYPES, Severity.DROPPED)]
)
def test_a_rule_without_braces_is_never_true_and_the_problem_shows_it_with_braces(types, severity):
    problem = only_problem(types, rule="country == 'US'")
    assert problem.severity is severity
    assert "write it between ${ and }, as in \"${country == 'US'}\"" in problem.message


@pytest.mark.parametrize(
    ("rule", "better"),
    [
        ("#{country == 'US'}", "${country == 'US'}"),
        (" ${country == 'US'}", "${country == 'US'}"),
        ("${country == 'US'} ", "${country == 'US'}"),
        ("${country == 'US'} && ${age > 3}", "${country == 'US' && age > 3}"),
        ("!${country == '{'}", "${!country == '{'}"),
        ("$ {country == 'US'}", "${country == 'US'}"),
        ("false", "${false}"),
    ],
)
@pytest.mark.parametrize("types", [None, TYPES])
def test_a_rule_that_is_not_all_between_braces_is_never_true(types, rule, better):
    message = only_problem(types, rule=rule).message
    assert "is never true: write" in message
    assert message.endswith(f" between ${{ and }}, as in {better!r}")


def test_a_rule_of_text_and_braces_that_is_none_in_braces_either_is_only_never_true():
    assert only_problem(rule="x${country}").message == (
        "the rule 'x${country}' is never true: write all of it between ${ and }"
    )


@pytest.mark.parametrize("rule", ["${'US'}", "${age + 1}", "${-age}", "${fn:length(country)}"])
def test_a_rule_that_is_never_boolean_is_a_warning_without_declared_variables(rule):
    problem = only_problem(rule=rule)
    assert problem.severity is Severity.WARNING
    assert "expected a rule that is true or false" in problem.message


def test_a_rule_that_does_not_end_is_not_told_to_have_braces_twice():
    assert "end of the rule" in only_problem(rule="${country").message


def test_an_operator_of_other_languages_leads_to_the_function():
    assert "proctor:contains" in only_problem(rule="${country in ['US']}").message


def test_allocations_are_counted_from_one_if_an_id_cannot_be_encoded():
    second = allocation(control=1.0, id="\ud800")
    found = problems(allocations=[allocation("${true}", control=1.0), second])
    assert found[0].message.startswith("the id of allocation 2 has a lone surrogate")


def test_a_sum_of_lengths_has_no_rounding_noise():
    problem = only_problem(allocations=[allocation(control=0.1, blue=0.8)])
    assert "add up to 0.9, expected 1.0" in problem.message

from __future__ import annotations

import pytest

from proctor.core.java.context_types import pipet_type, specification_type
from proctor.core.matrices.rule_check import RuleChecker
from proctor.core.problems import Severity
from proctor.core.rules.pool import RulePool

NAMES = {
    "country": "String",
    "age": "int",
    "ratio": "double",
    "beta": "boolean",
    "grade": "char",
    "tags": "list",
    "profile": "map",
}
PIPET = {name: pipet_type(type_name) for name, type_name in NAMES.items()}
RAW = {name: specification_type(type_name) for name, type_name in NAMES.items()}


def check(rule, types=PIPET, **constants):
    """The severity of a rule's problem, or None."""
    found = RuleChecker(RulePool(), types).check(rule, constants)
    return None if found is None else found[0]


def error(rule, types=PIPET, **constants):
    found = RuleChecker(RulePool(), types).check(rule, constants)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("rule", [None, "", "   ", "${}", "${  }"])
def test_an_empty_rule_passes(rule):
    assert check(rule) is None


@pytest.mark.parametrize(
    "rule", ["${", "${country ==}", "${country == 'US'", "${no:such(1)}", "${fn:length()}"]
)
@pytest.mark.parametrize("types", [PIPET, None])
def test_a_rule_that_cannot_be_parsed_drops_the_test(rule, types):
    assert check(rule, types) is Severity.DROPPED


def test_without_declared_variables_a_rule_is_only_parsed():
    assert check("${anything + 1}", None) is None


@pytest.mark.parametrize(
    "rule", ["${contry == 'US'}", "${true || contry == 'US'}", "${beta ? true : contry}"]
)
def test_a_variable_that_is_not_declared_drops_the_test_wherever_it_is(rule):
    assert check(rule) is Severity.DROPPED


def test_the_message_of_an_undeclared_variable_names_the_nearest():
    found = error("${contry == 'US'}")
    assert "'contry' is not declared: did you mean 'country'?" in str(found)
    assert found.column == 3


def test_a_constant_is_declared():
    assert check("${proctor:contains(COUNTRIES, country)}", COUNTRIES=["US"]) is None


def test_missing_experimental_unit_is_declared_and_true():
    assert check("${missingExperimentalUnit}") is None
    assert check("${missingExperimentalUnit ? beta : 'text'}") is None


@pytest.mark.parametrize("rule", ["${TRUE}", "${trueish}", "${true && unknown}", "${FALSE}"])
def test_the_words_true_and_false_are_no_prefixes_here(rule):
    assert check(rule) is Severity.DROPPED


@pytest.mark.parametrize("rule", ["${true}", "${false}", "${true && beta}"])
def test_the_words_true_and_false_are_literals(rule):
    assert check(rule) is None


@pytest.mark.parametrize(
    "rule", ["country == 'US'", "${beta}x", " ${beta}", "${age + 1}", "${'text'}", "${5}"]
)
def test_a_rule_that_is_not_boolean_drops_the_test(rule):
    assert check(rule) is Severity.DROPPED


@pytest.mark.parametrize("rule", ["${10 % age == 0}", "${'abc' + 1 == 1}", "${10 % 0 == 1}"])
def test_what_the_java_does_not_catch_is_fatal(rule):
    assert check(rule) is Severity.FATAL


def test_a_failure_is_forgiven_where_a_variable_without_a_sample_is_a_leaf():
    assert check("${profile.a.b == 'x' && age == 'abc'}") is None


def test_a_failure_is_not_forgiven_where_all_variables_have_samples():
    assert check("${'abc' == 5 && country == ''}") is Severity.DROPPED


def test_a_constant_without_a_value_does_not_forgive():
    assert check("${age == 5 && 'abc' == 5}", age=5) is Severity.DROPPED


def test_a_specification_has_samples_where_pipet_has_none():
    assert check("${age == 'abc'}", PIPET) is None
    assert check("${age == 'abc'}", RAW) is Severity.DROPPED


@pytest.mark.parametrize("pattern", [r"(a+)\\1", "(?<=a*)b"])
def test_a_pattern_that_is_never_matched_here_is_refused_at_once(pattern):
    found = error(f"${{proctor:matches(country, '{pattern}')}}", None)
    assert found.column is not None


@pytest.mark.parametrize(
    "rule",
    [
        "${country.matches('(a+)+') && true}",
        "${country.replaceAll('(a+)+', '') == ''}",
        "${country.replaceFirst('(a+)+', '') == ''}",
        "${country.split('(a+)+')[0] == ''}",
        "${country.matches('(a+)+') && country.trim().matches('a') == country.trim().isEmpty()}",
        "${country.replaceAll('(a+)+', '').matches('a')}",
    ],
)
def test_the_patterns_of_methods_are_checked_too_also_of_several(rule):
    assert error(rule, None).column is not None


def test_a_search_tries_every_place_and_so_refuses_more_than_a_match():
    assert check("${country.matches('.*a.*b') && true}", None) is None
    assert error("${country.replaceAll('.*a.*b', '') == ''}", None).column is not None


def test_a_pattern_that_the_java_refuses_too_is_no_problem_of_the_load():
    assert check("${proctor:matches(country, '(')}", None) is None


def test_one_text_is_checked_apart_for_each_set_of_constants():
    checker = RuleChecker(RulePool(), PIPET)
    assert checker.check("${X == country}", {"X": "US"}) is None
    assert checker.check("${X == country}", {}) is not None
    assert checker.check("${X == country}", {"X": "US"}) is None

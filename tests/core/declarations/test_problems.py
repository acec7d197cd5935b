from __future__ import annotations

import pytest

from proctor.core.declarations.problems import DeclarationProblem, Fault
from proctor.core.declarations.proctor_test import ProctorTest
from proctor.core.declarations.registry import Registry, declaration_problems
from proctor.core.exceptions import ConfigurationError


def faults(declared):
    return [problem.fault for problem in declaration_problems(declared)]


def test_a_sound_declaration_has_no_problems():
    groups = {"control": 0, "blue": 1}
    declared = (ProctorTest("buttoncolortst", groups, default="blue", payload=str), "legacytst")
    assert declaration_problems(declared) == []


@pytest.mark.parametrize("declared", ["buttoncolortst", {"buttoncolortst": {"groups": "blue"}}])
def test_a_text_where_a_tuple_was_meant_is_told_apart(declared):
    assert faults(declared) == [Fault.TEXT]


def test_a_default_that_is_no_group_is_told_apart():
    assert faults({"buttoncolortst": {"groups": ["blue"], "default": "bleu"}}) == [Fault.DEFAULT]


def test_a_test_that_is_declared_twice_is_told_apart():
    assert faults(["buttoncolortst", "buttoncolortst"]) == [Fault.TWICE]


@pytest.mark.parametrize(
    "declared",
    [None, [7], [""], {"t": 7}, {"t": {"group": []}}, {"t": {"groups": 7}}, {"t": {"payload": 7}}],
)
def test_a_value_of_another_type_is_told_apart(declared):
    assert faults(declared) == [Fault.TYPE]


def test_all_problems_are_found_at_once():
    declared = [7, ProctorTest("t", groups=[1, "a"], default="b", payload=[]), "t"]
    assert faults(declared) == [Fault.TYPE, Fault.TYPE, Fault.DEFAULT, Fault.TYPE, Fault.TWICE]


def test_a_problem_in_words_ends_in_the_way_out():
    problem = DeclarationProblem(Fault.TWICE, "'t' is declared twice", "remove one")
    assert str(problem) == "'t' is declared twice; remove one"


def test_a_registry_is_refused_with_all_problems():
    with pytest.raises(ConfigurationError) as caught:
        Registry([7, "t", "t"])
    assert str(caught.value) == (
        "7 is not a declaration; write a name or ProctorTest(...); "
        "'t' is declared twice; remove one"
    )

from __future__ import annotations

import dataclasses
import pickle

import pytest

from proctor.core.problems import Problem, Severity


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({}, "the matrix"),
        ({"test": "atest"}, "atest"),
        ({"test": "atest", "allocation": 0}, "atest, allocation 1"),
        ({"test": "atest", "rule": "${x}"}, "atest, rule"),
        (
            {"test": "atest", "allocation": 1, "rule": "${x}", "column": 3},
            "atest, allocation 2, rule",
        ),
    ],
)
def test_the_place_goes_from_the_large_to_the_small(fields, place):
    assert Problem(Severity.DROPPED, "bad", **fields).place == place


def test_the_text_is_place_and_message():
    assert str(Problem(Severity.WARNING, "it is odd", test="atest")) == "atest: it is odd"


def test_a_problem_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Problem(Severity.FATAL, "bad").message = "good"  # type: ignore[misc]  # what is tested


def test_a_problem_can_be_pickled():
    problem = Problem(Severity.DROPPED, "bad", "atest", 1, "${x}", 3)
    assert pickle.loads(pickle.dumps(problem)) == problem

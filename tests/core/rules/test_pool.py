"""Equal rules are the same object."""

from __future__ import annotations

import pytest

from proctor.core.exceptions import RuleError, RuleSyntaxError
from proctor.core.java.values import Integer
from proctor.core.rules.compiler import Scope
from proctor.core.rules.functions import LIBRARY, extended
from proctor.core.rules.pool import RulePool
from tests.core.rules.strategies import nested


@pytest.fixture
def pool():
    return RulePool()


def test_one_text_is_one_rule(pool):
    assert pool.get("${x == 1}", {}) is pool.get("${x == 1}", {})


def test_constants_that_the_text_does_not_mention_make_no_difference(pool):
    assert pool.get("${x == 1}", {"limit": 1}) is pool.get("${x == 1}", {"other": 2})


@pytest.mark.parametrize("other", [2, 1.0, True, Integer(1), "1", None])
def test_another_value_or_kind_of_a_constant_is_another_rule(pool, other):
    first, second = (
        pool.get("${x == limit}", {"limit": 1}),
        pool.get("${x == limit}", {"limit": other}),
    )
    assert (first is second) is (repr(other) == "1")


def test_a_constant_and_a_variable_are_told_apart(pool):
    assert pool.get("${x}", {}) is not pool.get("${x}", {"x": True})


def test_a_tree_is_made_once(pool):
    assert pool.tree("${x == 1}", {}) is pool.tree("${x == 1}", {})


def test_a_tree_is_of_the_whole_text(pool):
    with pytest.raises(RuleSyntaxError):
        pool.tree("${true (}", {})


def test_a_tree_knows_the_functions_that_there_are(pool):
    with pytest.raises(RuleSyntaxError, match="no function my:f"):
        pool.tree("${x && my:f()}", {})


def test_a_pool_may_have_a_library_of_its_own():
    pool = RulePool(extended(LIBRARY, {"my:yes": lambda: True}))
    assert pool.get("${my:yes() && true}", {}).evaluate({})


@pytest.mark.parametrize(
    ("text", "answer"), [("${true && false}", False), ("${false || true}", True), ("${x}", True)]
)
def test_the_whole_of_a_text_is_evaluated(pool, text, answer):
    assert pool.whole(text, {})(Scope({"x": True})) is answer


@pytest.mark.parametrize("text", ["${x == y}", "${true && x == y}"])
def test_what_the_whole_raises_is_an_error_of_the_rule(pool, text):
    with pytest.raises(RuleError):
        pool.whole(text, {})(Scope({"x": nested(10_000), "y": nested(10_000)}))

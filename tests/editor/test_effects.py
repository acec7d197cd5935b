"""The headline of a change, as pages show it."""

from __future__ import annotations

from dataclasses import replace

from proctor.editor.pages.effects import DANGER, NOTICE, effect_of
from tests.core.authoring.small_definitions import BUCKETS, make_test, split

HALVES = make_test(split((0, 0.5), (1, 0.5)))


def headline(old, new):
    return effect_of("t", {"t": old}, {"t": new}).headline


def test_a_random_test_whose_groups_look_different_is_a_danger():
    old = replace(HALVES, test_type="RANDOM")
    buckets = [*BUCKETS[:2], {"name": "violet", "value": 1}]
    new = make_test(split((0, 0.5), (1, 0.5)), buckets=buckets, testType="RANDOM")
    assert headline(old, new).tone == DANGER
    assert headline(old, new).text == (
        "In at most 50 % of visits, the visitor gets the same group but sees something different."
    )
    assert headline(old, old).tone == NOTICE


def test_a_rounding_is_no_jump_even_if_the_audience_is_unknown():
    new = make_test(split((0, 0.5000000006), (1, 0.4999999994)), rule="${a}")
    assert headline(replace(HALVES, rule="${b}"), new).tone == NOTICE

"""The syntax tree as a value."""

from __future__ import annotations

import dataclasses

import pytest

from proctor.core.rules import nodes
from proctor.core.rules.parser import parse


def test_names_are_found_in_branches_that_are_never_taken():
    node = parse("${true ? a : b[c].d(e) + fn:length(f) || !g || -h || empty i}")
    assert nodes.names(node) == frozenset("abcefghi")


def test_a_property_after_a_dot_is_no_name():
    assert nodes.names(parse("${a.b.c('d')}")) == {"a"}


def test_walking_follows_the_text():
    node = parse("${a + b * c}")
    assert [each.name for each in nodes.walk(node) if isinstance(each, nodes.Name)] == list("abc")


def test_leaves_have_no_operands():
    found = nodes.leaves(parse("${a == 'x' || f:g()}"))
    assert [type(each).__name__ for each in found] == ["Name", "Literal", "FunctionCall"]


def test_the_parts_of_a_composite_are_its_children():
    assert len(parse("${a}, ${b}").children()) == 3


def test_trees_of_one_text_are_equal():
    assert parse("${a && b.c(1)}") == parse("${a && b.c(1)}")


def test_a_node_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse("${a}").name = "b"

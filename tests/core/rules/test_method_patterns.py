"""The string methods split, replaceAll and replaceFirst."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.exceptions import RuleError, RuleEvaluationError
from proctor.core.java.values import StringArray
from proctor.core.rules.methods import call_method
from proctor.core.rules.scope import Scope


def called(base, name, *arguments):
    return call_method(base, name, arguments, Scope())


@pytest.mark.parametrize(
    ("subject", "arguments", "pieces"),
    [
        ("a,b,,c,,", (",",), ["a", "b", "", "c"]),
        ("a,b,,c,,", (",", 0), ["a", "b", "", "c"]),
        ("a,b,,c,,", (",", 2), ["a", "b,,c,,"]),
        ("a,b,,c,,", (",", 1), ["a,b,,c,,"]),
        ("a,b,,c,,", (",", -1), ["a", "b", "", "c", "", ""]),
        ("a,b,,c,,", (",", 10), ["a", "b", "", "c", "", ""]),
        ("a,b", ("",), ["a", ",", "b"]),
        ("a,b", ("", 2), ["a", ",b"]),
        ("a,b,c", ("(?=,)",), ["a", ",b", ",c"]),
        ("a1b22c", ("[0-9]+",), ["a", "b", "c"]),
        ("abc", ("a",), ["", "bc"]),
        ("abc", ("x",), ["abc"]),
        ("", (",",), [""]),
        (",", (",",), []),
        ("x\U0001f600y", ("y",), ["x\U0001f600"]),
    ],
)
def test_a_text_is_split_as_java_splits_it(subject, arguments, pieces):
    found = called(subject, "split", *arguments)
    assert isinstance(found, StringArray)
    assert list(found) == pieces


@given(st.text("ab,", max_size=20))
def test_all_pieces_joined_are_the_text(subject):
    assert ",".join(called(subject, "split", ",", -1)) == subject


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [
        ("a", "[$0]", "[a]bc[a]b"),
        ("(a)(c)?", "<$2$1>", "<a>bc<a>b"),
        ("(?<first>a)", "${first}!", "a!bca!b"),
        ("(a)", "$12", "a2bca2b"),
        ("a", "\\$1\\\\", "$1\\bc$1\\b"),
        ("x*", "-", "-a-b-c-a-b-"),
        ("[ab]*", "-", "--c--"),
        ("q", "x$", "abcab"),
        ("a", "", "bcb"),
    ],
)
def test_every_match_is_replaced_with_its_groups(pattern, replacement, expected):
    assert called("abcab", "replaceAll", pattern, replacement) == expected


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [("a", "$0$0", "aabcab"), ("z", "y", "abcab"), ("", "z", "zabcab"), ("c|b", 5, "a5cab")],
)
def test_the_first_match_is_replaced(pattern, replacement, expected):
    assert called("abcab", "replaceFirst", pattern, replacement) == expected


@pytest.mark.parametrize("replacement", ["x$", "$x", "x\\", "$1", "${first}", "${1st}", "${a"])
def test_a_replacement_that_java_refuses_fails(replacement):
    with pytest.raises(RuleEvaluationError, match=r"replaceAll\(\) of java.lang.String failed"):
        called("abc", "replaceAll", "b", replacement)


def test_a_replacement_that_makes_a_text_too_long_fails():
    with pytest.raises(RuleEvaluationError, match="at most 10000 are allowed"):
        called("a" * 1000, "replaceAll", "a", "b" * 100)


@pytest.mark.parametrize("name", ["split", "replaceAll"])
def test_an_empty_match_does_not_cut_a_character_in_two(name):
    with pytest.raises(RuleEvaluationError, match="which Java would split in two"):
        called("\U0001f600", name, "", *(["-"] if name == "replaceAll" else []))


@pytest.mark.parametrize("pattern", ["(", "(a+)+", "a" * 501])
def test_a_pattern_that_is_refused_is_refused_here_too(pattern):
    with pytest.raises(RuleError, match="pattern"):
        called("abc", "split", pattern)

"""Strings as sequences of UTF-16 units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.java import text

WIDE = "a\U0001f600b"


def test_a_character_beyond_the_basic_plane_is_two_units():
    assert text.utf16_length(WIDE) == 4


@given(st.text())
def test_units_are_joined_again(value):
    assert text.joined(text.units(value)) == value


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [(0, 3, "a\U0001f600"), (3, 4, "b"), (0, 2, "a\ud83d"), (2, 4, "\ude00b")],
)
def test_a_slice_may_cut_a_character(begin, end, expected):
    assert text.utf16_slice(WIDE, begin, end) == expected


@pytest.mark.parametrize(
    ("value", "part", "begin", "expected"),
    [
        ("abcabc", "c", 0, 2),
        ("abcabc", "c", 3, 5),
        ("abc", "", 9, 3),
        ("abc", "abc", -5, 0),
        ("abc", "x", 0, -1),
        (WIDE, "b", 0, 3),
    ],
)
def test_find(value, part, begin, expected):
    assert text.find(value, part, begin) == expected


@pytest.mark.parametrize(
    ("value", "part", "begin", "expected"),
    [
        ("abcabc", "", None, 6),
        ("abc", "c", -1, -1),
        ("aXbX", "X", 2, 1),
        ("abc", "abc", 99, 0),
        (WIDE, "b", None, 3),
        ("xabcabcabcabc", "abcabcabc", None, 4),
        ("xabcabcabcabc", "abcabcabc", 3, 1),
        ("xabcabcabcabc", "abcabcabc", 0, -1),
        ("abc", "abcabcabcabc", None, -1),
    ],
)
def test_rfind(value, part, begin, expected):
    assert text.rfind(value, part, begin) == expected


@given(st.text("ab", max_size=40), st.text("ab", max_size=12), st.integers(-1, 50))
def test_a_long_text_is_found_from_the_end_as_a_short_one_is(value, part, begin):
    assert text.rfind(value, part, begin) == (
        -1 if begin < 0 else value.rfind(part, 0, begin + len(part))
    )


@pytest.mark.parametrize(
    ("value", "hashed"), [("", 0), ("a", 97), ("hello", 99162322), ("polygenelubricants", -(2**31))]
)
def test_the_hash_is_the_java_one(value, hashed):
    assert text.java_hash(value) == hashed


@pytest.mark.parametrize(
    ("left", "right"),
    [("abc", "ABC"), ("\u212a", "k"), ("\u0130", "i"), ("\u03c3", "\u03c2"), ("\u017f", "S")],
)
def test_equal_ignoring_case(left, right):
    assert text.equal_ignoring_case(left, right)


@pytest.mark.parametrize(("left", "right"), [("\u00df", "ss"), ("a", "ab"), ("a", "b")])
def test_not_equal_ignoring_case(left, right):
    assert not text.equal_ignoring_case(left, right)


def test_changing_case_takes_mappings_to_several_characters():
    assert (text.upper("stra\u00dfe"), text.lower("\u0391\u03a3")) == ("STRASSE", "\u03b1\u03c2")


@pytest.mark.parametrize(
    "character", "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2003\u2028\u2029\u3000"
)
def test_white_space(character):
    assert text.is_whitespace(character)


@pytest.mark.parametrize("character", "\u00a0\u2007\u202f\x00\x85\u200b\ufeffa")
def test_no_white_space(character):
    assert not text.is_whitespace(character)


def test_trim_takes_control_characters_and_no_wide_blanks():
    assert text.trim("\x00\x1f \u2003a\u2003\t") == "\u2003a\u2003"


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, "a"), ({"leading": False}, "\u2003 a"), ({"trailing": False}, "a \n")],
)
def test_strip_takes_white_space(options, expected):
    value = "\u2003 a \n"
    assert text.strip(value, **options) == expected


@pytest.mark.parametrize(
    ("value", "before", "after", "expected"),
    [("aaa", "a", "bb", "bbbbbb"), ("aaa", "", "-", "-a-a-a-"), ("aaaa", "aa", "", "")],
)
def test_replace(value, before, after, expected):
    assert text.replace(value, before, after) == expected


@given(st.text("ab", max_size=9), st.text("ab", max_size=2), st.text("ab", max_size=9))
def test_the_length_of_a_replacement_is_known_before_it_is_made(value, before, after):
    grown = len(value) + value.count(before) * (len(after) - len(before))
    assert grown == len(text.replace(value, before, after))


def test_a_replacement_that_would_be_too_long_is_refused():
    with pytest.raises(ValueError, match="have 1000000 characters; at most 10000 are allowed"):
        text.replace("a" * 1000, "a", "b" * 1000)


def test_a_long_text_may_be_shortened():
    assert text.replace("a" * 200_000, "a", "") == ""

"""Patterns of java.util.regex on Python's `re`.

java_regex.jsonl contains the results of OpenJDK 17: for each pattern and subject, the result of
Matcher.matches and the subject with the matches of Matcher.find in brackets, or the error of
Pattern.compile. The patterns were written or generated for this table.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.exceptions import RuleEvaluationError, RuleSyntaxError
from proctor.core.rules.regex import (
    MAX_PATTERN,
    MAX_SUBJECT,
    UnsupportedPattern,
    compile_regex,
    find_all,
    full_match,
    translate,
)

TABLE = [
    json.loads(line)
    for line in (Path(__file__).parent / "java_regex.jsonl").read_text("utf-8").splitlines()
]
ANSWERS = [row for row in TABLE if "error" not in row]
ERRORS = [row for row in TABLE if "error" in row]


def marked(pattern: str, subject: str) -> str:
    pieces, at = [], 0
    for match in find_all(pattern, subject):
        pieces += [subject[at : match.start()], "<", match[0], ">"]
        at = match.end()
    return "".join(pieces) + subject[at:]


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: ascii(row["pattern"]))
def test_a_pattern_matches_what_it_matches_in_java(row):
    assert full_match(row["pattern"], row["subject"]) is row["matches"]


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: ascii(row["pattern"]))
def test_a_pattern_finds_what_it_finds_in_java(row):
    assert marked(row["pattern"], row["subject"]) == row["marked"]


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: ascii(row["pattern"]))
def test_a_pattern_that_java_refuses_is_refused(row):
    with pytest.raises(RuleSyntaxError) as caught:
        translate(row["pattern"])
    assert caught.value.java_class == "java.util.regex.PatternSyntaxException"


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-z]+",
        "^fr(_.*)?$",
        ".*foo.*",
        r"\d{3}-\d{4}",
        "(US|CA|GB)",
        "[a-z]{2}-[A-Z]{2}",
        r"v\d+\.\d+(\.\d+)?",
        r".*@example\.com",
        "(?i)iphone.*",
        r"[\w.]+@[\w.]+",
        ".*foo.*bar.*",
        "(?s).*foo.*bar.*",
        r".+@.+\..+",
        ".*(Android|iPhone).*Mobile.*",
        r".*Chrome/(\d+)\.(\d+)\..*",
        r"\w+([.-]\w+)*@\w+([.-]\w+)*\.\w+",
        r"https?://(www\.)?example\.com(/.*)?",
        "^(?!.*test).*$",
        r"(?:\d{1,3}\.){3}\d{1,3}",
        r"(\w+\s)*\w+",
        r"[a-z]+\d+",
        r"\s*(\w+)\s*",
        r"\w+(-\w+)*",
        "a*|a*",
        "a*ba*",
        "(?:ab)*(?:ac)*",
        "(?=.*a)(?=.*b).*",
        "(Mon|Tue|Wed|Thu)*",
    ],
)
def test_a_common_pattern_is_taken(pattern):
    assert compile_regex(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|aa)*b",
        "(a?b?)*",
        "(aa?)*",
        "(a+)+",
        "(.*)*",
        "(a{1,50}){1,50}",
        r"(\w|\d)*x",
        r"(\w+\s?)*",
        "(x+x+)+y",
        ".*a.*a.*a.*b",
        "(.*a){3}",
        "a*a*a*b",
        "a?" * 25 + "a" * 25,
        "(a|a)" * 30,
        "(?=(a|aa)*b).*",
        "(?:" * 24 + "a" + ")?" * 24 + "a{1,1000}" * 3 + "b",
    ],
)
def test_a_pattern_that_could_be_slow_is_refused(pattern):
    with pytest.raises(UnsupportedPattern):
        translate(pattern)


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("a*a*c", 3),
        (".*.*", 3),
        ("(.*)(.*)c", 6),
        (r"\d+\d+", 5),
        (r"\d+\w+", 5),
        ("a{2,}a*?", 6),
        ("(?i)a*A*", 7),
        ("a*b?a*", 5),
        ("a*(b*|a*)", 7),
        ("(b*|a*)a*", 8),
        (r"\w+\b\w+", 7),
        ("a*(?=b)a*", 8),
        ("(?:ab)*(?:ab)*", 13),
        ("(?:ab?)*a*", 9),
        ("((a*)b?)(a+)", 10),
        ("(?:a*ba*){2}", 4),
        ("(?:a+b?){2}", 4),
        ("(?=a*a*c)a", 6),
    ],
)
def test_unbounded_repetitions_of_the_same_side_by_side_are_refused(pattern, place):
    with pytest.raises(UnsupportedPattern, match=f"position {place}: .*this repetition"):
        translate(pattern)


@given(st.sets(st.sampled_from("abcd"), min_size=1), st.sets(st.sampled_from("abcd"), min_size=1))
def test_two_repetitions_are_taken_where_their_sets_are_apart(one, other):
    pattern = f"[{''.join(sorted(one))}]+[{''.join(sorted(other))}]*"
    try:
        taken = bool(translate(pattern))
    except UnsupportedPattern:
        taken = False
    assert taken is not bool(one & other)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        r"(?<n>a)\k<n>",
        "a*+",
        "a?+",
        "a{2}+",
        "(?>a)",
        r"\Ga",
        r"\X",
        r"\N{DIGIT ONE}",
        r"\b{g}",
        r"\p{L}",
        r"\pL",
        r"\p{IsAlphabetic}",
        "(?u)a",
        "(?U)a",
        "(?c)a",
        "(?<=a{1,3})b",
        "(?<!a|bc)d",
        "a{2}{3}",
        "a{1025}",
        "^*",
        "[&&a]",
        "[a&&]",
        "(?x)[a #b]",
        "(" * 26 + ")" * 26,
        "[" * 26 + "a" + "]" * 26,
    ],
)
def test_what_python_cannot_say_is_refused(pattern):
    with pytest.raises(UnsupportedPattern):
        translate(pattern)


def test_a_search_is_held_to_less_than_a_match():
    translate(".*a.*b")
    with pytest.raises(UnsupportedPattern):
        translate(".*a.*b", searching=True)


def test_a_pattern_at_the_limit_of_its_length_is_taken():
    assert full_match("a" * MAX_PATTERN, "a" * MAX_PATTERN)


def test_a_pattern_over_the_limit_of_its_length_is_refused():
    with pytest.raises(UnsupportedPattern, match="500"):
        translate("a" * (MAX_PATTERN + 1))


def test_a_subject_at_the_limit_is_matched():
    assert full_match(".*", "a" * MAX_SUBJECT)


def test_a_subject_over_the_limit_is_an_evaluation_error():
    with pytest.raises(RuleEvaluationError, match="1025"):
        full_match(".*", "a" * (MAX_SUBJECT + 1))


def test_a_search_refuses_a_long_subject_before_the_first_match():
    with pytest.raises(RuleEvaluationError):
        find_all("a", "a" * (MAX_SUBJECT + 1))


def test_an_error_names_the_pattern_and_the_position():
    with pytest.raises(RuleSyntaxError, match=r"pattern 'ab\(c', position 2: .*write"):
        translate("ab(c")


def test_a_position_counts_what_was_written_before_quoting_is_resolved():
    with pytest.raises(RuleSyntaxError, match="position 9"):
        translate(r"\Q.[.[\E*" + "*")


def test_a_long_pattern_is_cut_in_the_message():
    with pytest.raises(RuleSyntaxError) as caught:
        translate("a" * 400 + "(")
    assert len(str(caught.value)) < 200


def test_competing_repetitions_are_named():
    with pytest.raises(UnsupportedPattern, match=r"at 1, 4, 7, 10"):
        translate(".*a.*a.*a.*b")


def test_a_repetition_that_stands_beside_another_names_it():
    with pytest.raises(UnsupportedPattern, match=r"position 5: .* as the repetition at 1;"):
        translate("a*b?a*")


def test_a_repetition_that_meets_itself_in_a_loop_is_told_so():
    with pytest.raises(UnsupportedPattern, match=r"position 4: two iterations of this repetition"):
        translate("(?:a+b?){2}")


def test_a_pattern_is_compiled_once():
    assert compile_regex("once[0-9]+") is compile_regex("once[0-9]+")


def test_a_translation_needs_no_flags():
    assert translate("(?i)a.") == r"[Aa][^\x0a\x0d\x85\u2028\u2029]"


def test_groups_keep_their_numbers_and_names():
    match = compile_regex("(a)(?:b)(?<word>c)").fullmatch("abc")
    assert (match[2], match["word"]) == ("c", "c")


def test_a_compiled_pattern_can_be_pickled():
    compiled = compile_regex("[a-z&&[^m]]+")
    assert pickle.loads(pickle.dumps(compiled)) == compiled


def taken_or_refused(pattern):
    """Compile an accepted pattern with `re`; pass on any error except a refusal."""
    with contextlib.suppress(RuleSyntaxError):
        re.compile(translate(pattern))
    return True


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused(pattern):
    assert taken_or_refused(pattern)


@given(st.text(alphabet=r"ab()[]{}^$.|?*+-\&,:=!<>0129dwsQEimx #", max_size=30))
def test_any_likely_text_is_taken_or_refused(pattern):
    assert taken_or_refused(pattern)


@given(st.text(max_size=30))
def test_a_quoted_text_matches_itself(text):
    quoted = text.replace("\\", "")
    assert full_match(rf"\Q{quoted}\E", quoted)

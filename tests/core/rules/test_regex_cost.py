"""The bound on a pattern's steps, against a matcher that counts its steps.

The matcher below is the simplest backtracking one: it tries alternatives in order. Its steps are
counted and not timed, so the results do not depend on the machine.
"""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.rules.regex.charset import CharSet
from proctor.core.rules.regex.cost import MAX_STEPS, Explosive, steps
from proctor.core.rules.regex.nodes import (
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Repeat,
    Sequence,
    alphabet,
)
from proctor.core.rules.regex.parser import parse

#: Bounds beyond are not tried out: the counting takes too long.
ENOUGH = 100_000


class CountingMatcher:
    """Backtracks through a tree. `then` is called to match the rest."""

    def __init__(self, subject):
        self.subject = subject
        self.steps = 0

    def count(self):
        self.steps += 1
        assert self.steps <= ENOUGH

    def run(self, node, at, then):
        match node:
            case Chars(chars=chars):
                self.count()
                fits = at < len(self.subject) and chars.overlaps(CharSet.chars(self.subject[at]))
                return fits and then(at + 1)
            case Edge(ahead=ahead):
                self.count()
                # Only what may come next matters here, and only \b asks for more.
                if ahead is not None and at < len(self.subject):
                    return ahead.overlaps(CharSet.chars(self.subject[at])) and then(at)
                return then(at)
            case Group(body=body):
                return self.run(body, at, then)
            case Look(body=body, negative=negative):
                found = self.run(body, at, lambda _: True)
                return found is not negative and then(at)
            case Sequence(items=()):
                return then(at)
            case Sequence(items=(first, *others)):
                rest = Sequence(tuple(others))
                return self.run(first, at, lambda now: self.run(rest, now, then))
            case Choice(branches=branches):
                return any(self.run(branch, at, then) for branch in branches)
            case Repeat():
                return self.turn(node, 0, at, then)
        raise AssertionError(node)

    def turn(self, node, done, at, then):
        def go_on():
            if node.high is not None and done >= node.high:
                return False
            return self.run(node.body, at, lambda now: self.turn(node, done + 1, now, then))

        if done < node.low:
            return go_on()
        order = (lambda: then(at), go_on) if node.lazy else (go_on, lambda: then(at))
        return order[0]() or order[1]()


def steps_to_match(tree, subject):
    matcher = CountingMatcher(subject)
    matcher.run(tree, 0, lambda at: at == len(subject))
    return matcher.steps


def steps_to_search(tree, subject):
    matcher = CountingMatcher(subject)
    for start in range(len(subject) + 1):
        if matcher.run(tree, start, lambda _: True):
            break
    return matcher.steps


atoms = st.sampled_from(["a", "b", "[ab]", ".", "[^a]", "ab", "aab", "abc", "bc", r"\b", "$", "^"])
quantifiers = st.sampled_from(["", "", "", "*", "+", "?", "*?", "{2}", "{0,2}", "{1,3}", "{2,}"])


def compounds(inner):
    pieces = st.lists(st.builds(str.__add__, inner, quantifiers), min_size=1, max_size=4)
    sequences = pieces.map("".join)
    choices = st.lists(sequences, min_size=1, max_size=3).map("|".join)
    openings = st.sampled_from(["(", "(?:", "(?:", "(?=", "(?!"])
    return st.builds("{}{})".format, openings, choices)


patterns = st.recursive(atoms, compounds, max_leaves=12).map(lambda text: f"(?:{text})")
tails = st.sampled_from(["", ".*", "b", "a*b", "[ab]*", "$", "c"])
subjects = st.one_of(
    st.text("abc\n", max_size=14),
    st.builds(
        lambda part, times, end: (part * times + end)[:14],
        st.text("ab", min_size=1, max_size=3),
        st.integers(1, 14),
        st.sampled_from(["", "c", "\n", "b"]),
    ),
)


def tree_of(pattern):
    try:
        return parse(pattern)
    except RuleSyntaxError:
        return None


def bound_of(tree, length, **how):
    try:
        return steps(tree, length, **how)
    except Explosive:
        return None


@settings(max_examples=150, deadline=None)
@given(st.builds("{}{}{}".format, patterns, patterns, tails), subjects)
@example("a*a*a*b", "a" * 14)
@example(".*abc.*abc.*abc.*b", "abcabcabcabc")
@example("(a?){0}(ab|a)(c|bcd)(d*)", "abcd")
@example("(?:ab)*(?:ab)*c", "ab" * 7)
def test_no_match_takes_more_steps_than_the_bound(pattern, subject):
    tree = tree_of(pattern)
    bound = tree and bound_of(tree, len(subject))
    if bound is None or bound > ENOUGH:
        return
    assert steps_to_match(tree, subject) <= bound


@settings(max_examples=150, deadline=None)
@given(st.builds("{}{}{}".format, patterns, patterns, tails), subjects)
@example("aab*a", "a" * 14)
@example("abc.*b", "abcabcabcabc")
def test_no_search_takes_more_steps_than_the_bound(pattern, subject):
    tree = tree_of(pattern)
    bound = tree and bound_of(tree, len(subject), searching=True)
    if bound is None or bound > ENOUGH:
        return
    assert steps_to_search(tree, subject) <= bound


@settings(max_examples=150, deadline=None)
@given(st.builds("{}{}{}".format, patterns, patterns, st.sampled_from([".*", ".+"])), subjects)
@example(".*a.*a.*", "a" * 14)
def test_the_bound_holds_for_subjects_that_the_guard_lets_through(pattern, subject):
    tree = tree_of(pattern)
    letters = tree and alphabet(tree)
    if tree is None or not all(letters.overlaps(CharSet.chars(char)) for char in subject):
        return
    bound = bound_of(tree, len(subject), sure=letters)
    if bound is None or bound > ENOUGH:
        return
    assert steps_to_match(tree, subject) <= bound


def test_the_bound_of_competing_repetitions_grows_with_their_number():
    two, three = (steps(parse("a*" * count + "b"), 1024) for count in (2, 3))
    assert two < MAX_STEPS < three


def test_the_bound_of_a_pattern_without_competition_grows_with_the_subject_alone():
    tree = parse(r"v\d+\.\d+(\.\d+)?")
    assert steps(tree, 2000) < 2.1 * steps(tree, 1000)


def test_branches_that_differ_in_a_later_character_do_not_compete():
    assert steps(parse("(iPhone|iPad|iPod)" * 20), 1024) < 10_000

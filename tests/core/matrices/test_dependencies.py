from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.evaluation.engine import Proctor
from proctor.core.matrices.dependencies import check_dependencies, in_order
from proctor.core.problems import Severity
from tests.core.small_matrices import definition, everybody, matrix

USER = {"USER": "visitor"}


def child_of(parent, value=1, **fields):
    return everybody("blue", dependsOn={"testName": parent, "bucketValue": value}, **fields)


def dropped(**tests):
    return check_dependencies(matrix(**tests).tests)


def message(test, **tests):
    problem = dropped(**tests)[test]
    assert (problem.severity, problem.test) == (Severity.DROPPED, test)
    return problem.message


PARENT = everybody("blue", salt="parent")


def test_a_sound_dependency_drops_nothing():
    assert dropped(parent=PARENT, child=child_of("parent")) == {}


def test_a_test_cannot_depend_on_itself():
    assert message("child", child=child_of("child")) == (
        "this test depends on itself; name a different test, or remove dependsOn"
    )


def test_a_parent_must_be_there():
    assert "is not in the matrix or is dropped; fix that test, or remove dependsOn" in message(
        "child", child=child_of("parent")
    )


def test_a_parent_must_have_a_name():
    assert "depends on None" in message("child", child=child_of(None))


def test_parent_and_child_must_have_one_test_type():
    text = message("child", parent=PARENT, child=child_of("parent", testType="ACCOUNT"))
    assert "'parent' of test type 'USER' but has test type 'ACCOUNT'" in text


@pytest.mark.parametrize("salt", ["parent", None])
def test_parent_and_child_must_have_different_salts(salt):
    text = message(
        "child", parent=everybody("blue", salt=salt), child=child_of("parent", salt=salt)
    )
    assert f"the same salt, {salt!r}; change one" in text


def test_only_the_direct_parent_is_asked_for_its_salt():
    assert not dropped(
        grandparent=everybody("blue", salt="a"),
        parent=child_of("grandparent", salt="b"),
        child=child_of("parent", salt="a"),
    )


def test_a_bucket_below_0_cannot_be_depended_on():
    text = message("child", parent=PARENT, child=child_of("parent", -1))
    assert "the negative bucket -1 of 'parent'; use a bucket with a value of 0 or more" in text


def test_the_parent_must_have_the_bucket():
    text = message("child", parent=PARENT, child=child_of("parent", 7))
    assert "bucket 7 of 'parent', whose buckets are -1, 0, 1; choose one of these" in text


def test_a_bucket_that_no_range_uses_can_be_depended_on():
    assert not dropped(parent=PARENT, child=child_of("parent", 0))


def test_all_descendants_of_a_dropped_test_are_dropped():
    found = dropped(
        a=child_of("missing", salt="a"), b=child_of("a", salt="b"), c=child_of("b", salt="c")
    )
    assert set(found) == {"a", "b", "c"}
    assert "'a', which is dropped; fix that test first" in found["b"].message


def test_a_circle_drops_all_that_lead_to_it():
    found = dropped(a=child_of("b", salt="a"), b=child_of("a", salt="b"), c=child_of("a", salt="c"))
    assert set(found) == {"a", "b", "c"}
    assert "a → b → a; remove one of these dependencies" in found["a"].message


def test_the_message_of_a_long_circle_is_short():
    tests = {f"t{n}": child_of(f"t{(n + 1) % 3000}", salt=str(n)) for n in range(3000)}
    found = dropped(**tests)
    assert len(found) == 3000
    assert max(len(each.message) for each in found.values()) < 200


def chain(length):
    tests = {f"t{n}": child_of(f"t{n + 1}", salt=str(n)) for n in range(length - 1)}
    return tests | {f"t{length - 1}": PARENT}


def test_a_chain_of_thousands_is_evaluated():
    groups = Proctor(matrix(**chain(3000))).determine_groups(identifiers=USER, tests=["t0"])
    assert set(groups) == {"t0"}


def test_a_chain_of_thousands_whose_end_is_missing_is_dropped():
    tests = chain(3000)
    del tests["t2999"]
    assert len(dropped(**tests)) == 2999


class Counting(dict):
    """A dict that counts look-ups."""

    looked_up = 0

    def get(self, *arguments):
        self.looked_up += 1
        return super().get(*arguments)


@pytest.mark.parametrize("check", [check_dependencies, lambda tests: in_order(tests, tests)])
def test_a_long_chain_is_walked_once(check):
    tests = Counting(matrix(**chain(1000)).tests)
    check(tests)
    assert tests.looked_up < 5000


@given(parents=st.lists(st.integers(-1, 19), min_size=1, max_size=20), seed=st.integers())
def test_in_order_every_test_comes_behind_its_parent(parents, seed):
    tests = {
        f"t{n}": definition(salt=str(n)) if parent < 0 else child_of(f"t{parent}", salt=str(n))
        for n, parent in enumerate(parents)
    }
    read = matrix(**tests).tests
    bad = check_dependencies(read)
    sound = {name: test for name, test in read.items() if name not in bad}
    wanted = list(sound)
    random.Random(seed).shuffle(wanted)
    ordered = in_order(sound, wanted)
    assert sorted(ordered) == sorted(sound)
    for name, test in sound.items():
        if test.depends_on is not None:
            assert ordered.index(test.depends_on.test_name) < ordered.index(name)


def test_in_order_brings_the_parents_that_are_needed_and_no_others():
    tests = matrix(a=PARENT, b=child_of("a"), c=PARENT).tests
    assert in_order(tests, ["b", "unknown"]) == ["a", "b"]


def test_a_parent_that_is_dropped_for_another_reason_drops_its_children():
    made = Proctor(matrix(parent=everybody("blue", testType="NOBODY"), child=child_of("parent")))
    assert "is dropped" in made.dropped["child"].message

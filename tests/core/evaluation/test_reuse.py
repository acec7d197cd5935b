"""A matrix that reuses parts of an older one gives the same results as without reuse."""

from __future__ import annotations

import gc
import random
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.evaluation import chunks
from proctor.core.evaluation.chooser import Chooser
from proctor.core.evaluation.engine import Proctor
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Matrix

TYPES = {"country": "String", "age": "Integer"}
RULES = [
    None,
    "${country == 'US'}",
    "${age > 3}",
    "${age / 0 > age.x}",
    "${true}",
    "${1 == '}",
    "${country == 'GB' || age < 0}",
]
ALIKE = ("loaded", "problems", "dropped")


def definition(name, rule=None, parent=None, test_type="USER", length=0.5):
    ranges = [{"bucketValue": 0, "length": length}, {"bucketValue": 1, "length": 1 - length}]
    return {
        "version": "1",
        "salt": f"&{name}",
        "testType": test_type,
        "rule": rule,
        "buckets": [{"name": "control", "value": 0}, {"name": "blue", "value": 1}],
        "allocations": [{"id": "#A1", "ranges": ranges}],
        "dependsOn": parent and {"testName": parent, "bucketValue": 1},
    }


def matrix(tests):
    return Matrix.from_dict({"audit": {"version": "1"}, "tests": tests})


def changed(old, **tests):
    """The matrix with changed tests: None removes a test, all other tests are the same objects."""
    new = matrix({name: each for name, each in tests.items() if each is not None}).tests
    kept = {name: each for name, each in old.tests.items() if name not in tests}
    return Matrix(old.audit, FrozenDict(dict(sorted({**kept, **new}.items()))))


def answers(proctor):
    for number in range(20):
        for context in ({}, {"country": "US", "age": number % 7}, {"country": 5, "age": "x"}):
            found = proctor.determine_groups(
                identifiers={"USER": f"user{number}", "ACCOUNT": f"{number}"}, context=context
            )
            errors = {name: str(error) for name, error in found.errors.items()}
            yield list(found.items()), errors, found.variable_errors


definitions = st.builds(
    definition,
    name=st.sampled_from("abcdef"),
    rule=st.sampled_from(RULES),
    parent=st.sampled_from([None, None, "a", "d", "missing"]),
    test_type=st.sampled_from(["USER", "ACCOUNT", "NOBODY"]),
    length=st.sampled_from([0.5, 0.1, 0.7]),
)


@pytest.fixture(params=[1, 1000], ids=["many chunks", "one chunk"])
def small(request, monkeypatch):
    """Set the number of tests in a single chunk, and the mean size of several chunks."""
    monkeypatch.setattr(chunks, "SMALL", request.param)
    monkeypatch.setattr(chunks, "MEAN", 2)


@pytest.mark.usefixtures("small")
def test_a_matrix_answers_alike_with_and_without_the_older_one():
    @given(
        first=st.dictionaries(st.sampled_from("abcdefgh"), definitions, min_size=1),
        changes=st.lists(
            st.dictionaries(st.sampled_from("abcdefghij"), st.none() | definitions, max_size=3),
            min_size=1,
            max_size=3,
        ),
    )
    def holds(first, changes):
        current = matrix(first)
        proctor = None
        for change in ({}, *changes):
            current = changed(current, **change)
            alone = Proctor(current, TYPES)
            proctor = proctor.with_matrix(current) if proctor else Proctor(current, TYPES)
            for name in ALIKE:
                assert getattr(proctor, name) == getattr(alone, name)
            assert list(answers(proctor)) == list(answers(alone))

    holds()


@pytest.fixture
def made(monkeypatch):
    """Return a list that collects the names of compiled tests."""
    names = []
    init = Chooser.__init__

    def noted(self, definition, pool):
        names.append(definition.name)
        init(self, definition, pool)

    monkeypatch.setattr(Chooser, "__init__", noted)
    return names


LARGE = {f"test{number}x": definition(f"test{number}x") for number in range(1500)}


def test_only_what_changed_is_compiled(made):
    old = matrix(LARGE)
    first = Proctor(old, TYPES)
    made.clear()
    new = changed(old, test7x=definition("test7x", "${age > 3}"), test9x=None)
    second = first.with_matrix(new)
    assert made == ["test7x"]
    before, after = ({each.select for each in p._plan.chunks} for p in (first, second))
    assert len(before) > 3
    assert len(after - before) <= 2


def test_an_equal_rule_of_a_changed_test_is_the_same_rule():
    rule = "${country == 'US'}"
    old = matrix({name: definition(name, rule) for name in "ab"})
    first = Proctor(old, TYPES)
    second = first.with_matrix(changed(old, b=definition("b", rule, length=0.1)))
    rules = [second._plan.choosers[name].rule for name in "ab"]
    assert rules[0] is rules[1]


def test_the_older_one_is_not_kept_in_memory():
    old = matrix({"a": definition("a"), "b": definition("b")})
    first = Proctor(old, TYPES)
    gone = weakref.ref(first)
    second = first.with_matrix(changed(old, b=None))
    del first
    gc.collect()
    assert gone() is None
    assert second.loaded == ("a",)


def test_rows_of_several_chunks_come_in_the_order_of_one(monkeypatch):
    names = [f"t{random.Random(n).getrandbits(40):x}z" for n in range(60)]
    tests = {name: definition(name) for name in names}
    one = Proctor(matrix(tests), TYPES)
    monkeypatch.setattr(chunks, "SMALL", 10)
    monkeypatch.setattr(chunks, "MEAN", 8)
    many = Proctor(matrix(tests), TYPES)
    assert len(many._plan.chunks) > 3
    found = [each.determine_groups(identifiers={"USER": "x"}) for each in (one, many)]
    assert list(found[0]) == list(found[1])

"""Tests that depend on other tests: what is wrong with that, and the order  [TestDependencies]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from proctor.core.matrix import TestDefinition

__all__ = ["check_dependencies", "in_order"]


def check_dependencies(tests: Mapping[str, TestDefinition]) -> dict[str, Problem]:
    """The tests among *tests* whose dependency drops them, and why.

    *tests* are those that are sound by themselves: a parent that is not among them was
    dropped, or never was there.
    """
    dropped: dict[str, Problem] = {}
    for name, test in tests.items():
        message = _direct(test, tests)
        if message:
            dropped[name] = _problem(name, message)
    for name in tests:
        chain = list(_ancestors(name, tests))
        if name not in dropped and any(each in dropped for each in chain):
            first = next(each for each in chain if each in dropped)
            dropped.setdefault(name, _problem(name, f"it depends on {first!r}, which is dropped"))
        elif name not in dropped and chain and chain[-1] in (name, *chain[:-1]):
            dropped[name] = _problem(name, f"it depends on a circle: {' → '.join([name, *chain])}")
    return dropped


def _problem(name: str, message: str) -> Problem:
    return Problem(Severity.DROPPED, message, test=name)


def _direct(test: TestDefinition, tests: Mapping[str, TestDefinition]) -> str | None:
    """What is wrong between a test and its parent."""
    if test.depends_on is None:
        return None
    name, value = test.depends_on.test_name, test.depends_on.bucket_value
    if name == test.name:
        return "it depends on itself"
    parent = tests.get(name) if name is not None else None
    if parent is None:
        return f"it depends on {name!r}, which is not in the matrix or is dropped"
    if parent.test_type != test.test_type:
        return (
            f"it depends on {name!r} of test type {parent.test_type!r} and has {test.test_type!r} "
            "itself; both need the same"
        )
    if parent.salt == test.salt:
        return f"it depends on {name!r} and has the same salt, {test.salt!r}; change one"
    if value < 0:
        return f"it depends on the negative bucket {value} of {name!r}; take one of 0 or more"
    if all(bucket.value != value for bucket in parent.buckets):
        known = ", ".join(str(bucket.value) for bucket in parent.buckets)
        return f"it depends on bucket {value} of {name!r}, which has {known}"
    return None


def _parent(name: str, tests: Mapping[str, TestDefinition]) -> str | None:
    test = tests.get(name)
    return None if test is None or test.depends_on is None else test.depends_on.test_name


def _ancestors(name: str, tests: Mapping[str, TestDefinition]) -> Iterator[str]:
    """Parent, grandparent …; in a circle it ends with the first name that comes again."""
    seen = {name}
    parent = _parent(name, tests)
    while parent is not None and parent in tests:
        yield parent
        if parent in seen:
            return
        seen.add(parent)
        parent = _parent(parent, tests)


def in_order(tests: Mapping[str, TestDefinition], wanted: Iterable[str]) -> list[str]:
    """The *wanted* names, and before each the tests that it depends on.

    *tests* have passed `check_dependencies`. Names that are not among them are left out.
    """
    ordered: dict[str, None] = {}
    for name in wanted:
        if name in tests:
            for each in reversed([name, *_ancestors(name, tests)]):
                ordered.setdefault(each)
    return list(ordered)

"""Tests that depend on other tests: what is wrong with that, and the order  [TestDependencies]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

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
    settled = set(dropped)
    for name in tests:
        # Up to a test that is settled: so each is walked over once, however long the chains.
        path, end = _path(name, tests, settled)
        settled.update(path)
        if end in path:
            circle = path[path.index(end) :]
            for each in path:
                dropped[each] = _problem(each, f"it depends on a circle: {_shown(circle)}")
        elif end in dropped:
            for each in path:
                dropped[each] = _problem(each, f"it depends on {end!r}, which is dropped")
    return dropped


def _path(
    name: str, tests: Mapping[str, TestDefinition], settled: Collection[str]
) -> tuple[list[str], str | None]:
    """*name* and its ancestors, as far as they are not *settled*; and what comes next.

    That is one of the settled, the first name of a circle, or None where the chain ends.
    """
    path: dict[str, None] = {}
    current: str | None = name
    while current is not None and current not in settled and current not in path:
        path[current] = None
        current = _parent(current, tests)
    return list(path), current


def _shown(circle: list[str]) -> str:
    """The names of a circle, of which a long one shows only its beginning."""
    names = [*circle, circle[0]] if len(circle) <= 10 else [*circle[:10], "…"]
    return " → ".join(names)


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


def in_order(tests: Mapping[str, TestDefinition], wanted: Iterable[str]) -> list[str]:
    """The *wanted* names, and before each the tests that it depends on.

    *tests* have passed `check_dependencies`. Names that are not among them are left out.
    """
    ordered: dict[str, None] = {}
    for name in wanted:
        if name in tests:
            path, _ = _path(name, tests, ordered)
            ordered.update(dict.fromkeys(reversed(path)))
    return list(ordered)

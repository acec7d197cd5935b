"""Check the dependencies between tests, and sort tests accordingly [TestDependencies]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["check_dependencies", "in_order"]


def check_dependencies(tests: Mapping[str, TestDefinition]) -> dict[str, Problem]:
    """Return the tests that are dropped because of a dependency, each with the reason.

    *tests* contains the tests that are valid on their own. A parent that is not among them was
    dropped or never existed.
    """
    dropped: dict[str, Problem] = {}
    for name, test in tests.items():
        found = _direct(test, tests)
        if found is not None:
            dropped[name] = _problem(name, *found)
    settled = set(dropped)
    for name in tests:
        # Stop at a test whose result is already known, so that each test is visited only once, even
        # in long chains.
        path, end = _path(name, tests, settled)
        settled.update(path)
        if end in path:
            circle = path[path.index(end) :]
            for each in path:
                dropped[each] = _problem(
                    each,
                    "circle",
                    Sentence(
                        gettext_noop(
                            "this test depends on a cycle of tests: {circle}; remove one of "
                            "these dependencies"
                        ),
                        circle=_shown(circle),
                    ),
                )
        elif end in dropped:
            for each in path:
                dropped[each] = _problem(
                    each,
                    "dropped",
                    Sentence(
                        gettext_noop(
                            "this test depends on {end!r}, which is dropped; fix that test first"
                        ),
                        end=end,
                    ),
                )
    return dropped


def _path(
    name: str, tests: Mapping[str, TestDefinition], settled: Collection[str]
) -> tuple[list[str], str | None]:
    """Return *name* and its ancestors that are not *settled*, and the name where the walk stops.

    The walk stops at a settled test, or at the first name of a cycle. If the chain of dependencies
    ends before that, the second result is None.
    """
    path: dict[str, None] = {}
    current: str | None = name
    while current is not None and current not in settled and current not in path:
        path[current] = None
        current = _parent(current, tests)
    return list(path), current


def _shown(circle: list[str]) -> str:
    """Return the names in a cycle as text, or only the first few if there are many."""
    names = [*circle, circle[0]] if len(circle) <= 10 else [*circle[:10], "…"]
    return " → ".join(names)


def _problem(name: str, kind: str, message: str) -> Problem:
    return Problem(Severity.DROPPED, message, test=name, code=f"dependency-{kind}")


def _direct(test: TestDefinition, tests: Mapping[str, TestDefinition]) -> tuple[str, str] | None:
    """Return the kind and the description of a problem between a test and its parent, or None."""
    if test.depends_on is None:
        return None
    name, value = test.depends_on.test_name, test.depends_on.bucket_value
    if name == test.name:
        return "self", Sentence(
            gettext_noop("this test depends on itself; name a different test, or remove dependsOn")
        )
    parent = tests.get(name) if name is not None else None
    if parent is None:
        text = gettext_noop(
            "this test depends on {name!r}, which is not in the matrix or is dropped; fix that "
            "test, or remove dependsOn"
        )
        return "unknown", Sentence(text, name=name)
    if parent.test_type != test.test_type:
        text = gettext_noop(
            "this test depends on {name!r} of test type {needed!r} but has test type {own!r}; "
            "give both tests the same test type"
        )
        return "type", Sentence(text, name=name, needed=parent.test_type, own=test.test_type)
    if parent.salt == test.salt:
        text = gettext_noop(
            "this test depends on {name!r} and has the same salt, {salt!r}; change one "
            "of the two salts"
        )
        return "salt", Sentence(text, name=name, salt=test.salt)
    if value < 0:
        text = gettext_noop(
            "this test depends on the negative bucket {value} of {name!r}; use a bucket with a "
            "value of 0 or more"
        )
        return "negative", Sentence(text, name=name, value=value)
    if all(bucket.value != value for bucket in parent.buckets):
        known = listed(str(bucket.value) for bucket in parent.buckets)
        text = gettext_noop(
            "this test depends on bucket {value} of {name!r}, whose buckets are {known}; choose "
            "one of these"
        )
        return "bucket", Sentence(text, name=name, value=value, known=known)
    return None


def _parent(name: str, tests: Mapping[str, TestDefinition]) -> str | None:
    test = tests.get(name)
    return None if test is None or test.depends_on is None else test.depends_on.test_name


def in_order(tests: Mapping[str, TestDefinition], wanted: Iterable[str]) -> list[str]:
    """Return the *wanted* names, each preceded by the tests that it depends on.

    *tests* must have passed `check_dependencies`. Unknown names are left out.
    """
    ordered: dict[str, None] = {}
    for name in wanted:
        if name in tests:
            path, _ = _path(name, tests, ordered)
            ordered.update(dict.fromkeys(reversed(path)))
    return list(ordered)

"""Applications as the pages and the API show them, with their missing and unloadable tests."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from proctor.core.authoring.branches.breaking import takes
from proctor.editor.branches import branch_names
from proctor.editor.serving.kept_matrices import kept_matrix
from proctor.editor.specifications.verdicts import faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from proctor.core.matrices.matrix import TestDefinition
    from proctor.core.problems import Problem
    from proctor.editor.serving.branch_matrix import BranchMatrix
    from proctor.editor.specifications.known import Applications, Known

__all__ = [
    "Declaring",
    "Standing",
    "declaring",
    "standing_of",
    "standing_on_branch",
    "with_ancestors",
]

#: Maximum number of `Standing` objects that each process caches.
_KEPT = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """The result of checking an application against the matrix of its branch."""

    application: Known
    #: Declared tests that the branch does not have, sorted.
    missing: tuple[str, ...]
    #: Maps each test that the application cannot load to the reason.
    faults: Mapping[str, Problem]
    #: Tests that a filter selects but the specification does not name, sorted.
    by_filter: tuple[str, ...]

    @property
    def is_satisfied(self) -> bool:
        """True if the branch has every declared test and the application can load it."""
        return not self.missing and not self.faults


class _Kept:
    """The last `Standing` of each application, with the matrix that it was computed from.

    The key includes the digest of the specification, so a new specification gets a new entry.
    """

    standings: ClassVar[OrderedDict[tuple[str, bool, str], tuple[BranchMatrix, Standing]]] = (
        OrderedDict()
    )
    #: The two matrices that were last compared, and the tests that differ. They are cached because
    #: all applications of a branch need the same comparison.
    difference: ClassVar[tuple[object, object, frozenset[str]] | None] = None


def standing_on_branch(application: Known, matrix: BranchMatrix | None = None) -> Standing:
    """Return the result of verifying an application against the matrix of its branch.

    If the matrix is already loaded, pass it as *matrix*. Only tests that were published since the
    last call are verified again. Raises Lagging and database errors.
    """
    matrix = matrix or kept_matrix(application.environment)
    if application.is_own:  # not cached, because the site's settings may have changed
        return standing_of(application, matrix.tests)
    key = (application.digest, application.whole_matrix, matrix.branch)
    known = _Kept.standings.get(key)
    if known is None:
        found = standing_of(application, matrix.tests)
    elif known[0] is matrix:
        found = known[1]
    else:
        changed = _changed(known[0], matrix)
        found = standing_of(application, matrix.tests, known[1], changed)
    found = replace(found, application=application)
    _Kept.standings[key] = (matrix, found)
    while len(_Kept.standings) > _KEPT:
        _Kept.standings.popitem(last=False)
    return found


def _changed(old: BranchMatrix, new: BranchMatrix) -> frozenset[str]:
    """Return the tests that differ between two matrices, and all tests that depend on those."""
    known = _Kept.difference
    if known is not None and known[0] is old and known[1] is new:
        return known[2]
    names = old.entries.keys() | new.entries.keys()
    found = {name for name in names if old.entries.get(name) != new.entries.get(name)}
    children: dict[str, list[str]] = {}
    for matrix in (old, new):
        for name, test in matrix.tests.items():
            if test.depends_on is not None and test.depends_on.test_name is not None:
                children.setdefault(test.depends_on.test_name, []).append(name)
    queue = [*found]
    while queue:
        for name in children.get(queue.pop(), ()):
            if name not in found:
                found.add(name)
                queue.append(name)
    _Kept.difference = (old, new, frozenset(found))
    return frozenset(found)


def standing_of(
    application: Known,
    tests: Mapping[str, TestDefinition],
    former: Standing | None = None,
    changed: AbstractSet[str] = frozenset(),
) -> Standing:
    """Return the result of verifying an application against *tests*, the tests of its branch.

    If a *former* result is given, only the *changed* tests are verified again.
    """
    specification = application.specification
    looked_at = tests if former is None else {name: tests[name] for name in changed & tests.keys()}
    by_filter = set[str]() if former is None else {*former.by_filter} - {*changed}
    if specification.dynamic_filters:
        by_filter |= {
            name
            for name, test in looked_at.items()
            if name not in specification.tests and takes(specification, test)
        }
    asked = {*specification.tests, *by_filter} & looked_at.keys()
    found = faults(application, with_ancestors(asked, tests))
    if former is not None:
        kept = {name: each for name, each in former.faults.items() if name not in changed}
        found = {**kept, **{name: each for name, each in found.items() if name in changed}}
    return Standing(
        application,
        tuple(sorted(name for name in specification.tests if name not in tests)),
        dict(sorted(found.items())),
        tuple(sorted(by_filter)),
    )


@dataclass(frozen=True, slots=True)
class Declaring:
    """An application that declares a test or selects it with a filter."""

    application: Known
    #: The reason why the application cannot load the test; "" if it can load it or if its branch
    #: does not have the test.
    fault: str


def declaring(test: str, applications: Applications) -> list[Declaring]:
    """Return the *applications*, in all environments, that declare or select a test.

    Raises Lagging and database errors.
    """
    found = []
    known = [each for each in applications.known if each.environment in branch_names()]
    matrices = {name: kept_matrix(name) for name in {each.environment for each in known}}
    for application in known:
        tests = matrices[application.environment].tests
        on_branch = tests.get(test)
        if application.declares(test) or (
            on_branch is not None and takes(application.specification, on_branch)
        ):
            problem = faults(application, with_ancestors([test], tests)).get(test)
            found.append(Declaring(application, "" if problem is None else problem.message))
    return found


def with_ancestors(
    names: Iterable[str], tests: Mapping[str, TestDefinition]
) -> dict[str, TestDefinition]:
    """Return the tests of an application, and all tests on which these depend."""
    found: dict[str, TestDefinition] = {}
    queue = [name for name in names if name in tests]
    while queue:
        name = queue.pop()
        if name in found:
            continue
        found[name] = test = tests[name]
        parent = None if test.depends_on is None else test.depends_on.test_name
        if parent is not None and parent in tests:
            queue.append(parent)
    return found

"""A test and the tests related to it on a branch, before and after a change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.core.authoring.refusals import Refusal
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.matrices.validation import examine
from proctor.core.problems import Problem, Severity
from proctor.core.rules.pool import RulePool
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.models import Head
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import is_storable, parse
from proctor.editor.specifications.known import read_applications

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.core.matrices.validation import Examination
    from proctor.editor.specifications.known import Applications

__all__ = ["Relatives", "examined", "family"]


def family(test: str, branch: str, parents: Iterable[str] = ()) -> dict[str, TestDefinition]:
    """Return the current test on a branch, its ancestors and all tests that depend on it.

    The result also includes *parents* and their ancestors: a change may add a dependency on them.
    Tests that cannot be converted to the matrix's format are left out, because a matrix leaves them
    out too.
    """
    heads = Head.objects.using(write_alias()).filter(branch__name=branch, is_deletion=False)
    rows = heads.values_list("test", "depends_on", "revision__definition")
    texts: dict[str, str | None] = {}
    # Leave out names that a database cannot store, because a query for such a name would fail.
    up = {name for name in (test, *parents) if is_storable(name)}
    while up:
        found = list(rows.filter(test__in=up))
        texts.update((name, text) for name, _, text in found)
        up = {parent for _, parent, _ in found if parent} - texts.keys()
    down = {test}
    while down:
        found = list(rows.filter(depends_on__in=down).exclude(test__in=texts))
        texts.update((name, text) for name, _, text in found)
        down = {name for name, _, _ in found}
    converted = {name: _consumable(text, name) for name, text in texts.items()}
    return {name: each for name, each in converted.items() if each is not None}


def _consumable(text: str | None, name: str) -> TestDefinition | None:
    if text is None:
        return None
    try:
        return parse(text, name).consumable()
    except Refusal:
        return None


@dataclass(frozen=True, slots=True)
class Relatives:
    """A test on a branch, and the related tests, before a change."""

    test: str
    #: The tests that `family` returned.
    before: Mapping[str, TestDefinition]
    #: The tests in `before` that the engine does not drop.
    loaded: Mapping[str, TestDefinition]
    branch: str = ""
    #: The applications of all branches.
    applications: Applications = field(default_factory=read_applications)

    @classmethod
    def read(cls, test: str, branch: str, definition: Definition | None) -> Relatives:
        """Read the tests that are related to *test* now, and those that *definition* would add."""
        parent = None if definition is None else definition.test.depends_on
        parents = [parent.test_name] if parent is not None and parent.test_name else []
        before = family(test, branch, parents)
        applications = read_applications()
        loaded = examined(before, applications).loaded
        return cls(test, before, loaded, branch, applications)

    def with_test(self, definition: Definition) -> Relatives:
        """Return the same relatives with *definition* in place of the test. Raises Refusal."""
        before = {**self.before, self.test: definition.consumable()}
        return Relatives(self.test, before, examined(before).loaded)

    def after(self, definition: Definition | None) -> dict[str, TestDefinition]:
        """Return the tests after publishing *definition*; if it is None, after deleting the test.

        Raises Refusal if the definition cannot be converted to the matrix's format.
        """
        tests = {name: each for name, each in self.before.items() if name != self.test}
        if definition is not None:
            tests[self.test] = definition.consumable()
        return tests

    def dropping_problems(self, after: Examination) -> list[Problem]:
        """Return the reasons why the engine would drop this test, or a test that is loaded now.

        Faults that exist without the change are not reported.
        """
        return [
            self._dropped(name, problem)
            for name, problem in after.dropped.items()
            if name in self.loaded or name not in self.before
        ]

    def _dropped(self, name: str, problem: Problem) -> Problem:
        if name == self.test:
            return replace(problem, severity=Severity.FATAL)
        message = Sentence(
            gettext_noop("{name!r} would be dropped: {problem}; change that test first"),
            name=name,
            problem=problem.message,
        )
        return Problem(Severity.FATAL, message, self.test, code="breaks-dependent")


def examined(
    tests: Mapping[str, TestDefinition], applications: Applications | None = None
) -> Examination:
    """Examine *tests* as the engine does, with the variables of all applications.

    These are the variables of the site and of the registered *applications*. Each application's
    verdict reports whether that application has the variables that a test needs.
    """
    known = read_applications() if applications is None else applications
    return examine(
        Matrix(Audit(), tests), RulePool(), known.context_types, settings.PROCTOR_TEST_TYPES
    )

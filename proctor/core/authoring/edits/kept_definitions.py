"""Check a tree's definitions for problems that matter to the engine or to an editor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.edits.edit_rules import field_problems, name_problems
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.builder import unwritable
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.matrices.validation import validate
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["definition_problems", "tree_problems"]

#: Codes of problems that matter only to an editor. The engine still loads the test.
_OF_EDITORS = frozenset(
    (
        *("description-required", "salt-required", "buckets-required", "meta-tag"),
        *("page-bucket", "bucket-name", "json-null"),
    )
)


def tree_problems(
    tree: Mapping[str, str | bytes | None],
    *,
    context_types: Mapping[str, ContextType] | None = None,
    test_types: Collection[str] = (),
) -> list[Problem]:
    """Return all problems in the definitions of a *tree*, by test name.

    A definition that cannot be read or converted is a fatal problem, because the build fails. The
    result includes the problems that `validate` finds. Problems that matter only to an editor are
    warnings.
    """
    definitions: dict[str, Definition] = {}
    tests: dict[str, TestDefinition] = {}
    found: dict[str, list[Problem]] = {name: [] for name in tree}
    for name, text in tree.items():
        try:
            definitions[name] = _read(text, name)
            tests[name] = definitions[name].consumable()
        except Refusal as refusal:
            found[name].append(replace(refusal.problem, test=name))
    matrix = Matrix(Audit(), tests)
    for problem in validate(matrix, context_types=context_types, test_types=test_types):
        found[problem.test or ""].append(problem)
    for name, infinite in unwritable(tests).items():
        found[name].append(infinite.problem)
    for name in tests:
        found[name].extend(_editor_problems(name, definitions[name]))
    return [problem for problems in found.values() for problem in problems]


def _read(text: str | bytes | None, name: str) -> Definition:
    definition = None if text is None else read_definition(text, name)
    if definition is None:
        raise Refusal(
            Problem(
                Severity.FATAL,
                Sentence(
                    gettext_noop(
                        "its definition.json is missing or null; add one, or remove the directory"
                    )
                ),
                name,
                code="build-missing",
            )
        )
    return definition


def _editor_problems(name: str, definition: Definition) -> Iterator[Problem]:
    given: Iterable[Problem] = (*name_problems(name), *field_problems(definition))
    for problem in given:
        if problem.code in _OF_EDITORS or problem.code.startswith("test-name"):
            yield replace(problem, severity=Severity.WARNING)


def definition_problems(
    definition: Definition,
    *,
    context_types: Mapping[str, ContextType] | None = None,
    test_types: Collection[str] = (),
) -> list[Problem]:
    """Return all problems in one *definition*, except those of its dependencies.

    The severities are the same as in `tree_problems`. The test's name is not checked, because a
    file can have any name.
    """
    try:
        test = replace(definition.consumable(), depends_on=None)
    except Refusal as refusal:
        return [replace(refusal.problem, test=definition.name)]
    matrix = Matrix(Audit(), {definition.name: test})
    return [
        *validate(matrix, context_types=context_types, test_types=test_types),
        *_editor_problems("t", definition),
    ]

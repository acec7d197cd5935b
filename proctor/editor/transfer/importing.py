"""Import a matrix file or a tree of definitions into a branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.tree import DEFINITIONS_DIRECTORY, load_tree
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.messages import printable
from proctor.core.rules.rule import RuleKind, classify
from proctor.core.sentences import Sentence, gettext_noop, sentence_of
from proctor.editor.changes.family import examined
from proctor.editor.models import Head, Kind
from proctor.editor.publishing.publishing import Change, Signature, publish, write_alias
from proctor.editor.publishing.texts import Imported, imported_file, imported_test
from proctor.editor.transfer.declared import bucket_warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.core.problems import Problem

__all__ = ["Import", "ImportRefused", "Source", "import_source", "read_source", "read_text"]


class ImportRefused(ValueError):  # noqa: N818 - says what happened to the import
    """Raised if the source of an import cannot be read.

    The message has a line for each unreadable test.
    """


@dataclass(frozen=True, slots=True)
class Source:
    """The definitions in a file or a tree, keyed by the test's name, with their original text."""

    tests: Mapping[str, Imported]
    warnings: tuple[str, ...] = ()

    @property
    def definitions(self) -> dict[str, Definition]:
        """A mapping from the names of the tests to their definitions."""
        return {name: each.definition for name, each in self.tests.items()}


@dataclass(slots=True)
class Import:
    """The result of an import, or of its preview."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


#: Iterates over a range of numbers, and can show progress.
Progress: TypeAlias = "Callable[[range], Iterable[int]]"


def read_source(path: Path, progress: Progress = iter) -> Source:
    """Return the definitions at *path*: a matrix file, or a directory of definitions.

    *path* can also be the directory that contains `test-definitions`. Raises ImportRefused, which
    names every test that cannot be read.
    """
    return _read_tree(path, progress) if path.is_dir() else _read_matrix(path, progress)


def _read_tree(path: Path, progress: Progress) -> Source:
    inner = path / DEFINITIONS_DIRECTORY
    try:
        tree = load_tree(inner if inner.is_dir() else path)
    except Refusal as refusal:
        raise ImportRefused(sentence_of(refusal)) from refusal
    found, bad = {}, []
    for (name, content), _ in zip(tree.items(), progress(range(len(tree))), strict=True):
        if not isinstance(content, bytes):
            bad.append(f"{printable(name)}: there is no definition.json")
            continue
        try:
            found[name] = imported_file(name, content)
        except Refusal as refusal:
            bad.append(f"{printable(name)}: {printable(refusal, 400)}")
    if bad:
        raise ImportRefused("\n".join(bad))
    return Source(found)


def _read_matrix(path: Path, progress: Progress) -> Source:
    try:
        matrix = Matrix.load(path)
    except MatrixLoadError as error:
        raise ImportRefused(sentence_of(error)) from error
    return _of_matrix(matrix, progress)


def read_text(text: str) -> Source:
    """Return the definitions in the text of a matrix. Raises ImportRefused."""
    try:
        matrix = Matrix.from_json(text.encode("utf-8", "surrogatepass"))
    except MatrixLoadError as error:
        raise ImportRefused(sentence_of(error)) from error
    return _of_matrix(matrix, iter)


def _of_matrix(matrix: Matrix, progress: Progress) -> Source:
    found, warnings = {}, []
    tests = matrix.tests
    for (name, test), _ in zip(tests.items(), progress(range(len(tests))), strict=True):
        found[name] = imported_test(test)
        warnings += [_of_test(name, words) for words in _other_meaning(test)]
    return Source(found, tuple(warnings))


def _of_test(name: str | None, words: str) -> Sentence:
    """Return one line of a message: a test's name and its problem."""
    return Sentence(gettext_noop("{test}: {problem}"), test=printable(name), problem=words)


def _other_meaning(test: TestDefinition) -> list[Sentence]:
    """Return a note for each rule that means something different in a matrix than in the editor."""
    rules = [test.rule, *(each.rule for each in test.allocations)]
    text = gettext_noop(
        "the rule {rule} is never true in a matrix, because it is not inside ${{…}}; "
        "after the import, it is evaluated"
    )
    return [
        Sentence(text, rule=printable(rule, 80))
        for rule in rules
        if classify(rule) is RuleKind.INVALID
    ]


def import_source(
    source: Source,
    branch: str,
    signature: Signature,
    letters: Mapping[str, Iterable[str]] | None = None,
) -> Import:
    """Publish the definitions of *source* on a branch, in one publication.

    Definitions that are already on the branch with the same text are skipped. Tests that are not in
    the source stay unchanged. Raises the same errors as `publish`.
    """
    taken = bucket_warnings(source.definitions, branch)
    result = Import(warnings=[*source.warnings, *_dropped(source), *taken])
    heads = {
        head.test: head.revision
        for head in Head.objects.using(write_alias())
        .filter(branch__name=branch)
        .select_related("revision")
    }
    changes = []
    for name, imported in source.tests.items():
        head = heads.get(name)
        if head is None or head.definition is None:
            result.created.append(name)
        elif (head.definition, head.original) == (imported.text, imported.original):
            result.unchanged.append(name)
            continue
        else:
            result.changed.append(name)
        base = None if head is None or head.definition is None else head.id
        older = tuple((letters or {}).get(name, ()))
        changes.append(
            Change(
                branch,
                name,
                base,
                imported.definition,
                Kind.IMPORT,
                imported=imported,
                older_ids=older,
            )
        )
    if changes:
        publish(changes, signature)
    return result


def _dropped(source: Source) -> list[str]:
    """Return the tests that the engine drops from the matrix; they are imported anyway."""
    tests: dict[str, TestDefinition] = {}
    found = []
    for name, imported in source.tests.items():
        try:
            tests[name] = imported.definition.consumable()
        except Refusal as refusal:
            found.append(_of_test(name, printable(refusal.problem.message, 400)))
    return [*found, *map(_line, examined(Matrix(Audit(), tests).tests).dropped.values())]


def _line(problem: Problem) -> str:
    return _of_test(problem.test, printable(problem.message, 400))

"""Read the relatives of a test from its matrix or tree.

The relatives are the tests that it depends on, and the tests that depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.definition_files.reading import is_directory, read_document, read_tree
from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.refusals import Refusal
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import TestDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proctor.cli.definition_files.in_place import DefinitionFile

__all__ = ["relatives_of"]


def relatives_of(location: str, file: DefinitionFile) -> dict[str, TestDefinition]:
    """Return the tests that depend on the test in *file*, and the tests on which that test depends.

    Indirect dependencies are included. Tests that cannot be read are left out, because they have no
    visitors. The result does not include the test itself, and is empty if *location* is a single
    definition. The tests are in the format of a matrix.
    """
    tests = {name: test for name, test in _tests(location, file) if name != file.test.name}
    children: dict[str, list[str]] = {}
    for name, test in tests.items():
        children.setdefault(_parent(test), []).append(name)
    found: dict[str, TestDefinition] = {}
    below = [file.test.name]
    while below:
        # Dependencies may form a cycle. `pop` makes sure that the loop ends.
        for name in children.pop(below.pop(), ()):
            found[name] = tests[name]
            below.append(name)
    above = _parent(file.test)
    while found and above in tests and above not in found:
        found[above] = tests[above]
        above = _parent(tests[above])
    return found


def _parent(test: TestDefinition) -> str:
    return "" if test.depends_on is None else test.depends_on.test_name or ""


def _tests(location: str, file: DefinitionFile) -> Iterator[tuple[str, TestDefinition]]:
    """Yield the name and the definition of each test in a matrix or a tree."""
    if is_directory(location):
        for name, text in read_tree(location).items():
            try:
                definition = None if text is None else read_definition(text, name)
                if definition is not None:
                    yield name, definition.consumable()
            except Refusal:
                continue
    elif file.is_matrix:
        content = file.text.encode("utf-8", "surrogateescape")
        tests: Mapping[str, Any] = read_document(location, content)["tests"]
        for name, document in tests.items():
            try:
                yield name, TestDefinition.from_dict(name, document)
            except MatrixLoadError:
                continue

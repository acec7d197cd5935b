"""Read definitions from files: a matrix, a definition, or a tree of definitions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from proctor.cli.errors import CommandError
from proctor.cli.inputs import read_content
from proctor.core.authoring.definitions.lenient_json import decoded, parse_lenient
from proctor.core.authoring.definitions.reading import definition_of, read_definition
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.tree import (
    DEFINITION_FILE,
    DEFINITIONS_DIRECTORY,
    Tree,
    load_tree,
)
from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.java.jackson import parse_document
from proctor.core.matrices.matrix import Matrix
from proctor.core.sources.locations import public_location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.authoring.definitions.definition import Definition

__all__ = [
    "Definitions",
    "Kind",
    "definitions_of",
    "file_of",
    "is_directory",
    "kind_of",
    "name_of",
    "read_definitions",
    "read_document",
    "read_tree",
]

#: The kinds of documents that a JSON file can contain.
Kind = Literal["matrix", "definition", "specification"]

#: Fields that a definition can have, but a test in a specification cannot.
_OF_DEFINITIONS = frozenset(("allocations", "salt", "testType", "specialConstants", "constants"))


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions that were read from a location."""

    location: str
    #: A matrix, or a mapping from test names to definitions in the editor's format.
    content: Matrix | Mapping[str, Any]
    #: True if the location is a file with one definition, or an empty file.
    is_single: bool = False


def read_definitions(location: str) -> Definitions:
    """Read a matrix, a definition or a tree, depending on the content of the location.

    An empty file represents a definition that does not exist. Raises CommandError if the location
    cannot be read or contains none of these, and MatrixLoadError if the matrix is invalid.
    """
    if is_directory(location):
        definitions = definitions_of(location, read_tree(location))
        return Definitions(location, {name: each.to_dict() for name, each in definitions.items()})
    content = read_content(location)
    if not content.strip():
        return Definitions(location, {}, is_single=True)
    document = read_document(location, content)
    kind = kind_of(document)
    if kind == "specification":
        raise CommandError(
            f"{public_location(location)}: expected a matrix or a definition, got a specification"
        )
    if kind == "definition":
        name = name_of(location)
        try:
            definition = definition_of(document, name)
            definition.consumable()
        except Refusal as refusal:
            raise CommandError(
                f"{public_location(location)}: {refusal.problem.message}"
            ) from refusal
        return Definitions(location, {name: definition.to_dict()}, is_single=True)
    try:
        return Definitions(location, Matrix.from_dict(document))
    except MatrixLoadError as error:
        raise MatrixLoadError(f"{public_location(location)}: {error}", error.problems) from error


def read_document(location: str, content: bytes) -> dict[str, Any]:
    """Return the JSON object in a file. Raises CommandError if the file does not contain one.

    Definitions and specifications may contain comments, as in Java Proctor. A matrix may not.
    """
    try:
        document = parse_document(content)
    except ConversionError as error:
        document = _with_comments(content)
        if document is None or kind_of(document) == "matrix":
            raise CommandError(f"{public_location(location)}: {error}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{public_location(location)}: expected a JSON object")
    return document


def _with_comments(content: bytes) -> dict[str, Any] | None:
    try:
        document = parse_lenient(decoded(content))
    except Refusal:
        return None
    return document if isinstance(document, dict) else None


def kind_of(document: Mapping[str, Any]) -> Kind:
    """Return the kind of a JSON document, based on its fields."""
    if "audit" in document:
        return "matrix"
    if "providedContext" in document or "dynamicFilters" in document:
        return "specification"
    tests = document.get("tests")
    if isinstance(tests, dict) and tests and all(map(_is_expectation, tests.values())):
        return "specification"
    known = _OF_DEFINITIONS | {"buckets"}
    return "definition" if "tests" not in document and known & document.keys() else "matrix"


def _is_expectation(value: Any) -> bool:
    if not isinstance(value, dict):
        return value is None
    return not _OF_DEFINITIONS & value.keys() and not isinstance(value.get("buckets"), list)


def is_directory(location: str) -> bool:
    """Return True if the location is a directory, and therefore a tree."""
    try:
        return location != "-" and Path(location).is_dir()
    except (OSError, ValueError):
        return False


def read_tree(location: str, directory: str = DEFINITIONS_DIRECTORY) -> Tree:
    """Read the text of each definition in a tree, by test name.

    *location* contains the *directory* of definitions, or is that directory. Raises CommandError if
    there are no definitions.
    """
    root = _definitions_directory(Path(location), directory)
    try:
        tree = load_tree(root)
    except Refusal as refusal:
        raise CommandError(refusal.problem.message) from refusal
    if root == Path(location):
        # The directory may also contain directories that git and text editors create.
        tree = {name: text for name, text in tree.items() if not name.startswith(".")}
        if not any(text is not None for text in tree.values()):
            raise CommandError(
                f"{location!r} has no definitions; expected {directory}/<test>/{DEFINITION_FILE}"
            )
    return tree


def definitions_of(location: str, tree: Tree) -> dict[str, Definition]:
    """Return the definitions in a tree, by test name. Raises CommandError if one is invalid."""
    found = {}
    for name, text in tree.items():
        try:
            definition = None if text is None else read_definition(text, name)
            if definition is not None:
                definition.consumable()
        except Refusal as refusal:
            message = refusal.problem.message
            raise CommandError(f"{_shown_file(location, name)}: {message}") from refusal
        if definition is None:
            raise CommandError(f"{_shown_file(location, name)}: the definition is missing or null")
        found[name] = definition
    return found


def _shown_file(location: str, test: str) -> str:
    return str(_definitions_directory(Path(location)) / test / DEFINITION_FILE)


def file_of(location: str, test: str) -> str:
    """Return the file that contains a test: its own file in a tree, otherwise *location*."""
    if not is_directory(location):
        return location
    file = _definitions_directory(Path(location)) / test / DEFINITION_FILE
    if not file.is_file():
        raise CommandError(f"{location!r} has no test {test!r}: {str(file)!r} does not exist")
    return str(file)


def _definitions_directory(location: Path, directory: str = DEFINITIONS_DIRECTORY) -> Path:
    inner = location / directory
    return inner if inner.is_dir() else location


def name_of(location: str) -> str:
    """Return the name of the test in a file with one definition."""
    path = Path(location)
    return path.resolve().parent.name if path.name == DEFINITION_FILE else path.stem

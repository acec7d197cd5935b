"""Proctor's directory of definitions: `test-definitions/<test>/definition.json`.

A tree maps test names to the texts of their definitions. Only `load_tree` and `save_definition`
access the disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.writing import METADATA_TEXT, definition_text
from proctor.core.authoring.refusals import refuse
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from proctor.core.authoring.definitions.definition import Definition

__all__ = [
    "DEFINITIONS_DIRECTORY",
    "DEFINITION_FILE",
    "METADATA_FILE",
    "Tree",
    "load_tree",
    "save_definition",
    "tree_of_files",
]

DEFINITIONS_DIRECTORY = "test-definitions"
DEFINITION_FILE = "definition.json"
METADATA_FILE = "metadata.json"
#: Subversion's directory, which can be next to the directories of the tests.
_IGNORED = ".svn"

#: Maps each test name to the text of the test's definition.json, or to None if the file is missing.
Tree = dict[str, str | bytes | None]


def tree_of_files(
    files: Mapping[str, str | bytes | None],
    directory: str = DEFINITIONS_DIRECTORY,
    *,
    contents: str | None = None,
) -> Tree:
    """Return the tree in *files*, which maps paths to contents (None for an empty directory).

    Each directory directly below *directory* is a test. The tests' definitions are read from
    the directory *contents*, by default the same directory. (Java Proctor's local builder has the
    same option, but ignores it and always reads from `test-definitions`.) Raises Refusal if
    *directory* does not exist.
    """
    base = _parts(directory)
    found = {path: _parts(path) for path in files}
    inside = [parts for parts in found.values() if parts[: len(base)] == base]
    if not inside:
        raise _missing(directory)
    by_parts = {parts: files[path] for path, parts in found.items()}
    names = {
        parts[len(base)]: None
        for parts in inside
        if len(parts) > len(base) + 1 or (len(parts) > len(base) and by_parts[parts] is None)
    }
    root = base if contents is None else _parts(contents)
    return {
        name: by_parts.get((*root, name, DEFINITION_FILE)) for name in names if name != _IGNORED
    }


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part not in ("", "."))


def load_tree(directory: str | os.PathLike[str]) -> Tree:
    """Return the tree in a *directory* of definitions, with its tests sorted by name.

    Raises Refusal if the directory or a file in it cannot be read.
    """
    base = Path(directory)
    try:
        names = sorted(each.name for each in base.iterdir() if each.is_dir())
    except (OSError, ValueError) as error:
        raise _missing(str(directory), str(error)) from error
    return {name: _content(base / name / DEFINITION_FILE) for name in names if name != _IGNORED}


def _content(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise refuse(
            "unreadable",
            Sentence(
                gettext_noop("cannot read {path}: {reason}"), path=str(path), reason=str(error)
            ),
        ) from error


def _missing(directory: str, reason: str | None = None) -> Exception:
    return refuse(
        "build-directory",
        Sentence(
            gettext_noop(
                "cannot read the definitions directory {directory!r}: {reason}; expected {expected}"
            ),
            directory=directory,
            reason=reason or Sentence(gettext_noop("it does not exist")),
            expected=f"{DEFINITIONS_DIRECTORY}/<test>/{DEFINITION_FILE}",
        ),
    )


def save_definition(directory: str | os.PathLike[str], definition: Definition) -> None:
    """Write the definition.json and metadata.json of one test below a *directory* of definitions.

    Unknown fields are kept. Raises Refusal if JSON cannot express a number, and OSError if a
    file cannot be written.
    """
    text = definition_text(definition)
    folder = Path(directory) / definition.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DEFINITION_FILE).write_bytes(text.encode())
    (folder / METADATA_FILE).write_bytes(METADATA_TEXT.encode())

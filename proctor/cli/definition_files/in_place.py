"""Edit a test in its file without changing anything else in the file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proctor.cli.definition_files.reading import kind_of, read_document
from proctor.cli.errors import CommandError
from proctor.cli.files import write_file
from proctor.cli.inputs import read_content
from proctor.core.authoring.definitions.definition import Definition
from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.moves.splicing import Span, find, ranges_text, spliced
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.review.sides import tests_of
from proctor.core.evaluation.explainer import refuse_unknown
from proctor.core.java.frozen import FrozenDict
from proctor.core.java.json_comments import without_comments
from proctor.core.matrices.matrix import TestDefinition
from proctor.core.sources.locations import is_address, public_location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["DefinitionFile", "next_version", "read_file", "write_in_place"]


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """The text of a file that contains a test, and the test in the file's format."""

    location: str
    text: str
    #: The keys that lead to the definition, or an empty tuple if the file contains nothing else.
    path: tuple[str, ...]
    #: The test in the file's format. For a definition.json, this is the editor's format.
    test: TestDefinition
    special_constants: Mapping[str, Any] = field(default_factory=FrozenDict)

    @property
    def is_matrix(self) -> bool:
        return bool(self.path)

    def in_matrix_form(self, test: TestDefinition) -> TestDefinition:
        """Convert *test* from the file's format to the format of a matrix."""
        if self.is_matrix:
            return test
        document = Definition(test, self.special_constants).to_dict()
        return tests_of({test.name: document})[test.name]


def read_file(location: str, test: str) -> DefinitionFile:
    """Read the file that contains *test*. Raises CommandError or UnknownTest."""
    content = read_content(location)
    document = read_document(location, content)
    # Text after the document is allowed, and is kept.
    return _file(location, content.decode("utf-8", "surrogateescape"), document, test)


def _file(location: str, text: str, document: dict[str, Any], test: str) -> DefinitionFile:
    kind = kind_of(document)
    if kind == "specification":
        raise CommandError(
            f"{public_location(location)}: expected a matrix or a definition, got a specification"
        )
    if kind == "definition":
        try:
            definition = definition_of(document, test)
            definition.consumable()
        except Refusal as refusal:
            raise CommandError(
                f"{public_location(location)}: {refusal.problem.message}"
            ) from refusal
        return DefinitionFile(location, text, (), definition.test, definition.special_constants)
    tests = document.get("tests")
    if not isinstance(tests, dict) or test not in tests:
        refuse_unknown(test, tests if isinstance(tests, dict) else {})
    return DefinitionFile(
        location, text, ("tests", test), TestDefinition.from_dict(test, tests[test])
    )


def next_version(version: str) -> str:
    """Return the version after *version*: `8` after `7`, `1.3` after `1.2`, `r5-1` after `r5`.

    An empty version or a negative whole number is not changed: it means that the test was never
    published.
    """
    if not version or re.fullmatch("-[0-9]+", version):
        return version
    found = re.fullmatch(r"(.*[.-])?([0-9]{1,18})", version, re.DOTALL)
    return f"{version}-1" if found is None else f"{found[1] or ''}{int(found[2]) + 1}"


def write_in_place(file: DefinitionFile, index: int, new: TestDefinition) -> None:
    """Write an allocation's ranges and id, and the test's versions; keep all other bytes."""
    if file.location == "-" or is_address(file.location):
        raise CommandError("-i needs a file to write to, not a URL or standard input")
    text = _edited(file, index, new)
    content = text.encode("utf-8", "surrogateescape")
    written = _file(file.location, text, read_document(file.location, content), new.name)
    if written.test.allocations != new.allocations:
        raise CommandError(
            f"cannot change {file.location!r} in place; change the ranges in an editor"
        )
    write_file(file.location, content)


def _edited(file: DefinitionFile, index: int, new: TestDefinition) -> str:
    """Return the text of the file with new ranges, ids and versions."""
    old = file.test
    path: tuple[str | int, ...] = (*file.path, "allocations")
    changes: list[tuple[Span, str]] = []
    # Replace comments with spaces, so that all positions stay the same.
    text = without_comments(file.text)
    ranges = find(text, (*path, index, "ranges"))
    if ranges is not None:
        if text[slice(*ranges)] != file.text[slice(*ranges)]:
            raise CommandError(
                f"cannot change {file.location!r} in place: there are comments among the ranges; "
                "change the ranges in an editor"
            )
        before, after = (each.allocations[index].ranges for each in (old, new))
        changes.append((ranges, ranges_text(text, ranges, before, after)))
    for number, (before_it, after_it) in enumerate(
        zip(old.allocations, new.allocations, strict=True)
    ):
        place = find(text, (*path, number, "id"))
        if place is not None and before_it.id != after_it.id:
            changes.append((place, json.dumps(after_it.id)))
    places = [(*file.path, "version"), *([("audit", "version")] if file.is_matrix else [])]
    for each in places:
        changes.extend(_version_change(text, each))
    return spliced(file.text, changes)


def _version_change(text: str, path: tuple[str, ...]) -> Iterator[tuple[Span, str]]:
    place = find(text, path)
    if place is None:
        return
    given = text[place.start : place.stop]
    if given.startswith('"'):
        yield place, json.dumps(next_version(json.loads(given)))
    elif given[0] in "-0123456789":
        after = next_version(given)
        # Versions such as r5-1 are not numbers.
        yield place, after if re.fullmatch("-?[0-9.]+", after) else json.dumps(after)

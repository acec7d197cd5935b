"""The text of definitions: how it is imported, stored and exported.

Stored text is ASCII. An imported definition keeps its text, with non-ASCII characters escaped. Its
original bytes are kept too if writing the definition again would not reproduce them. A published
definition has the same layout as in Java Proctor's store.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.authoring.definitions.definition import Definition
from proctor.core.authoring.definitions.lenient_json import decoded
from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.definitions.writing import definition_text
from proctor.core.authoring.refusals import Refusal
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.matrices.matrix import TestDefinition

__all__ = [
    "Imported",
    "ascii_json",
    "exported",
    "imported_file",
    "imported_test",
    "is_storable",
    "parse",
    "write",
]

_NOT_ASCII = re.compile("[^\0-\x7f]")
#: PostgreSQL cannot store NUL, and no database can store a lone surrogate.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


class Imported(NamedTuple):
    """A definition that keeps its imported text."""

    definition: Definition
    #: The values of `Revision.definition` and `Revision.original`.
    text: str
    original: bytes | None


def is_storable(text: str) -> bool:
    """Return whether every database can store *text* unchanged and search for it."""
    return _NOT_STORABLE.search(text) is None


def ascii_json(text: str) -> str:
    """Return JSON *text* with non-ASCII characters escaped, as surrogate pairs if necessary."""
    return _NOT_ASCII.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def parse(text: str | bytes, name: str) -> Definition:
    """Read a definition from text. Raises Refusal for `null` or any other invalid definition."""
    definition = read_definition(text, name)
    if definition is None:
        raise Refusal(_null(name))
    return definition


def _null(name: str) -> Problem:
    return Problem(
        Severity.FATAL,
        Sentence(gettext_noop("the definition is null; write {{...}}")),
        name,
        code="json-null",
    )


def write(definition: Definition) -> str:
    """Return the text to store for a published definition. Raises Refusal."""
    return ascii_json(definition_text(definition))


def imported_file(name: str, content: bytes) -> Imported:
    """Convert a definition.json to the stored format. Raises Refusal if it cannot be read."""
    definition = parse(content, name)
    text = ascii_json(decoded(content))
    same = _bytes_of(definition) == content
    return Imported(definition, text, None if same else content)


def imported_test(test: TestDefinition) -> Imported:
    """Convert a test in a matrix file to the stored format.

    Every digit and all unknown fields are kept.
    """
    definition = Definition(test)
    document = definition.to_dict()
    return Imported(definition, json.dumps(document, allow_nan=False), None)


def exported(name: str, text: str, original: bytes | None) -> bytes:
    """Return the content of definition.json for a stored revision, as bytes. Raises Refusal."""
    return bytes(original) if original is not None else _bytes_of(parse(text, name))


def _bytes_of(definition: Definition) -> bytes:
    return definition_text(definition).encode("utf-8", "surrogatepass")

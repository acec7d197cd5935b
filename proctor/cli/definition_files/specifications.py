"""Read the specifications of applications from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.cli.definition_files.reading import read_document
from proctor.cli.errors import CommandError
from proctor.cli.inputs import read_content
from proctor.core.authoring.compatibility.dynamic_filters import matches_any
from proctor.core.authoring.compatibility.specifications import Specification, specification_of
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.review.sides import tests_of
from proctor.core.declarations.specification import foreign_field, kind_instead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.authoring.review.sides import Reviewed

__all__ = ["declared_tests", "read_specifications"]


def read_specifications(locations: Iterable[str]) -> dict[str, Specification]:
    """Return specifications by location, parsed as leniently as applications parse them.

    Raises CommandError if a specification cannot be read.
    """
    found = {}
    for location in locations:
        document = read_document(location, read_content(location))
        what = kind_instead(document)
        if what:
            raise CommandError(f"{location}: expected a specification, got {what}")
        # Applications ignore unknown fields. A file that has only such fields is rejected, because
        # it would pass every check.
        foreign = foreign_field(document)
        if foreign:
            raise CommandError(f"{location}: {foreign}")
        try:
            found[location] = specification_of(document)
        except Refusal as refusal:
            raise CommandError(f"{location}: {refusal}") from refusal
    return found


def declared_tests(specifications: Iterable[Specification], *sides: Reviewed) -> set[str]:
    """Return the tests that the specifications declare.

    These include the tests in *sides* that match a dynamic filter of a specification.
    """
    found: set[str] = set()
    for specification in specifications:
        found.update(specification.tests)
        for side in sides if specification.dynamic_filters else ():
            found.update(
                name
                for name, test in tests_of(side).items()
                if matches_any(specification.dynamic_filters, test)
            )
    return found

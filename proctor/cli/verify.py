"""`verify`: check whether a matrix satisfies the specifications of applications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_json
from proctor.cli.build import read_tree_to_build
from proctor.cli.definition_files.reading import definitions_of, is_directory
from proctor.cli.definition_files.specifications import read_specifications
from proctor.cli.inputs import read_matrix
from proctor.cli.printing import MAX_LINE, pretty_json
from proctor.core.authoring.branches.careful_promotion import missing_payload
from proctor.core.authoring.compatibility.verification import verify
from proctor.core.authoring.refusals import Refusal
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.messages import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator, Mapping
    from typing import TextIO

    from proctor.core.authoring.compatibility.specifications import Specification
    from proctor.core.problems import Problem

DESCRIPTION = "Check whether a matrix satisfies the specifications of applications."

DETAILS = (
    "Exit code 0: the matrix satisfies all applications. 1: it fails to satisfy at least one "
    "of them. 2: bad input."
)

SATISFIED, FINDING = 0, 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of the check for one application."""

    tests: int
    #: Tests in the specification that are not in the matrix.
    missing: tuple[str, ...]
    #: Tests in the specification that the application could not use, each with the reason.
    errors: Mapping[str, str]
    #: Tests that only a filter selects and that could not be loaded, each with the reason. They are
    #: reported only as warnings.
    dynamic_errors: Mapping[str, str]
    dynamic_tests: tuple[str, ...]
    #: The reason why the whole check failed; None if it did not fail.
    failure: str | None = None

    @property
    def is_satisfied(self) -> bool:
        """True if the matrix provides everything that the application specifies."""
        return not (self.missing or self.errors or self.failure)


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("verify", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument(
        "matrix",
        metavar="MATRIX",
        help="path, http(s) URL or object-store address of a matrix, - for standard input, or a "
        "directory with test-definitions",
    )
    parser.add_argument(
        "specifications",
        nargs="+",
        metavar="SPECIFICATION",
        help="path or http(s) URL of the specification of an application",
    )
    parser.add_argument(
        "--test-type",
        action="append",
        default=[],
        metavar="NAME",
        help="a test type besides Proctor's own; may be repeated",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print which tests each application could not use, and why. Return the exit code."""
    matrix = _matrix(options.matrix)
    specifications = read_specifications(options.specifications)
    found = {
        location: outcome(matrix, each, options.matrix, options.test_type)
        for location, each in specifications.items()
    }
    if options.json:
        out.write(pretty_json(as_json(found)) + "\n")
    else:
        for location, each in found.items():
            out.writelines(f"{printable(line, MAX_LINE)}\n" for line in lines(location, each))
    return SATISFIED if all(each.is_satisfied for each in found.values()) else FINDING


def _matrix(location: str) -> Matrix:
    if not is_directory(location):
        return read_matrix(location)
    definitions = definitions_of(location, read_tree_to_build(location))
    return Matrix(Audit(), {name: each.consumable() for name, each in definitions.items()})


def outcome(
    matrix: Matrix, specification: Specification, source: str, test_types: Collection[str] = ()
) -> Outcome:
    """Check *matrix*, which was read from *source*, against one specification."""
    asked = specification.tests
    try:
        found = verify(matrix, specification, source, test_types=test_types)
    except Refusal as refusal:
        return Outcome(len(asked), (), {}, {}, (), str(refusal))
    # Java Proctor accepts a test without payloads, even if the specification expects them.
    without = (
        missing_payload(matrix.tests[name], specification) for name in asked if name in matrix.tests
    )
    errors: dict[str, Problem] = {each.test or "": each for each in without if each is not None}
    errors.update(found.errors)
    return Outcome(
        len(asked),
        found.missing,
        {name: each.message for name, each in sorted(errors.items())},
        {name: each.message for name, each in sorted(found.dynamic_errors.items())},
        found.dynamic_tests,
    )


def lines(location: str, found: Outcome) -> Iterator[str]:
    """Yield a line for each test that is missing or unusable, and a summary line."""
    if found.failure is not None:
        yield f"{location}: fatal: {found.failure}"
    for name in found.missing:
        yield f"{location}: missing: {name}: the matrix does not have the test"
    for name, message in found.errors.items():
        yield f"{location}: unusable: {name}: {message}"
    for name, message in found.dynamic_errors.items():
        yield f"{location}: warning: {name}, selected by a filter: {message}"
    number = f"{found.tests} {'test' if found.tests == 1 else 'tests'}"
    yield f"{location}: {number}, {'satisfied' if found.is_satisfied else 'not satisfied'}"


def as_json(found: Mapping[str, Outcome]) -> dict[str, Any]:
    """Return the outcomes as a JSON document."""
    return {
        "satisfied": all(each.is_satisfied for each in found.values()),
        "specifications": [
            {
                "specification": location,
                "satisfied": each.is_satisfied,
                "failure": each.failure,
                "missing": list(each.missing),
                "errors": dict(each.errors),
                "dynamic_tests": list(each.dynamic_tests),
                "dynamic_errors": dict(each.dynamic_errors),
            }
            for location, each in found.items()
        ],
    }

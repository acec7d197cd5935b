"""`validate`: find all problems in a matrix, tree, definition or specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations, add_json
from proctor.cli.definition_files.reading import (
    is_directory,
    kind_of,
    name_of,
    read_document,
    read_tree,
)
from proctor.cli.inputs import read_content, read_variables
from proctor.cli.printing import MAX_LINE, pretty_json
from proctor.core.authoring.compatibility.specification_problems import specification_problems
from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.edits.kept_definitions import definition_problems, tree_problems
from proctor.core.authoring.refusals import Refusal
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import Matrix
from proctor.core.matrices.validation import Problem, Severity, validate
from proctor.core.messages import printable
from proctor.core.sources.locations import public_location

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

DESCRIPTION = "Find all problems in a matrix or in definitions."

DETAILS = (
    "FILE_OR_TREE is a matrix, one definition.json, the specification of an application, or a "
    "directory that contains test-definitions/<test>/definition.json. "
    "Exit code 0: no test would be dropped. 1: the matrix cannot be loaded, or tests would be "
    "dropped, or, with --strict, there are warnings. 2: bad usage, or there is no JSON to read."
)

CLEAN, PROBLEMS = 0, 1


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser(
        "validate", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}"
    )
    parser.add_argument(
        "location",
        metavar="FILE_OR_TREE",
        help="path, http(s) URL or object-store address of a file, - for standard input, or a "
        "directory",
    )
    parser.add_argument("--strict", action="store_true", help="warnings count as problems")
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the problems. Return the exit code."""
    variables = read_variables(options)
    declared = {"context_types": variables.context_types, "test_types": options.test_type}
    tests, problems = _problems(options.location, declared)
    if options.json:
        document = {"tests": tests, "problems": [as_json(problem) for problem in problems]}
        out.write(pretty_json(document) + "\n")
    else:
        out.writelines(f"{line}\n" for line in lines(problems, tests))
    return exit_code(problems, strict=options.strict)


def _problems(location: str, declared: Mapping[str, Any]) -> tuple[int, list[Problem]]:
    """Return the number of tests at a location, and all their problems."""
    if is_directory(location):
        tree = read_tree(location)
        return len(tree), tree_problems(tree, **declared)
    document = read_document(location, read_content(location))
    kind = kind_of(document)
    if kind == "specification":
        tests = document.get("tests")
        return len(tests) if isinstance(tests, dict) else 0, specification_problems(document)
    if kind == "definition":
        return 1, _of_definition(document, name_of(location), declared)
    try:
        matrix = Matrix.from_dict(document)
    except MatrixLoadError as error:
        fatal = Problem(Severity.FATAL, f"{public_location(location)}: {error}")
        return 0, list(error.problems) or [fatal]
    return len(matrix.tests), validate(matrix, **declared)


def _of_definition(document: Any, name: str, declared: Mapping[str, Any]) -> list[Problem]:
    try:
        definition = definition_of(document, name)
    except Refusal as refusal:
        return [refusal.problem]
    return definition_problems(definition, **declared)


def exit_code(problems: Sequence[Problem], *, strict: bool = False) -> int:
    """Return 1 if a test or the matrix would be dropped or, with *strict*, for any problem."""
    grave = [each for each in problems if strict or each.severity is not Severity.WARNING]
    return PROBLEMS if grave else CLEAN


def lines(problems: Sequence[Problem], tests: int) -> Iterator[str]:
    """Yield a line for each problem, the most serious first, and a line with the totals."""
    order = list(Severity)
    for problem in sorted(problems, key=lambda each: order.index(each.severity)):
        text = str(problem) if problem.test else problem.message
        yield f"{problem.severity.value}: {printable(text, MAX_LINE)}"
    counts = [
        f"{count} {severity.value}"
        for severity in order
        if (count := sum(each.severity is severity for each in problems))
    ]
    yield f"{tests} {'test' if tests == 1 else 'tests'}, {', '.join(counts) or 'no problems'}"


def as_json(problem: Problem) -> dict[str, Any]:
    """Return the problem as a JSON document."""
    return {
        "severity": problem.severity.value,
        "test": problem.test,
        "allocation": problem.allocation,
        "rule": problem.rule,
        "column": problem.column,
        "message": problem.message,
    }

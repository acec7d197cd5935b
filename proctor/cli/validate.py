"""`validate`: everything that is wrong with a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations, add_json, add_matrix
from proctor.cli.inputs import read_matrix, read_variables
from proctor.cli.printing import MAX_LINE, pretty_json
from proctor.core.display import printable
from proctor.core.exceptions import MatrixLoadError
from proctor.core.validation import Problem, Severity, validate

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from typing import TextIO

DESCRIPTION = "Find everything that is wrong with a matrix."

DETAILS = (
    "Exit code 0: no test is lost. 1: the matrix cannot be loaded, or tests would be dropped "
    "(with --strict: or there are warnings). 2: bad usage, or no JSON to read."
)

CLEAN, PROBLEMS = 0, 1


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "validate", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}"
    )
    add_matrix(parser)
    parser.add_argument("--strict", action="store_true", help="warnings count as problems")
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the problems; the result is the exit code."""
    variables = read_variables(options)
    tests = 0
    try:
        matrix = read_matrix(options.matrix)
    except MatrixLoadError as error:
        problems = list(error.problems) or [Problem(Severity.FATAL, str(error))]
    else:
        tests = len(matrix.tests)
        problems = validate(
            matrix, context_types=variables.context_types, test_types=options.test_type
        )
    if options.json:
        document = {"tests": tests, "problems": [as_json(problem) for problem in problems]}
        out.write(pretty_json(document) + "\n")
    else:
        out.writelines(f"{line}\n" for line in lines(problems, tests))
    return exit_code(problems, strict=options.strict)


def exit_code(problems: Sequence[Problem], *, strict: bool = False) -> int:
    """1 if any of the problems costs a test or the matrix; with *strict*, for any."""
    grave = [each for each in problems if strict or each.severity is not Severity.WARNING]
    return PROBLEMS if grave else CLEAN


def lines(problems: Sequence[Problem], tests: int) -> Iterator[str]:
    """A line for each problem, the gravest first, and one that counts them."""
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
    """The problem as a JSON document."""
    return {
        "severity": problem.severity.value,
        "test": problem.test,
        "allocation": problem.allocation,
        "rule": problem.rule,
        "column": problem.column,
        "message": problem.message,
    }

"""`explain`: explain why a visitor is in a group, or in no group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations, add_json, add_matrix, add_visitor
from proctor.cli.complaints import muted
from proctor.cli.errors import CommandError
from proctor.cli.inputs import load_proctor, read_visitor, require_test
from proctor.cli.printing import pretty_json

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from proctor.cli.inputs import Visitor
    from proctor.cli.printing import Output
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.explanation import Explanation

DESCRIPTION = "Explain why a visitor is in a group of a test, or in none."


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("explain", help=DESCRIPTION, description=DESCRIPTION)
    add_matrix(parser)
    parser.add_argument(
        "test",
        metavar="TEST",
        nargs="?",
        help="name of the test; with --function, it may be omitted",
    )
    parser.add_argument(
        "--function",
        action="store_true",
        help="print the Python function compiled from the matrix, or from TEST; needs no visitor",
    )
    add_visitor(parser)
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the explanation, or with --function the compiled function. Return the exit code."""
    if options.function:
        return _print_function(options, out)
    if options.test is None:
        raise CommandError("explain needs the name of a TEST, or --function")
    proctor, variables = load_proctor(options)
    visitor = read_visitor(options, variables, options.test_type, matrix=proctor.matrix)
    write(look(proctor, options.test, visitor, random=options.random), out, json=options.json)
    return 0


#: Maps attributes of the parsed arguments to the options that describe a visitor.
_OF_A_VISITOR = {
    "id": "--id",
    "force": "--force",
    "context": "--context",
    "type": "--type",
    "context_json": "--context-json",
    "random": "--random",
    "no_empty": "--no-empty",
}


def _print_function(options: argparse.Namespace, out: TextIO) -> int:
    for attribute, option in _OF_A_VISITOR.items():
        if getattr(options, attribute):
            raise CommandError(
                f"--function shows the matrix, not the groups of a visitor; leave out {option}"
            )
    proctor, _ = load_proctor(options)
    if options.test is not None:
        require_test(proctor, options.test)
    text = proctor.function_text(options.test)
    out.write((pretty_json({"function": text}) if options.json else text) + "\n")
    return 0


def look(proctor: Proctor, test: str, visitor: Visitor, *, random: bool) -> Explanation:
    """Return the decision for a visitor in one test, and the reason.

    Log messages about rules are suppressed. If *random* is True, a test of type RANDOM draws a
    group. Raises UnknownTest if the matrix does not contain the test.
    """
    with muted():
        return proctor.explain(
            test,
            identifiers=visitor.identifiers,
            context=visitor.context,
            force_groups=visitor.force_groups,
            random_enabled=random,
        )


def write(explanation: Explanation, out: Output, *, json: bool) -> None:
    """Print the result of `look`, as text or as JSON."""
    out.write((pretty_json(explanation.to_dict()) if json else str(explanation)) + "\n")

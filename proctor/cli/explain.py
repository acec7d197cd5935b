"""`explain`: why a visitor is in a group, or in none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations, add_json, add_matrix, add_visitor
from proctor.cli.complaints import muted
from proctor.cli.inputs import load_proctor, read_visitor
from proctor.cli.printing import pretty_json

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from proctor.cli.inputs import Visitor
    from proctor.cli.printing import Output
    from proctor.core.engine import Proctor
    from proctor.core.explanation import Explanation

DESCRIPTION = "Say why a visitor is in a group of a test, or in none."


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("explain", help=DESCRIPTION, description=DESCRIPTION)
    add_matrix(parser)
    parser.add_argument("test", metavar="TEST", help="name of the test")
    add_visitor(parser)
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the explanation; the result is the exit code."""
    proctor, variables = load_proctor(options)
    visitor = read_visitor(options, variables, options.test_type)
    write(look(proctor, options.test, visitor, random=options.random), out, json=options.json)
    return 0


def look(proctor: Proctor, test: str, visitor: Visitor, *, random: bool) -> Explanation:
    """What is decided for a visitor in one test, and why; rules log nothing besides.

    *random* lets a test of type RANDOM draw. UnknownTest for one that the matrix has not.
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
    """Print what `look` has found, as text or as JSON."""
    out.write((pretty_json(explanation.to_dict()) if json else str(explanation)) + "\n")

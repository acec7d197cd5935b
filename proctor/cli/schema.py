"""`schema`: print the JSON Schemas of Proctor's documents, for editors and CI."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from proctor.core.schemas.schemas import SCHEMAS, schema_text

if TYPE_CHECKING:
    from typing import TextIO

DESCRIPTION = "Print the JSON Schema of a matrix, a definition, a specification or a configuration."

EPILOG = """\
The schema describes what an author should write. With --lenient, it accepts everything that Java
Proctor accepts. Do not add a $schema key to a document, because Java Proctor refuses it.
"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser(
        "schema",
        help=DESCRIPTION,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("document", choices=list(SCHEMAS), help="the kind of document")
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="also allow what Java Proctor accepts: unknown fields, and values that it converts",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the schema. Return the exit code."""
    out.write(schema_text(options.document, lenient=options.lenient))
    return 0

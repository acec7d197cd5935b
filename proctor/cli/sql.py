"""`sql`: write a test as one SQL expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.bulk.dialects import DIALECTS
from proctor.bulk.sql import sql_expression
from proctor.cli.arguments import add_declarations
from proctor.cli.inputs import load_proctor, require_test
from proctor.cli.tables.columns import ColumnOption, add_columns, read_columns

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

DESCRIPTION = "Write a test as one SQL expression, for a warehouse."

DETAILS = (
    "The expression returns the name of a row's group, or NULL. Rules may contain comparisons, "
    "proctor:contains with constants, and logical operators; other rules are rejected. The types "
    "of variables must be declared. A column must have the SQL type of its variable. A variable "
    "without --context is read from the column with the same name."
)


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("sql", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument("test", metavar="TEST", help="name of the test")
    parser.add_argument(
        "--matrix",
        required=True,
        metavar="MATRIX",
        help="path, http(s) URL or object-store address of a matrix; - for standard input",
    )
    parser.add_argument("--dialect", required=True, choices=DIALECTS, help="the database")
    add_columns(parser, "[TYPE=]COLUMN")
    add_declarations(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the expression. Return the exit code."""
    proctor, variables = load_proctor(options)
    require_test(proctor, options.test)
    # If --id names only a column, the column contains identifiers of the test's type.
    own = str(proctor.definition(options.test).test_type)
    keys = {each.test_type: each.source_key for each in variables.identifier_variables}
    options.id = [
        each if each.column else ColumnOption(keys.get(own, own), each.name) for each in options.id
    ]
    columns = read_columns(options, variables)
    expression = sql_expression(
        proctor,
        options.test,
        dialect=options.dialect,
        identifiers=columns.identifiers,
        context=columns.context,
        types=None if options.config else columns.types,
        defaults=columns.defaults,
    )
    out.write(f"{expression}\n")
    return 0

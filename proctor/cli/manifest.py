"""`manifest`: print the flags from which OpenFeature's CLI generates typed clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.inputs import read_matrix
from proctor.cli.printing import pretty_json
from proctor.core.declarations.registry import Registry
from proctor.core.flags.manifest import declared_flags, manifest_file

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

DESCRIPTION = "Print a matrix as an OpenFeature flag manifest, for typed clients."

DETAILS = (
    "Each test becomes a flag with the type of its payloads, or a boolean flag if it has no "
    "payloads. Write the output to flags.json, and run `openfeature generate react --manifest "
    "flags.json`."
)


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser(
        "manifest", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}"
    )
    parser.add_argument(
        "matrix", metavar="MATRIX", help="path or http(s) URL, - for standard input"
    )
    parser.add_argument(
        "--specification",
        metavar="FILE",
        help="the specification of an application: print only its tests and their fallback values",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the manifest. Return the exit code."""
    definitions = read_matrix(options.matrix).tests
    declared = Registry()
    if options.specification is not None:
        declared = Registry.from_specification(options.specification)
    names = definitions if options.specification is None else declared
    flags = declared_flags(names, definitions, declared)
    out.write(pretty_json(manifest_file(flags)) + "\n")
    return 0

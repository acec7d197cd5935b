"""Options that several sub-commands share, and parsers for their values."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConfigurationError
from proctor.core.inputs.user_agents import user_agent_parser
from proctor.core.java.context_types import ContextType, pipet_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def add_matrix(parser: argparse.ArgumentParser) -> None:
    """Add the MATRIX positional argument."""
    parser.add_argument(
        "matrix",
        metavar="MATRIX",
        help="path, http(s) URL or object-store address of a matrix; - for standard input",
    )


def add_declarations(parser: argparse.ArgumentParser) -> None:
    """Add the options that declare test types and the context."""
    group = parser.add_argument_group("declarations")
    group.add_argument(
        "--config",
        metavar="FILE",
        help="a pipet-config.json: --id and --context then use its source keys, values are "
        "converted to its types, and tests whose rules use other variables are dropped",
    )
    group.add_argument(
        "--test-type",
        action="append",
        default=[],
        metavar="NAME",
        help="a test type besides Proctor's own; may be repeated",
    )


def add_context(parser: argparse.ArgumentParser, declarations: str = "--config") -> None:
    """Add the options for context variables and their types.

    *declarations* is the option that declares the types; the help text names it.
    """
    group = parser.add_argument_group(
        "context",
        f"Without {declarations}, a value in --context is a String unless --type declares its "
        "type, and a value in --context-json has its JSON type. A rule such as ${loggedIn} needs "
        "a boolean; the string 'true' is not one.",
    )
    group.add_argument(
        "--context",
        action="append",
        default=[],
        type=pair,
        metavar="NAME=VALUE",
        help="a context variable; may be repeated",
    )
    group.add_argument(
        "--type",
        action="append",
        default=[],
        type=typed_name,
        metavar="NAME=TYPE",
        help="the type of a variable: int, long, double, boolean, char, String, list, ... "
        "as in a pipet-config.json; may be repeated",
    )
    group.add_argument(
        "--context-json",
        type=json_object,
        default={},
        metavar="OBJECT",
        help='additional variables as a JSON object: \'{"age": 5, "loggedIn": true}\'',
    )


def add_identifiers(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options for identifiers and forced groups. Return the argument group."""
    group = parser.add_argument_group("visitor")
    group.add_argument(
        "--id",
        action="append",
        default=[],
        type=pair,
        metavar="TYPE=VALUE",
        help="an identifier, for example USER=pa5xq0lz4n80; may be repeated",
    )
    group.add_argument(
        "--force", metavar="GROUPS", help="force groups: buttoncolortst2,newfeaturerollout-1"
    )
    return group


def add_visitor(parser: argparse.ArgumentParser) -> None:
    """Add all options that describe the visitor: identifiers, forced groups and context."""
    group = add_identifiers(parser)
    group.add_argument(
        "--random", action="store_true", help="also assign groups in RANDOM tests, as Pipet does"
    )
    group.add_argument(
        "--no-empty",
        action="store_true",
        help="reject empty identifiers, as sites with unitless allocations usually do",
    )
    add_context(parser)


def add_progress(parser: argparse.ArgumentParser) -> None:
    """Add the --progress and --no-progress options."""
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="always or never show a progress bar (default: show it on a terminal if the work "
        "takes long)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the --json option."""
    parser.add_argument("--json", action="store_true", help="print JSON instead")


def pair(text: str) -> tuple[str, str]:
    """Parse NAME=VALUE. The value may be empty and may contain equals signs."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def typed_name(text: str) -> tuple[str, ContextType]:
    """Parse NAME=TYPE."""
    name, type_name = pair(text)
    try:
        return name, pipet_type(type_name, user_agent=user_agent_parser())
    except ConfigurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def json_object(text: str) -> dict[str, Any]:
    """Parse a JSON object."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not a JSON object: expected {{...}}")
    return value


def _refuse_constant(text: str) -> Any:
    # Python accepts NaN and Infinity, which are not JSON.
    raise ValueError(f"it contains {text}")


def whole_number(most: int) -> Callable[[str], int]:
    """Return a parser for whole numbers from 1 to *most*."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from 1 to {most:,}, got {text[:80]!r}"
            )
        return number

    return read


def unique(option: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict. Raises ValueError if a name occurs twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given twice in {option}")
        found[name] = value
    return found

"""Options that several sub-commands share, and the forms of their values."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from proctor.core.context_types import ContextType, pipet_type
from proctor.core.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def add_matrix(parser: argparse.ArgumentParser) -> None:
    """The positional argument MATRIX."""
    parser.add_argument(
        "matrix", metavar="MATRIX", help="path or http(s) URL of a matrix; - for standard input"
    )


def add_declarations(parser: argparse.ArgumentParser) -> None:
    """What an application says of its test types and its context."""
    group = parser.add_argument_group("declarations")
    group.add_argument(
        "--config",
        metavar="FILE",
        help="a pipet-config.json: --id and --context then take its source keys, values are "
        "converted to its types, and tests with rules that name other variables are dropped",
    )
    group.add_argument(
        "--test-type",
        action="append",
        default=[],
        metavar="NAME",
        help="a test type besides Proctor's own; may be repeated",
    )


def add_context(parser: argparse.ArgumentParser, declarations: str = "--config") -> None:
    """What is known of a visitor besides identifiers, and types where *declarations* has none."""
    group = parser.add_argument_group(
        "context",
        f"Without {declarations} a value is a String, as --type says, or what its JSON is. "
        "A rule such as ${loggedIn} needs a boolean, and the text 'true' is none.",
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
        help='further variables as a JSON object: \'{"age": 5, "loggedIn": true}\'',
    )


def add_identifiers(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Who the visitor is, and what is forced; the result is the group of these options."""
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
    """Who the visitor is, what is known of him, what is forced, and how the engine takes it."""
    group = add_identifiers(parser)
    group.add_argument(
        "--random", action="store_true", help="give groups of RANDOM tests too, as Pipet does"
    )
    group.add_argument(
        "--no-empty",
        action="store_true",
        help="refuse empty identifiers, as is usual with unitless allocations",
    )
    add_context(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json."""
    parser.add_argument("--json", action="store_true", help="print JSON instead")


def pair(text: str) -> tuple[str, str]:
    """NAME=VALUE; the value may be empty and may hold more of =."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def typed_name(text: str) -> tuple[str, ContextType]:
    """NAME=TYPE."""
    name, type_name = pair(text)
    try:
        return name, pipet_type(type_name)
    except ConfigurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def json_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no JSON object; write {{...}}")
    return value


def _refuse_constant(text: str) -> Any:
    # Python reads NaN and Infinity, which are no JSON.
    raise ValueError(f"it has {text}")


def whole_number(most: int) -> Callable[[str], int]:
    """A reader of whole numbers from 1 to *most*."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text[:80]!r} is no whole number from 1 to {most:,}")
        return number

    return read


def unique(option: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dict; ValueError if a name comes twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{option} has {name!r} twice")
        found[name] = value
    return found

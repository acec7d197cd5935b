"""The columns of a table that contain identifiers and context variables."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.cli.errors import CommandError
from proctor.core.exceptions import ConfigurationError
from proctor.core.inputs.user_agents import user_agent_parser
from proctor.core.java.context_types import pipet_type
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.messages import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.inputs.variables import Variables
    from proctor.core.java.context_types import ContextType

__all__ = ["Columns", "add_columns", "read_columns"]


class ColumnOption(NamedTuple):
    """The value of one --id or --context option."""

    name: str
    column: str
    #: The name of a context type, or "" if the option does not contain a type.
    type: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of identifiers and variables, and the declarations of the variables."""

    identifiers: Mapping[str, str]
    context: Mapping[str, str]
    #: Maps each variable to the raw value that replaces its nulls.
    defaults: Mapping[str, object] = field(default_factory=dict)
    #: The types of variables, if --config is not given.
    types: Mapping[str, ContextType] = field(default_factory=dict)


def add_columns(parser: argparse.ArgumentParser, identifier: str) -> None:
    """Add the --id and --context options. *identifier* is the format of --id in the help."""
    group = parser.add_argument_group("columns")
    group.add_argument(
        "--id",
        action="append",
        required=True,
        type=_identifier,
        metavar=identifier,
        help="the column of an identifier, for example USER=user_id; may be repeated",
    )
    group.add_argument(
        "--context",
        action="append",
        default=[],
        type=_variable,
        metavar="NAME[=COLUMN][:TYPE]",
        help="the column of a context variable, and its type if there is no --config, for "
        "example age=age_years:int; may be repeated",
    )


def _identifier(text: str) -> ColumnOption:
    name, equals, column = text.partition("=")
    if not name or (equals and not column):
        raise argparse.ArgumentTypeError(f"expected TYPE=COLUMN, got {text!r}")
    return ColumnOption(name, column)


def _variable(text: str) -> ColumnOption:
    rest, colon, type_name = text.rpartition(":")
    if not colon:
        rest = text
        type_name = ""
    name, equals, column = rest.partition("=")
    if not name or (equals and not column) or (colon and not type_name):
        raise argparse.ArgumentTypeError(f"expected NAME=COLUMN:TYPE, got {text!r}")
    if colon:
        try:
            pipet_type(type_name, user_agent=user_agent_parser())
        except ConfigurationError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return ColumnOption(name, column or name, type_name)


def read_columns(options: argparse.Namespace, variables: Variables) -> Columns:
    """Return the columns that the options name. Raises CommandError for unknown or repeated names.

    With --config, the names are source keys in the configuration file, as in other commands.
    """
    context = {each.name: each.column for each in options.context}
    _refuse_repeated("--context", options.context)
    typed = [each for each in options.context if each.type]
    if variables.context_variables is None:
        parse = user_agent_parser()
        types = {each.name: pipet_type(each.type, user_agent=parse) for each in typed}
        return Columns(_identifiers(options, variables), context, types=types)
    if typed:
        raise CommandError(
            f"--context {typed[0].name} has a type, but --config also declares types: "
            "remove one of them"
        )
    declared = {each.source_key: each for each in variables.context_variables}
    _refuse_unknown("context variable", context, declared)
    return Columns(
        _identifiers(options, variables),
        {declared[key].name: column for key, column in context.items()},
        defaults={
            each.name: each.default for each in variables.context_variables if each.has_default
        },
    )


def _identifiers(options: argparse.Namespace, variables: Variables) -> dict[str, str]:
    _refuse_repeated("--id", options.id)
    routes = {each.source_key: each.test_type for each in variables.identifier_variables}
    if variables.self_named:
        routes |= {kind: kind for kind in (*TEST_TYPES, *options.test_type)}
    _refuse_unknown("identifier", [each.name for each in options.id], routes)
    found: dict[str, str] = {}
    for each in options.id:
        kind = routes[each.name]
        if kind in found:
            raise CommandError(f"--id has two columns for the test type {kind!r}: remove one")
        found[kind] = each.column or each.name
    return found


def _refuse_repeated(option: str, given: Iterable[ColumnOption]) -> None:
    seen: set[str] = set()
    for each in given:
        if each.name in seen:
            raise CommandError(f"{each.name!r} is given twice in {option}: remove one")
        seen.add(each.name)


def _refuse_unknown(kind: str, names: Iterable[str], known: Mapping[str, Any]) -> None:
    for name in names:
        if name not in known:
            raise CommandError(f"Unknown {kind} {name!r}: {nearest(name, known)}")

"""From options to the core's objects: the matrix, the declarations, the visitor."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import unique
from proctor.cli.errors import CommandError
from proctor.core.context_types import nearest, pipet_type
from proctor.core.engine import Proctor
from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.explaining import refuse_unknown
from proctor.core.forcing import ForceGroups
from proctor.core.jackson import parse_document
from proctor.core.locations import location_of
from proctor.core.matrix import Matrix
from proctor.core.user_agents import user_agent_parser
from proctor.core.variables import TEST_TYPES, Variables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping

#: Without a declaration a number is an Integer, a Long or a BigInteger by its size.
AS_JSON = pipet_type("json")

#: A download may take so long, in seconds, and be so large, in bytes.
TIMEOUT, MAX_BYTES = 30.0, 64 * 1024 * 1024


def read_content(location: str) -> bytes:
    """What a path, an http(s) URL or - (standard input) holds; CommandError if nothing."""
    if location.lower().startswith(("http://", "https://")):
        document = location_of(location, timeout=TIMEOUT, max_bytes=MAX_BYTES).read(None)
        return document.content if document else b""
    if location == "-" and sys.stdin is None:
        raise CommandError("cannot read standard input: it is closed")
    try:
        return sys.stdin.buffer.read() if location == "-" else Path(location).read_bytes()
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise CommandError(f"cannot read {location!r}: {words}") from error


def read_matrix(location: str) -> Matrix:
    """The matrix at the location. CommandError if it cannot be read, or is no JSON.

    MatrixLoadError, with the location in front, where the Java's load fails.
    """
    content = read_content(location)
    try:
        return Matrix.from_dict(parse_document(content))
    except ConversionError as error:
        raise CommandError(f"{location}: {error}") from error
    except MatrixLoadError as error:
        raise MatrixLoadError(f"{location}: {error}", error.problems) from error


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the options say of a visitor, by test type and by variable."""

    identifiers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)
    force_groups: ForceGroups = field(default_factory=ForceGroups)


def read_variables(options: argparse.Namespace) -> Variables:
    """The declarations of `--config`; without it no context is declared."""
    if options.config is None:
        return Variables.from_settings()
    return Variables.from_pipet_config(
        options.config, test_types=options.test_type, user_agent=user_agent_parser()
    )


def load_proctor(options: argparse.Namespace) -> tuple[Proctor, Variables]:
    """The matrix of the options, compiled, and the declarations that it was checked against."""
    variables = read_variables(options)
    proctor = Proctor(
        read_matrix(options.matrix),
        context_types=variables.context_types,
        test_types=options.test_type,
        identifier_validator="noempty" if getattr(options, "no_empty", False) else None,
    )
    return proctor, variables


def require_test(proctor: Proctor, name: str) -> None:
    """CommandError if the test was dropped, UnknownTest if the matrix has none of that name."""
    if name in proctor.dropped:
        raise CommandError(f"the test {name!r} was dropped: {proctor.dropped[name].message}")
    if name not in proctor.loaded:
        refuse_unknown(name, proctor.loaded)


def given_identifiers(options: argparse.Namespace) -> dict[str, str]:
    """The identifiers as the options give them; CommandError for one that comes twice."""
    return _unique("--id", options.id)


def given_context(options: argparse.Namespace) -> dict[str, object]:
    """The context as the options give it, with the types of --type; CommandError as above."""
    values: dict[str, object] = _unique("--context", options.context)
    types = _unique("--type", options.type)
    for name in values.keys() & options.context_json.keys():
        raise CommandError(f"{name!r} is in --context and in --context-json")
    for name in types.keys() - values.keys() - options.context_json.keys():
        raise CommandError(f"--type has {name!r}, and neither --context nor --context-json has it")
    values.update({name: AS_JSON.convert(v) for name, v in options.context_json.items()})
    values.update({name: types[name].convert(values[name]) for name in types})
    return values


def read_context(
    options: argparse.Namespace, variables: Variables, declarations: str = "--config"
) -> dict[str, object]:
    """The context that the options give, by variable, checked against its types.

    These are in *declarations*, if anywhere. CommandError for a variable that is not declared.
    """
    if variables.context_variables is None:
        return given_context(options)
    if options.type:
        raise CommandError(f"--type goes without {declarations}, which has the types already")
    values = given_context(options)
    _known("context variable", values, [each.source_key for each in variables.context_variables])
    context = variables.context(values)
    for each in variables.context_variables:
        # The engine would go on without such a variable; here somebody can mend it.
        each.type.convert(context.get(each.name))
    return context


def read_visitor(
    options: argparse.Namespace,
    variables: Variables,
    test_types: Collection[str] = (),
    *,
    keep_empty: bool = True,
    declarations: str = "--config",
) -> Visitor:
    """The visitor of the options, in the words of the engine.

    *test_types* are those besides Proctor's own. Without *keep_empty* an empty identifier is
    none. *declarations* is what has the types of context variables. CommandError for what is
    not declared, with the nearest name; ConversionError for a value of another type.
    """
    test_types = (*TEST_TYPES, *test_types)
    values = given_identifiers(options)
    keys = [each.source_key for each in variables.identifier_variables]
    known = dict.fromkeys((*keys, *test_types) if variables.self_named else keys)
    _known("identifier", variables.unmapped(values, test_types), known)
    return Visitor(
        variables.identifiers(values, test_types, keep_empty=keep_empty),
        read_context(options, variables, declarations),
        ForceGroups.parse(options.force),
    )


def _unique(option: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    try:
        return unique(option, pairs)
    except ValueError as error:
        raise CommandError(f"{error}; once is enough") from None


def _known(kind: str, names: Mapping[str, object] | tuple[str, ...], known: Any) -> None:
    for name in names:
        if name not in known:
            raise CommandError(f"unknown {kind} {name!r}: {nearest(name, known)}")

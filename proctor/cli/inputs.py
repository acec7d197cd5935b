"""Convert options into objects of the core: the matrix, the declarations, the visitor."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import unique
from proctor.cli.errors import CommandError
from proctor.core.evaluation.engine import Proctor
from proctor.core.evaluation.explainer import refuse_unknown
from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.inputs.unknown_forced import unknown_forced
from proctor.core.inputs.user_agents import user_agent_parser
from proctor.core.inputs.variables import Variables
from proctor.core.java.context_types import pipet_type
from proctor.core.java.jackson import parse_document
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.matrices.matrix import Matrix
from proctor.core.messages import nearest
from proctor.core.sources.locations import (
    Document,
    is_address,
    location_of,
    public_location,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping

    from proctor.core.java.context_types import ContextType

#: An undeclared whole number becomes an Integer, a Long or a BigInteger, depending on its size.
AS_JSON = pipet_type("json")

#: Limits for a download, in seconds and in bytes.
TIMEOUT, MAX_BYTES = 30.0, 64 * 1024 * 1024


def read_content(location: str) -> bytes:
    """Return the content of a path, URL, object or stdin (-). Raises CommandError on failure."""
    if is_address(location):
        document = location_of(location, timeout=TIMEOUT, max_bytes=MAX_BYTES).read(None)
        return document.content if isinstance(document, Document) else b""
    if location == "-" and sys.stdin is None:
        raise CommandError("cannot read standard input: it is closed")
    try:
        return sys.stdin.buffer.read() if location == "-" else Path(location).read_bytes()
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise CommandError(f"cannot read {location!r}: {words}") from error


def read_matrix(location: str) -> Matrix:
    """Return the matrix at the location. Raises CommandError if it is unreadable or not JSON.

    Raises MatrixLoadError if Java Proctor could not load the matrix. The message begins with the
    location.
    """
    return matrix_of(read_content(location), location)


def matrix_of(content: bytes, location: str) -> Matrix:
    """Return the matrix in *content*, which was read from *location*.

    Raises the same errors as `read_matrix`.
    """
    try:
        return Matrix.from_dict(parse_document(content))
    except ConversionError as error:
        raise CommandError(f"{public_location(location)}: {error}") from error
    except MatrixLoadError as error:
        place = public_location(location)
        raise MatrixLoadError(f"{place}: {error}", error.problems) from error


@dataclass(frozen=True, slots=True)
class Visitor:
    """The visitor that the options describe.

    `identifiers` maps test types to identifiers, and `context` maps variables to values.
    """

    identifiers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)
    force_groups: ForceGroups = field(default_factory=ForceGroups)


def read_variables(options: argparse.Namespace) -> Variables:
    """Return the declarations in the `--config` file. Without a file, no context is declared."""
    if options.config is None:
        return Variables.from_settings()
    return Variables.from_pipet_config(
        options.config, test_types=options.test_type, user_agent=user_agent_parser()
    )


def load_proctor(options: argparse.Namespace) -> tuple[Proctor, Variables]:
    """Return the compiled matrix, and the declarations against which its rules were checked."""
    variables = read_variables(options)
    proctor = Proctor(
        read_matrix(options.matrix),
        context_types=variables.context_types,
        test_types=options.test_type,
        identifier_validator="noempty" if getattr(options, "no_empty", False) else None,
    )
    return proctor, variables


def require_test(proctor: Proctor, name: str) -> None:
    """Raise CommandError if the test was dropped, or UnknownTest if it is not in the matrix."""
    if name in proctor.dropped:
        raise CommandError(f"the test {name!r} was dropped: {proctor.dropped[name].message}")
    if name not in proctor.loaded:
        refuse_unknown(name, proctor.loaded)


def given_identifiers(options: argparse.Namespace) -> dict[str, str]:
    """Return the identifiers in the options. Raises CommandError if one is given twice."""
    return _unique("--id", options.id)


def given_context(options: argparse.Namespace) -> dict[str, object]:
    """Return the context in the options, converted to the types in --type.

    Raises CommandError if the options contradict each other, and ConversionError for a value of the
    wrong type.
    """
    values: dict[str, object] = _unique("--context", options.context)
    types = _unique("--type", options.type)
    for name in values.keys() & options.context_json.keys():
        raise CommandError(f"{name!r} is in both --context and --context-json: remove one")
    for name in types.keys() - values.keys() - options.context_json.keys():
        raise CommandError(
            f"--type declares {name!r}, but neither --context nor --context-json contains it"
        )
    values.update({name: AS_JSON.convert(v) for name, v in options.context_json.items()})
    values.update({name: _typed(name, types[name], values[name]) for name in types})
    return values


def read_context(
    options: argparse.Namespace, variables: Variables, declarations: str = "--config"
) -> dict[str, object]:
    """Return the value of each context variable in the options, after checking its type.

    *declarations* is the option that declares the types. Raises CommandError for an undeclared
    variable, and ConversionError for a value of the wrong type.
    """
    if variables.context_variables is None:
        return given_context(options)
    if options.type:
        raise CommandError(f"remove --type: {declarations} already declares the types")
    values = given_context(options)
    _known("context variable", values, [each.source_key for each in variables.context_variables])
    context = variables.context(values)
    for each in variables.context_variables:
        # The engine would ignore a value of the wrong type, but here the user can correct it.
        _typed(each.source_key, each.type, context.get(each.name))
    return context


def _typed(name: str, context_type: ContextType, value: object) -> object:
    try:
        return context_type.convert_typed(value)
    except ConversionError as error:
        raise ConversionError(f"{name}: {error}", reason=error.reason) from error


def read_visitor(
    options: argparse.Namespace,
    variables: Variables,
    test_types: Collection[str] = (),
    *,
    matrix: Matrix,
    keep_empty: bool = True,
    declarations: str = "--config",
) -> Visitor:
    """Return the visitor that the options describe, in the form that the engine accepts.

    *test_types* are the known types besides Proctor's own. Unless *keep_empty* is True, an empty
    identifier counts as missing. *declarations* is the option that declares the types of context
    variables. Raises CommandError for an undeclared name (the message suggests the closest one),
    and for force groups that are malformed or not in the *matrix*. Raises ConversionError for a
    value of the wrong type.
    """
    test_types = (*TEST_TYPES, *test_types)
    values = given_identifiers(options)
    keys = [each.source_key for each in variables.identifier_variables]
    known = dict.fromkeys((*keys, *test_types) if variables.self_named else keys)
    _known("identifier", variables.unmapped(values, test_types), known)
    return Visitor(
        variables.identifiers(values, test_types, keep_empty=keep_empty),
        read_context(options, variables, declarations),
        read_force(options.force or "", matrix),
    )


def well_formed_force(text: str) -> ForceGroups:
    """Return the force groups in `--force`. Raises CommandError for a malformed entry."""
    malformed = ForceGroups.malformed(text)
    if malformed:
        raise CommandError(
            "--force: expected entries like buttoncolortst2, got "
            f"{' and '.join(repr(each[:80]) for each in malformed)}"
        )
    return ForceGroups.parse(text)


def read_force(text: str, matrix: Matrix) -> ForceGroups:
    """Return the force groups in `--force`. Raises CommandError if one is not in the matrix."""
    force = well_formed_force(text)
    problems = [problem for _, problem in unknown_forced(force, matrix)]
    if problems:
        raise CommandError(f"--force: {'; '.join(problems)}")
    return force


def _unique(option: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    try:
        return unique(option, pairs)
    except ValueError as error:
        raise CommandError(f"{error}: remove one") from None


def _known(kind: str, names: Mapping[str, object] | tuple[str, ...], known: Any) -> None:
    for name in names:
        if name not in known:
            raise CommandError(f"unknown {kind} {name!r}: {nearest(name, known)}")

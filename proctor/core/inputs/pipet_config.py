"""Read a pipet-config.json as strictly as Pipet does when it starts.

Java: JsonPipetConfig, VariableConfigurationJsonParser, read with Jackson's defaults.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from proctor.core.exceptions import ConfigurationError
from proctor.core.inputs.source_keys import ContextVariable, IdentifierVariable, KeyPlace
from proctor.core.java.context_types import MISSING, pipet_type
from proctor.core.messages import nearest, shown

if TYPE_CHECKING:
    import os

#: The fields that Pipet accepts. Pipet does not start if the file contains any others.
CONFIG_FIELDS = ("context", "identifiers")
CONTEXT_FIELDS = ("source", "sourceKey", "type", "defaultValue")
IDENTIFIER_FIELDS = ("source", "sourceKey")

#: The places where Pipet looks for a value.
SOURCES: tuple[KeyPlace, ...] = ("QUERY", "HEADER")
_JAVA_TRIM = "".join(map(chr, range(0x21)))


def read(
    config: str | os.PathLike[str] | Mapping[str, Any],
    test_types: Iterable[str],
    user_agent: Callable[[str], object] | None,
) -> tuple[list[ContextVariable], list[IdentifierVariable]]:
    """Return the context variables and the identifiers in *config*, in the order of the file.

    *config* is a path, or the parsed content of a file. Raises ConfigurationError if the file
    cannot be read, or if Pipet would not start with it.
    """
    where = "the Pipet configuration"
    if not isinstance(config, Mapping):
        where = f"the Pipet configuration {shown(str(config))}"
        config = _parse(Path(config), where)
    _only(config, CONFIG_FIELDS, where)
    context = [
        _context(name, _section(entry, f"{where}, context variable {name!r}"), where, user_agent)
        for name, entry in _part(config, "context", where).items()
    ]
    by_upper: dict[str, str] = {}
    for test_type in test_types:
        by_upper.setdefault(test_type.upper(), test_type)
    identifiers = [
        _identifier(name, _section(entry, f"{where}, identifier {name!r}"), where, by_upper)
        for name, entry in _part(config, "identifiers", where).items()
    ]
    return context, identifiers


def _parse(path: Path, where: str) -> Mapping[str, Any]:
    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")

    # Keep numbers as they were written, because Pipet turns them into strings.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=no_constant)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        # Jackson ignores text after the first value.
        document, _ = decoder.raw_decode(text.lstrip(" \t\r\n"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"Cannot read {where}: {error}") from error
    return _section(document, where)


def _section(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"In {where}: expected an object, got {shown(value)}")
    return value


def _part(config: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    part = config.get(name)
    return {} if part is None else _section(part, f"{where}, {name!r}")


def _only(section: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for field in section:
        if field not in known:
            raise ConfigurationError(
                f"In {where}: the field {shown(field)} is unknown: {nearest(field, known)}"
            )


def _text(value: object, where: str, field: str) -> str | None:
    """Return a scalar as Jackson converts it to a string. null becomes None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise ConfigurationError(f"In {where}: {field!r} is {shown(value)}; give a string")


def _source(value: object, where: str) -> KeyPlace:
    """Return the enum constant that Jackson reads from a value, which is a name or an index."""
    text = (_text(value, where, "source") or "").strip(_JAVA_TRIM)
    if text in ("0", "1"):
        return SOURCES[int(text)]
    for source in SOURCES:
        if text == source:
            return source
    raise ConfigurationError(
        f"In {where}: 'source' is {shown(value)}; expected 'QUERY' or 'HEADER'"
    )


def _context(
    name: str,
    entry: Mapping[str, Any],
    where: str,
    user_agent: Callable[[str], object] | None,
) -> ContextVariable:
    where = f"{where}, context variable {name!r}"
    _only(entry, CONTEXT_FIELDS, where)
    source = _source(entry.get("source"), where)
    type_name = _text(entry.get("type"), where, "type")
    if type_name is None:
        raise ConfigurationError(f"In {where}: 'type' is missing; give one, for example 'String'")
    if type_name in ("list", "map", "json"):
        raise ConfigurationError(
            f"In {where}: Pipet does not know the type {type_name!r}; declare the variable in the "
            "settings instead"
        )
    try:
        context_type = pipet_type(type_name, user_agent=user_agent)
    except ConfigurationError as error:
        raise ConfigurationError(f"In {where}: {error}") from error
    default = _text(entry.get("defaultValue"), where, "defaultValue")
    return ContextVariable(
        name,
        context_type,
        _text(entry.get("sourceKey"), where, "sourceKey") or name,
        MISSING if default is None else default,
        source,
    )


def _identifier(
    name: str, entry: Mapping[str, Any], where: str, by_upper: Mapping[str, str]
) -> IdentifierVariable:
    where = f"{where}, identifier {name!r}"
    _only(entry, IDENTIFIER_FIELDS, where)
    source = _source(entry.get("source"), where)
    if name.upper() not in by_upper:
        raise ConfigurationError(
            f"In {where}: the test type is unknown: {nearest(name, by_upper.values())}; "
            "register the type if it is your own"
        )
    key = _text(entry.get("sourceKey"), where, "sourceKey") or name
    return IdentifierVariable(by_upper[name.upper()], key, source, name)

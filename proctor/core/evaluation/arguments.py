"""Check and normalize the engine's arguments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from proctor.core.exceptions import IdentifierError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.java.context_types import ContextType, pipet_type

__all__ = [
    "NO_FORCE",
    "accept",
    "accepted",
    "checked_context",
    "declared_types",
    "forced",
    "random_given",
    "texts",
]

NO_FORCE = ForceGroups()


def checked_context(identifiers: object, context: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the context, or an empty dict if it is None.

    Raises TypeError if *identifiers* or *context* is not a mapping.
    """
    for name, value in (("identifiers", identifiers), ("context", context)):
        if value is None and name == "context":
            return {}
        if not isinstance(value, Mapping):
            kind = type(value).__qualname__  # do not show the value: it may identify a visitor
            raise TypeError(f"{name} is of type {kind}; give a dict that maps names to values")
    assert context is not None
    return context


def declared_types(context_types: Mapping[str, ContextType | str]) -> dict[str, ContextType]:
    return {
        name: each if isinstance(each, ContextType) else pipet_type(each)
        for name, each in context_types.items()
    }


def texts(identifiers: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in identifiers.items()}


def random_given() -> IdentifierError:
    return IdentifierError(
        "an identifier of type RANDOM was given; leave it out, because tests of this "
        "type draw a random number"
    )


def accept(test_type: str, identifier: str) -> bool:
    return True


def forced(given: ForceGroups | str, payload_tests: Collection[str]) -> ForceGroups:
    if isinstance(given, ForceGroups):
        return given
    if not isinstance(given, str):
        kind = type(given).__qualname__
        raise TypeError(f"force_groups is of type {kind}; give a string, a ForceGroups, or None")
    return ForceGroups.parse(given, payload_tests)


def accepted(
    is_valid: Callable[[str, str], bool] | None, test_type: str, identifier: object
) -> str | None:
    """Return the identifier as text, or None if it is missing or was rejected."""
    if identifier is None:
        return None
    text = identifier if type(identifier) is str else str(identifier)
    return text if is_valid is None or is_valid(test_type, text) else None

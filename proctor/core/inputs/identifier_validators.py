"""Validators for identifiers: the built-in ones, and checks of validators from the settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import shown

__all__ = [
    "VALIDATORS",
    "IdentifierValidator",
    "Validity",
    "expected_validators",
    "is_validator",
    "validity_of",
]

#: A function of a test type and an identifier. Returns True if the identifier is valid.
Validity = Callable[[str, str], bool]

#: A name in `VALIDATORS`, or a function.
IdentifierValidator = Literal["noempty"] | Validity


def _is_not_empty(test_type: str, identifier: str) -> bool:
    return identifier != ""


#: The built-in validators by name [IdentifierValidator.NoEmpty].
VALIDATORS: Mapping[str, Validity] = MappingProxyType({"noempty": _is_not_empty})


def is_validator(given: object) -> bool:
    """Return True if *given* is None, a function of two arguments, or the name of a validator."""
    if callable(given):
        return _takes_two(given)
    return given is None or (isinstance(given, str) and given in VALIDATORS)


def _takes_two(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind("", "")
    except ValueError:
        return True  # functions written in C may have no signature
    except TypeError:
        return False
    return True


def expected_validators() -> str:
    """Return a description of the accepted validators, for messages."""
    names = ", ".join(map(repr, VALIDATORS))
    return f"{names}, a function of test type and identifier, or None"


def validity_of(given: IdentifierValidator | None) -> Validity | None:
    """Return a validator as a function; None if every identifier is valid."""
    if not is_validator(given):
        raise ConfigurationError(
            f"identifier validator: expected {expected_validators()}, got {shown(given)}"
        )
    return given if given is None or callable(given) else VALIDATORS[given]

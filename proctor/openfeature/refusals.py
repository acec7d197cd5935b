"""Convert flag errors to errors of OpenFeature's SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openfeature.exception import (
    FlagNotFoundError,
    GeneralError,
    InvalidContextError,
    OpenFeatureError,
    ParseError,
    ProviderNotReadyError,
    TargetingKeyMissingError,
    TypeMismatchError,
)

from proctor.core.flags.errors import FlagErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.flags.errors import FlagError

__all__ = ["sdk_error"]

_CLASSES: dict[FlagErrorCode, Callable[[str], OpenFeatureError]] = {
    FlagErrorCode.FLAG_NOT_FOUND: FlagNotFoundError,
    FlagErrorCode.GENERAL: GeneralError,
    FlagErrorCode.INVALID_CONTEXT: InvalidContextError,
    FlagErrorCode.PARSE_ERROR: ParseError,
    FlagErrorCode.PROVIDER_NOT_READY: ProviderNotReadyError,
    FlagErrorCode.TARGETING_KEY_MISSING: TargetingKeyMissingError,
    FlagErrorCode.TYPE_MISMATCH: TypeMismatchError,
}


def sdk_error(error: FlagError) -> OpenFeatureError:
    """Return an error of the SDK with the same code and text."""
    return _CLASSES[error.code](str(error))

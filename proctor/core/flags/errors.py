"""The reasons why a flag has no value, in OpenFeature's terms."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from proctor.core.exceptions import (
    ConversionError,
    MatrixLoadError,
    RequestRejected,
    SourceError,
    SourceUnavailable,
    UndefinedName,
)
from proctor.core.matrices.limits import RANDOM, TEST_TYPES

if TYPE_CHECKING:
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.groups import Groups
    from proctor.core.exceptions import ProctorError, RuleError
    from proctor.core.sources.source import GroupsRequest, MatrixSource

__all__ = ["FlagError", "FlagErrorCode", "matrix_refusal", "refusal", "source_failure"]


class FlagErrorCode(enum.Enum):
    """An OpenFeature error code. The value is its name in the specification."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    GENERAL = "GENERAL"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    PARSE_ERROR = "PARSE_ERROR"
    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    TYPE_MISMATCH = "TYPE_MISMATCH"


class FlagError(Exception):
    """Raised if a flag has no value for this visitor. The message gives the reason.

    The message never contains a visitor's data. *outage* means that no flag has a value, because
    the source has no answer. *private* means that the message reveals details of the matrix or its
    location, so clients must not see the message.
    """

    def __init__(
        self, code: FlagErrorCode, words: str, *, outage: bool = False, private: bool = False
    ) -> None:
        super().__init__(words)
        self.code = code
        self.outage = outage
        self.private = private or outage


def source_failure(error: ProctorError) -> FlagError:
    """Return the error for a flag whose source had no answer."""
    words = str(error)
    if isinstance(error, RequestRejected):
        # The statuses 400 and 414 concern the visitor's data; all others concern access or the URL.
        about_visitor = error.status in (400, 414)
        code = FlagErrorCode.INVALID_CONTEXT if about_visitor else FlagErrorCode.GENERAL
        return FlagError(code, words, outage=not about_visitor, private=True)
    if isinstance(error, SourceUnavailable):
        return FlagError(FlagErrorCode.GENERAL, words, outage=True)
    if isinstance(error, SourceError):
        is_bad = isinstance(error.__cause__, MatrixLoadError)
        code = FlagErrorCode.PARSE_ERROR if is_bad else FlagErrorCode.PROVIDER_NOT_READY
        return FlagError(code, words, outage=True)
    if isinstance(error, ConversionError):
        # The original message can contain the visitor's value, and hooks might log it.
        words = "a value in the evaluation context cannot be converted to text"
    return FlagError(FlagErrorCode.INVALID_CONTEXT, words)


def refusal(test: str, request: GroupsRequest) -> FlagError | None:
    """Return the error if nothing identifies the visitor, else None.

    Used for sources that do not report why a visitor has no group.
    """
    if any(value not in (None, "") for value in request.identifiers.values()):
        return None
    return FlagError(
        FlagErrorCode.TARGETING_KEY_MISSING,
        f"nothing identifies the visitor, so the test {test!r} has no group for them; give "
        "a targeting key",
    )


def matrix_refusal(
    test: str, request: GroupsRequest, groups: Groups, source: MatrixSource, proctor: Proctor
) -> FlagError | None:
    """Return the reason why a matrix gives no group; None if the visitor is not eligible."""
    if test in proctor.dropped:
        return FlagError(
            FlagErrorCode.PARSE_ERROR,
            f"the test {test!r} was left out: {proctor.dropped[test]}",
            private=True,
        )
    if test not in proctor.loaded_names:
        return FlagError(FlagErrorCode.FLAG_NOT_FOUND, f"the matrix has no test {test!r}")
    failed = groups.errors.get(test)
    if failed is not None:
        return _rule_error(test, failed)
    test_type = proctor.definition(test).test_type or ""
    identifiers = source.variables.identifiers(
        request.identifiers, (*TEST_TYPES, *source.test_types)
    )
    if test_type in identifiers or test_type == RANDOM:
        return None
    return FlagError(
        FlagErrorCode.TARGETING_KEY_MISSING,
        f"the test {test!r} needs an identifier of type {test_type}, which is missing "
        "from the evaluation context",
    )


def _rule_error(test: str, failed: RuleError) -> FlagError:
    # The message of *failed* is not used, because it can contain the visitor's data.
    if isinstance(failed, UndefinedName) and failed.variable is not None:
        return FlagError(
            FlagErrorCode.INVALID_CONTEXT,
            f"a rule of the test {test!r} needs the variable {failed.variable!r}, which is "
            "missing from the evaluation context or has the wrong type",
        )
    return FlagError(
        FlagErrorCode.GENERAL,
        f"a rule of the test {test!r} failed: {type(failed).__name__}; `python -m proctor "
        "explain` shows where",
    )

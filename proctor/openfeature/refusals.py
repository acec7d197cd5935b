"""Why a visitor has no group: an error in OpenFeature's words, or none."""

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
)

from proctor.core import (
    ConversionError,
    MatrixLoadError,
    RequestRejected,
    SourceError,
    SourceUnavailable,
    UndefinedName,
)
from proctor.core.source_keys import RANDOM, TEST_TYPES

if TYPE_CHECKING:
    from proctor.core import Groups, GroupsRequest, MatrixSource, Proctor, ProctorError, RuleError

__all__ = ["no_answer", "refusal", "refusal_of_a_matrix"]


def no_answer(error: ProctorError) -> OpenFeatureError:
    """What it is that a source had no answer."""
    words = str(error)
    if isinstance(error, RequestRejected):
        # 400 is about what this visitor brings; the others about who may ask, and where.
        return InvalidContextError(words) if error.status == 400 else GeneralError(words)
    if isinstance(error, SourceUnavailable):
        return GeneralError(words)
    if isinstance(error, SourceError):
        is_bad = isinstance(error.__cause__, MatrixLoadError)
        return ParseError(words) if is_bad else ProviderNotReadyError(words)
    if isinstance(error, ConversionError):
        # Its own message may show the visitor's value, which hooks would write into logs.
        words = "a value of the evaluation context has no text"
    return InvalidContextError(words)


def refusal(test: str, request: GroupsRequest) -> OpenFeatureError | None:
    """The error where a source gives no group and tells no more; None where that is none."""
    if any(value not in (None, "") for value in request.identifiers.values()):
        return None
    return TargetingKeyMissingError(
        f"nothing identifies the visitor, so that the test {test!r} has no group for him; give "
        "a targeting key"
    )


def refusal_of_a_matrix(
    test: str, request: GroupsRequest, groups: Groups, source: MatrixSource, proctor: Proctor
) -> OpenFeatureError | None:
    """The error where a matrix gives no group; None where the visitor is not eligible."""
    if test in proctor.dropped:
        return ParseError(f"the test {test!r} was left out: {proctor.dropped[test]}")
    if test not in proctor.loaded_names:
        return FlagNotFoundError(f"the matrix has no test {test!r}")
    failed = groups.errors.get(test)
    if failed is not None:
        return _rule_error(test, failed)
    test_type = proctor.definition(test).test_type or ""
    identifiers = source.variables.identifiers(
        request.identifiers, (*TEST_TYPES, *source.test_types)
    )
    if test_type in identifiers or test_type == RANDOM:
        return None
    return TargetingKeyMissingError(
        f"the test {test!r} needs an identifier of the type {test_type}, which the evaluation "
        "context does not have"
    )


def _rule_error(test: str, failed: RuleError) -> OpenFeatureError:
    # Here, too, messages may show the visitor's values.
    if isinstance(failed, UndefinedName) and failed.variable is not None:
        return InvalidContextError(
            f"a rule of the test {test!r} needs the variable {failed.variable!r}, which the "
            "evaluation context does not have, or not as what it is declared"
        )
    return GeneralError(
        f"a rule of the test {test!r} failed: {type(failed).__name__}; `python -m proctor "
        "explain` shows where"
    )

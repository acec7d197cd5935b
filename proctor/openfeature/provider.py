"""The OpenFeature provider, which gets the values of flags from a source of groups."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from openfeature.exception import OpenFeatureError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagType, Reason
from openfeature.provider import AbstractProvider, Metadata

from proctor.core.flags.asking import FlagSource
from proctor.core.flags.errors import FlagError
from proctor.openfeature.answers import answer
from proctor.openfeature.refusals import sdk_error
from proctor.openfeature.visitors import Visitors
from proctor.openfeature.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType

    from proctor.core import Source

__all__ = ["ProctorProvider"]


class ProctorProvider(AbstractProvider):
    """Proctor's tests as OpenFeature flags: each test is a flag, and the group is its variant.

    *source* assigns the groups: a `MatrixSource`, a `PipetSource`, or any other `Source`. The
    caller must close it: `shutdown` does not.

    The targeting key of an evaluation context is an identifier; *targeting_key* is its source key,
    usually the name of a test type. *identifiers* names the attributes that are also identifiers; a
    mapping gives their source keys. *force_attribute* names the attribute with the forced groups,
    in the format of `prforceGroups`; the application must set this attribute only for privileged
    users. All other attributes are context.

    A flag's value is the payload of the group, if the payload has the requested type. Otherwise, a
    boolean flag is True if the value of the bucket is above 0. If there is no payload, a string
    flag is the name of the group. A payload of a different type is never converted.

    With a `MatrixSource`, the provider is ready as soon as a matrix is loaded, and it emits events
    when the matrix changes. Thread-safe. Raises ConfigurationError if arguments contradict each
    other.
    """

    def __init__(
        self,
        source: Source,
        *,
        targeting_key: str = "USER",
        identifiers: Mapping[str, str] | Collection[str] = (),
        force_attribute: str | None = None,
    ) -> None:
        super().__init__()
        self._source = source
        self._visitors = Visitors(targeting_key, identifiers, force_attribute)
        self._flags = FlagSource(source)
        matrix = self._flags.matrix
        self._watch = None if matrix is None else Watch(matrix, self.emit)

    def __repr__(self) -> str:
        return f"<ProctorProvider over {self._source!r}>"

    def get_metadata(self) -> Metadata:
        """Return the provider's metadata: its name is Proctor."""
        return Metadata(name="Proctor")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Load the matrix, so that the first evaluations are fast. Called by the SDK.

        Raises OpenFeatureError if there is no matrix. Flags use their defaults until a matrix is
        loaded; the provider then emits PROVIDER_READY.
        """
        if self._watch is not None:
            self._watch.begin()
        elif (prepare := getattr(self._source, "prepare", None)) is not None:
            prepare()

    def shutdown(self) -> None:
        """Stop emitting events. Called by the SDK; calling it again is harmless."""
        if self._watch is not None:
            self._watch.end()

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Return the payload if it is a boolean, else True if the bucket's value is above 0."""
        return self._resolve(FlagType.BOOLEAN, flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Return the payload if it is a str. Without a payload, return the name of the group."""
        return self._resolve(FlagType.STRING, flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Return the payload if it is a whole number, else the default with an error code."""
        return self._resolve(FlagType.INTEGER, flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Return the payload if it is a double, else the default with an error code."""
        return self._resolve(FlagType.FLOAT, flag_key, default_value, evaluation_context)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """Return a copy of the payload if it is a map, an array, or JSON that contains one."""
        return self._resolve(FlagType.OBJECT, flag_key, default_value, evaluation_context)

    async def resolve_boolean_details_async(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Return the result of `resolve_boolean_details` without blocking the event loop."""
        return await self._aresolve(FlagType.BOOLEAN, flag_key, default_value, evaluation_context)

    async def resolve_string_details_async(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Return the result of `resolve_string_details` without blocking the event loop."""
        return await self._aresolve(FlagType.STRING, flag_key, default_value, evaluation_context)

    async def resolve_integer_details_async(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Return the result of `resolve_integer_details` without blocking the event loop."""
        return await self._aresolve(FlagType.INTEGER, flag_key, default_value, evaluation_context)

    async def resolve_float_details_async(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Return the result of `resolve_float_details` without blocking the event loop."""
        return await self._aresolve(FlagType.FLOAT, flag_key, default_value, evaluation_context)

    async def resolve_object_details_async(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """Return the result of `resolve_object_details` without blocking the event loop."""
        return await self._aresolve(FlagType.OBJECT, flag_key, default_value, evaluation_context)

    async def _aresolve(
        self, flag_type: FlagType, test: str, default: Any, context: EvaluationContext | None
    ) -> FlagResolutionDetails[Any]:
        if getattr(self._source, "waits", True):
            return await asyncio.to_thread(self._resolve, flag_type, test, default, context)
        return self._resolve(flag_type, test, default, context)

    def _resolve(
        self, flag_type: FlagType, test: str, default: Any, context: EvaluationContext | None
    ) -> FlagResolutionDetails[Any]:
        try:
            found = self._answer(flag_type, test, context)
        except OpenFeatureError as error:
            return FlagResolutionDetails(
                default,
                reason=Reason.ERROR,
                error_code=error.error_code,
                error_message=error.error_message,
            )
        return FlagResolutionDetails(default, reason=Reason.DEFAULT) if found is None else found

    def _answer(
        self, flag_type: FlagType, test: str, context: EvaluationContext | None
    ) -> FlagResolutionDetails[Any] | None:
        """Return the flag's details for the visitor's group, or None if the visitor is ineligible.

        Raises OpenFeatureError if the flag cannot be evaluated.
        """
        request = self._visitors.request(context, test)
        try:
            found = self._flags.one(request, test)
            return None if found is None else answer(test, found, flag_type)
        except FlagError as error:
            raise sdk_error(error) from error

"""The provider: what the OpenFeature SDK asks, answered by a source of groups."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from openfeature.exception import OpenFeatureError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagType, Reason
from openfeature.provider import AbstractProvider, Metadata

from proctor.core import MatrixSource, ProctorError
from proctor.openfeature.answers import answer
from proctor.openfeature.refusals import no_answer, refusal, refusal_of_a_matrix
from proctor.openfeature.visitors import Visitors
from proctor.openfeature.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType

    from proctor.core import Proctor, Source, TestDefinition

__all__ = ["ProctorProvider"]


class ProctorProvider(AbstractProvider):
    """Proctor's tests as flags of OpenFeature: a flag is a test, its variant is the group.

    *source* decides: a `MatrixSource`, a `PipetSource`, or any other `Source`. It stays the
    caller's, and is not closed by `shutdown`.

    *targeting_key* is the source key that the targeting key of an evaluation context stands
    for, as a rule a test type. *identifiers* names the attributes that are identifiers too;
    a mapping says under which source keys. *force_attribute* names the attribute with the
    groups that are forced, in the form of `prforceGroups`; it is the application that puts
    it there, and only for the privileged. All other attributes are context.

    A flag's value is the payload of the group, if it is of the type that is asked for. Else
    a boolean says whether the value of the bucket is above 0, and a string is the name of
    the group if there is no payload. A payload of another type is never converted.

    Over a `MatrixSource` the provider is ready once there is a matrix, and emits what
    becomes of it. Safe for threads. Raises ConfigurationError where arguments contradict
    each other.
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
        self._matrix = source if isinstance(source, MatrixSource) else None
        self._watch = None if self._matrix is None else Watch(self._matrix, self.emit)

    def __repr__(self) -> str:
        return f"<ProctorProvider over {self._source!r}>"

    def get_metadata(self) -> Metadata:
        """The provider's name, which is Proctor."""
        return Metadata(name="Proctor")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Make the first answers quick ones: load the matrix. The SDK calls this.

        Raises OpenFeatureError where there is no matrix; flags have their defaults until
        there is one, and then the provider says that it is ready.
        """
        if self._watch is not None:
            self._watch.begin()
        elif (prepare := getattr(self._source, "prepare", None)) is not None:
            prepare()

    def shutdown(self) -> None:
        """Emit nothing more; harmless when repeated. The SDK calls this."""
        if self._watch is not None:
            self._watch.end()

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """The payload, if it is true or false; else whether the bucket's value is above 0."""
        return self._resolve(FlagType.BOOLEAN, flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """The payload, if it is a text; without a payload the name of the group."""
        return self._resolve(FlagType.STRING, flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """The payload, if it is a whole number."""
        return self._resolve(FlagType.INTEGER, flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """The payload, if it is a double."""
        return self._resolve(FlagType.FLOAT, flag_key, default_value, evaluation_context)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """The payload, if it is a map, an array, or JSON of these kinds: a copy of one's own."""
        return self._resolve(FlagType.OBJECT, flag_key, default_value, evaluation_context)

    async def resolve_boolean_details_async(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """`resolve_boolean_details` without blocking the event loop."""
        return await self._aresolve(FlagType.BOOLEAN, flag_key, default_value, evaluation_context)

    async def resolve_string_details_async(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """`resolve_string_details` without blocking the event loop."""
        return await self._aresolve(FlagType.STRING, flag_key, default_value, evaluation_context)

    async def resolve_integer_details_async(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """`resolve_integer_details` without blocking the event loop."""
        return await self._aresolve(FlagType.INTEGER, flag_key, default_value, evaluation_context)

    async def resolve_float_details_async(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """`resolve_float_details` without blocking the event loop."""
        return await self._aresolve(FlagType.FLOAT, flag_key, default_value, evaluation_context)

    async def resolve_object_details_async(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """`resolve_object_details` without blocking the event loop."""
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
        """What the visitor's group is worth; None for one who is not eligible.

        Raises OpenFeatureError.
        """
        request = self._visitors.request(context, test)
        try:
            proctor = None if self._matrix is None else self._matrix.current().proctor
            groups = self._source.determine_groups(request)
        except ProctorError as error:
            raise no_answer(error) from error
        assignment = groups.get(test)
        if assignment is not None and not assignment.reason.is_default:
            return answer(test, assignment, flag_type, _definition(proctor, test))
        if self._matrix is None or proctor is None:
            problem = refusal(test, request)
        else:
            problem = refusal_of_a_matrix(test, request, groups, self._matrix, proctor)
        if problem is not None:
            raise problem
        return None


def _definition(proctor: Proctor | None, test: str) -> TestDefinition | None:
    if proctor is None or test not in proctor.loaded_names:
        return None
    return proctor.definition(test)

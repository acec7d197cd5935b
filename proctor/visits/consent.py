"""Check whether the visitor agreed to be identified, once for each request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async

from proctor.core.messages import error_place
from proctor.resolving.site_setup import current_setup, current_variables
from proctor.visits.hook_values import HookAnswerError, is_yes

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

__all__ = ["Consent", "without_user"]

logger = logging.getLogger("proctor.hooks")

_GIVEN = "_proctor_consent"
_USER = "USER"


class Consent:
    """The `has_consent` or `ahas_consent` hook of a middleware. An exception means no consent."""

    __slots__ = ("_has_plain", "_has_twin", "_middleware")

    def __init__(self, middleware: Any, overrides: Callable[[str], bool]) -> None:
        self._middleware = middleware
        self._has_plain = overrides("has_consent")
        self._has_twin = overrides("ahas_consent")

    @classmethod
    def of(cls, middleware: Any, overrides: Callable[[str], bool]) -> Consent | None:
        """Return the consent hook of *middleware*, or None if it overrides neither hook."""
        if not hasattr(middleware, "has_consent"):
            return None
        consent = cls(middleware, overrides)
        return consent if consent._has_plain or consent._has_twin else None

    def given(self, request: HttpRequest) -> bool:
        """Return True if the visitor agreed. Call it in a thread without an event loop."""
        known: bool | None = request.__dict__.get(_GIVEN)
        if known is not None:
            return known
        try:
            answer = self._ask(request)
        except Exception as error:  # noqa: BLE001 - the site's code
            answer = self._count_as_no(error)
        request.__dict__[_GIVEN] = answer
        return answer

    async def agiven(self, request: HttpRequest) -> bool:
        """Return the same as `given`, for use on an event loop."""
        known: bool | None = request.__dict__.get(_GIVEN)
        if known is not None:
            return known
        if not self._has_twin:
            return await sync_to_async(self.given)(request)
        try:
            answer = _is_yes(await self._middleware.ahas_consent(request))
        except Exception as error:  # noqa: BLE001 - as above
            answer = self._count_as_no(error)
        request.__dict__[_GIVEN] = answer
        return answer

    def _ask(self, request: HttpRequest) -> bool:
        if self._has_plain:
            return _is_yes(self._middleware.has_consent(request))
        return _is_yes(async_to_sync(self._middleware.ahas_consent)(request))

    def _count_as_no(self, error: Exception) -> bool:
        owner = type(self._middleware).__qualname__
        current_setup().log.log(
            logger,
            logging.WARNING,
            "has_consent of %s failed, so the visitor is treated as not having agreed: %s",
            owner,
            error if isinstance(error, HookAnswerError) else error_place(error),
        )
        return False


def _is_yes(answer: Any) -> bool:
    # Reject a str, because it may be the value of a cookie, such as "no", which would count as
    # true.
    return is_yes("has_consent", answer, takes_text=False)


def without_user(identifiers: Any) -> Any:
    """Return *identifiers* without those of type USER, which need consent."""
    if not isinstance(identifiers, Mapping):
        return identifiers
    declared = {
        each.source_key: each.test_type for each in current_variables().identifier_variables
    }
    return {key: value for key, value in identifiers.items() if declared.get(key, key) != _USER}

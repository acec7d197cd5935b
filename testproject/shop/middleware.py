"""Who the visitor is, for Proctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from proctor.middleware import ProctorMiddleware
from proctor.request import ProctorHttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

#: The first is that of a visitor of whom the shop knows nothing.
COUNTRIES = {"US": "United States", "DE": "Germany", "GB": "Great Britain", "JP": "Japan"}

#: Customers whom one can sign in as, without a password: by account number.
CUSTOMERS = {"5083": "Ada", "5084": "Grace", "5085": "Konrad"}


class ShopRequest(ProctorHttpRequest):
    """For annotations: a request with `proc`, and with what the hooks have said of its visitor."""

    identifiers: Mapping[str, Any]
    context: Mapping[str, Any]


class ShopProctorMiddleware(ProctorMiddleware):
    """The random id of the ready middleware, and what the session knows.

    The keys are the shop's own words; PROCTOR_IDENTIFIERS and PROCTOR_CONTEXT translate them.
    """

    def get_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """The cookie's id as USER, and the customer's number once he is signed in."""
        identifiers = {
            **super().get_identifiers(request),
            "acctid": request.session.get("account"),
        }
        # The page /you/ shows its visitor what was asked for him.
        request.identifiers = identifiers  # type: ignore[attr-defined]  # see ShopRequest
        return identifiers

    def get_context(self, request: HttpRequest) -> Mapping[str, Any]:
        """What the rules in the matrix ask for."""
        context = {
            "country": request.session.get("country", next(iter(COUNTRIES))),
            "loggedIn": "account" in request.session,
        }
        request.context = context  # type: ignore[attr-defined]  # see ShopRequest
        return context

    def is_privileged(self, request: HttpRequest) -> bool:
        """Everybody may force groups while DEBUG is on: nobody else sees this shop."""
        return bool(settings.DEBUG)

"""Identify the visitor for Proctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from proctor.middleware import ProctorMiddleware
from proctor.request import ProctorHttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

#: Countries to choose from; the first one is for visitors whose country the shop does not know.
COUNTRIES = {"US": "United States", "DE": "Germany", "GB": "Great Britain", "JP": "Japan"}

#: Customers by account number. Anyone can sign in as one of them without a password.
CUSTOMERS = {"5083": "Ada", "5084": "Grace", "5085": "Konrad"}


class ShopRequest(ProctorHttpRequest):
    """A request with `proc` and the results of the hooks. For annotations only."""

    identifiers: Mapping[str, Any]
    context: Mapping[str, Any]


class ShopProctorMiddleware(ProctorMiddleware):
    """Adds data from the session to the random id that `ProctorMiddleware` assigns.

    The keys are the shop's own names; PROCTOR_IDENTIFIERS and PROCTOR_CONTEXT map them to
    the matrix's names.
    """

    def get_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the cookie's id as USER and, if a customer is signed in, their account number.

        Accounts of the editor are not customers, so signing in there changes nothing in the shop.
        """
        identifiers = {
            **super().get_identifiers(request),
            "acctid": request.session.get("account"),
        }
        identifiers.pop("ACCOUNT", None)
        # The /you/ page shows visitors the identifiers that were used.
        request.identifiers = identifiers  # type: ignore[attr-defined]  # see ShopRequest
        return identifiers

    def get_context(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the variables that the rules in the matrix use."""
        context = {
            "country": request.session.get("country", next(iter(COUNTRIES))),
            "loggedIn": "account" in request.session,
        }
        request.context = context  # type: ignore[attr-defined]  # see ShopRequest
        return context

    def is_privileged(self, request: HttpRequest) -> bool:
        """Return True while DEBUG is on, because then only developers can see the shop."""
        return bool(settings.DEBUG)

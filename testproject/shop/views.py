"""The pages of the shop."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from proctor.decorators import proctor_variant
from proctor.results import record
from testproject.shop import who
from testproject.shop.middleware import COUNTRIES, CUSTOMERS
from testproject.shop.products import ALIKE, BY_SLUG, PRODUCTS, Product, find, likeness

if sys.version_info >= (3, 11):
    from typing import assert_never
else:
    from typing_extensions import assert_never

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from testproject.proctor_types import ProctorRequest
    from testproject.shop.middleware import ShopRequest

logger = logging.getLogger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show all products, under a headline that comes from a payload."""
    return render(request, "shop/home.html", {"products": PRODUCTS})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one product, with the button whose color is under test."""
    return render(request, "shop/product.html", {"product": _product(slug)})


async def forgiving_search(request: HttpRequest) -> HttpResponse:
    """Search with the new algorithm, which also finds misspelled words. The best match is first.

    It is a coroutine, as it would be if it called a search server. The `search` view, which it
    replaces for visitors in the rollout, does not have to be a coroutine.
    """
    query = _query(request)
    found: list[Product] = []
    if query:
        ranked = sorted(PRODUCTS, key=lambda each: likeness(each, query), reverse=True)
        exact = find(query)
        found = exact + [
            each for each in ranked if each not in exact and likeness(each, query) >= ALIKE
        ]
    return render(request, "shop/search.html", {"query": query, "found": found, "is_new": True})


@require_safe
@proctor_variant("newfeaturerollout", active=forgiving_search)
def search(request: HttpRequest) -> HttpResponse:
    """Search with the old algorithm; visitors in the rollout get `forgiving_search`."""
    query = _query(request)
    found = find(query) if query else []
    return render(request, "shop/search.html", {"query": query, "found": found})


@require_safe
def basket(request: ProctorRequest) -> HttpResponse:
    """Show the contents of the basket, and the total."""
    counts = request.session.get("basket", {})
    lines = [
        {"product": each, "count": counts[each.slug], "price": each.price * counts[each.slug]}
        for each in PRODUCTS
        if each.slug in counts
    ]
    total = sum(line["price"] for line in lines)
    # An empty basket does not show the offer, so it must not read the group.
    offer = _delivery_offer(request) if lines else ""
    return render(request, "shop/basket.html", {"lines": lines, "total": total, "offer": offer})


def _delivery_offer(request: ProctorRequest) -> str:
    """Return a sentence with the minimum order for free delivery. Only customers are in this test.

    A type checker reports an error if a declared group is not handled in the `match`.
    """
    assignment = request.proc.freedeliverytst
    offer = f"Delivery is free from €{assignment.payload or 60}."
    group = assignment.group
    match group:
        case "control":
            return offer
        case "lower":
            return f"{offer} That is less than others pay: thank you for coming back."
        case _:
            assert_never(group)


@require_POST
def add_to_basket(request: ShopRequest) -> HttpResponse:
    """Put one product into the basket.

    The test of the button's color measures how often visitors do this.
    """
    chosen = _product(request.POST.get("slug", ""))
    counts = request.session.get("basket", {})
    # The basket is stored in a cookie, so its size is limited.
    counts[chosen.slug] = min(counts.get(chosen.slug, 0) + 1, 99)
    request.session["basket"] = counts
    # Use peek, because the previous page has already counted the exposure. Without any read, the
    # log line would contain no groups.
    request.proc.peek("buttoncolortst")
    logger.info("into the basket: %s", chosen.slug)
    record("basket", request)
    messages.success(request, f"{chosen.name} is in your basket.")
    return redirect("shop:basket")


@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """Order the products in the basket. Nothing is shipped, but the outcomes are recorded."""
    counts = request.session.pop("basket", {})
    total = sum(each.price * counts.get(each.slug, 0) for each in PRODUCTS)
    if total:
        record("order", request)
        record("revenue", request, value=total)
        messages.success(request, "Thank you. Nothing will arrive, because the shop sells nothing.")
    return redirect("shop:basket")


@require_POST
def empty_basket(request: HttpRequest) -> HttpResponse:
    """Empty the basket."""
    request.session.pop("basket", None)
    messages.success(request, "Everything is back on its shelf.")
    return redirect("shop:basket")


@never_cache
@require_safe
def you(request: ShopRequest) -> HttpResponse:
    """Show the visitor's identity and groups, with reasons. Nothing here counts as an exposure."""
    return render(
        request,
        "shop/you.html",
        {
            "tests": who.tests_of(request),
            "log_line": str(request.proc),
            "identifiers": request.identifiers,
            "context": request.context,
            "countries": COUNTRIES,
            "customers": CUSTOMERS,
            "may_force": settings.DEBUG,
        },
    )


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Move to another country, or sign in as a customer."""
    country, account = request.POST.get("country"), request.POST.get("account")
    if country in COUNTRIES:
        request.session["country"] = country
    if account in CUSTOMERS:
        request.session["account"] = account
    else:
        request.session.pop("account", None)
    messages.success(request, "Changed. The tests were evaluated again.")
    return redirect("shop:you")


@require_POST
def become_somebody_else(request: HttpRequest) -> HttpResponse:
    """Delete the cookie with the visitor's id. The next page assigns a new id and new groups."""
    messages.success(request, "You are a new visitor now.")
    response = redirect("shop:you")
    response.delete_cookie(settings.PROCTOR_ID_COOKIE, samesite="Lax")
    return response


def _product(slug: str) -> Product:
    try:
        return BY_SLUG[slug]
    except KeyError:
        raise Http404(f"The shop has no {slug!r}") from None


def _query(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:100]

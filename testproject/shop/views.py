"""The pages of the shop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from proctor.decorators import proctor_variant
from testproject.shop import who
from testproject.shop.middleware import COUNTRIES, CUSTOMERS
from testproject.shop.products import ALIKE, BY_SLUG, PRODUCTS, Product, find, likeness

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from testproject.shop.middleware import ShopRequest

logger = logging.getLogger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """All products, under a headline that is a payload."""
    return render(request, "shop/home.html", {"products": PRODUCTS})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product, with the button whose colour is under test."""
    return render(request, "shop/product.html", {"product": _product(slug)})


async def forgiving_search(request: HttpRequest) -> HttpResponse:
    """The new search: it finds what was misspelt, best first.

    A coroutine, as it would be if it asked a search server. The decorated view is not one,
    and need not be.
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
    """The search as it always was; whoever is in the rollout gets the one above."""
    query = _query(request)
    found = find(query) if query else []
    return render(request, "shop/search.html", {"query": query, "found": found})


@require_safe
def basket(request: HttpRequest) -> HttpResponse:
    """What was put into the basket, and what it comes to."""
    counts = request.session.get("basket", {})
    lines = [
        {"product": each, "count": counts[each.slug], "price": each.price * counts[each.slug]}
        for each in PRODUCTS
        if each.slug in counts
    ]
    total = sum(line["price"] for line in lines)
    return render(request, "shop/basket.html", {"lines": lines, "total": total})


@require_POST
def add_to_basket(request: ShopRequest) -> HttpResponse:
    """Put one product into the basket: what the colour of the button is meant to achieve."""
    chosen = _product(request.POST.get("slug", ""))
    counts = request.session.get("basket", {})
    # A cookie holds the basket, and a shop has only so many.
    counts[chosen.slug] = min(counts.get(chosen.slug, 0) + 1, 99)
    request.session["basket"] = counts
    # The colour was shown, and counted, with the page before. The groups are only known to
    # the log's filter once one was asked for.
    request.proc.peek("buttoncolortst")
    logger.info("into the basket: %s", chosen.slug)
    messages.success(request, f"{chosen.name} is in your basket.")
    return redirect("shop:basket")


@require_POST
def empty_basket(request: HttpRequest) -> HttpResponse:
    """Put everything back."""
    request.session.pop("basket", None)
    messages.success(request, "Everything is back on its shelf.")
    return redirect("shop:basket")


@never_cache
@require_safe
def you(request: ShopRequest) -> HttpResponse:
    """Who the visitor is, his groups, and why. Looking counts as no exposure."""
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
    """Be in another country, or signed in as somebody."""
    country, account = request.POST.get("country"), request.POST.get("account")
    if country in COUNTRIES:
        request.session["country"] = country
    if account in CUSTOMERS:
        request.session["account"] = account
    else:
        request.session.pop("account", None)
    messages.success(request, "Changed. The tests have been asked again.")
    return redirect("shop:you")


@require_POST
def become_somebody_else(request: HttpRequest) -> HttpResponse:
    """Forget the visitor's id: the next page gives him a new one, and so new groups."""
    messages.success(request, "You are somebody else now.")
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

"""A context processor for the number of items in the basket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest


def basket(request: HttpRequest) -> dict[str, Any]:
    """Return `basket_size` for every template."""
    return {"basket_size": sum(request.session.get("basket", {}).values())}

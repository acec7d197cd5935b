"""Pagination of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.editor.api.failures import BadRequest

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.editor.api.bodies import Fields

__all__ = ["MAX_SIZE", "Page", "page_of"]

#: Number of entries on a page: the default and the maximum.
SIZE, MAX_SIZE = 50, 200
#: Maximum number of digits in a parameter.
_DIGITS = 9


class Page(NamedTuple):
    """The number and the size of the page that a request asks for."""

    number: int
    size: int

    @property
    def part(self) -> slice:
        """The slice that selects this page from the whole list."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    def document(
        self, request: HttpRequest, count: int, results: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return this page as JSON. `next` is the path of the next page, or null."""
        following = None
        if self.number * self.size < count:
            query = request.GET.copy()
            query["page"] = str(self.number + 1)
            following = f"{request.path}?{query.urlencode()}"
        return {"count": count, "next": following, "results": results}


def page_of(fields: Fields) -> Page:
    """Return the page that a request asks for. Raises BadRequest for an invalid number."""
    return Page(_number(fields, "page", 1, None), _number(fields, "page_size", SIZE, MAX_SIZE))


def _number(fields: Fields, name: str, default: int, most: int | None) -> int:
    text = fields.text(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
    if number < 1 or (most is not None and number > most):
        upper = "" if most is None else f" to {most}"
        raise BadRequest(f'"{name}": expected an integer from 1{upper}, got {text[:40]!r}')
    return number

"""Find every `proctor_variant` that a URL can reach."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from proctor.conf import settings
from proctor.decorators import Variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Reached", "reached_variants"]

#: Maximum number of callables to inspect in a view. Without a maximum, an object that generates
#: its attributes could keep the check running forever.
_MAX_PARTS = 500


class Reached(NamedTuple):
    """Variants, and the URL and view through which requests reach them."""

    #: The URL as it is written in the patterns, such as `/shop/<int:pk>/`.
    route: str
    view: Callable[..., Any]
    variants: Variants


def reached_variants() -> Iterator[Reached]:
    """Return all variants that the URLconf can reach, in order and without duplicates.

    The result is empty if the URLconf cannot be read; Django's own checks report that.
    """
    if not getattr(settings, "ROOT_URLCONF", None):
        return
    known: dict[int, Variants] = {}
    for route, view in _views(get_resolver(), "", set()):
        for variants in _variants_of(view):
            if id(variants) not in known:
                known[id(variants)] = variants
                yield Reached(route, view, variants)


def _views(
    resolver: URLResolver, prefix: str, above: set[int]
) -> Iterator[tuple[str, Callable[..., Any]]]:
    route = f"{prefix}{resolver.pattern}".removeprefix("^/")
    try:
        patterns = list(resolver.url_patterns)
    except Exception:  # noqa: BLE001 - see above
        return
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield f"/{route}{pattern.pattern}", pattern.callback
        elif id(pattern) not in above:
            yield from _views(pattern, route, {*above, id(pattern)})


def _variants_of(view: Callable[..., Any]) -> Iterator[Variants]:
    """Return the variants inside a view, and inside the views of these variants."""
    # The objects are kept alive, so that no other object can get the same id.
    seen: dict[int, Any] = {}
    waiting: list[Any] = [view]
    while waiting and len(seen) < _MAX_PARTS:
        part = waiting.pop(0)
        if id(part) in seen:
            continue
        seen[id(part)] = part
        variants = getattr(part, "proctor_variants", None)
        if isinstance(variants, Variants) and id(variants) not in seen:
            seen[id(variants)] = variants
            yield variants
            waiting += [variants.fallback, *variants.views.values()]
        waiting += _parts(part)


def _parts(part: Any) -> list[Any]:
    """Return the callables that a callable wraps or contains, as far as they can be found."""
    if isinstance(part, type):
        return [getattr(part, name, None) for name in ("dispatch", *_methods(part))]
    if isinstance(part, functools.partial):
        return [part.func]
    if isinstance(part, types.MethodType):
        return [part.__func__]
    if not isinstance(part, types.FunctionType):
        return [type(part).__call__] if callable(part) else []
    found = [part.__dict__.get(name) for name in ("__wrapped__", "view_class", "cls")]
    return [*found, *_enclosed(part)]


def _methods(view_class: type) -> list[str]:
    names = getattr(view_class, "http_method_names", ())
    return [str(name) for name in names]


def _enclosed(function: types.FunctionType) -> Iterator[Any]:
    """Return the callables in a closure, for decorators that do not set `__wrapped__`."""
    for cell in function.__closure__ or ():
        try:
            content = cell.cell_contents
        except ValueError:  # an empty cell
            continue
        if isinstance(content, (types.FunctionType, types.MethodType, functools.partial)):
            yield content

"""Serve a different view to the visitors in a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from proctor.core.messages import shown
from proctor.resolving import overrides
from proctor.visits.template_api import TemplateApi, assignment_of, proc_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from django.views import View

__all__ = ["DecoratedClass", "Variants", "proctor_variant"]

P = ParamSpec("P")
R = TypeVar("R")

#: A view: a function, a coroutine function, a View class, or the dotted path of one of these.
AnyView = Callable[..., Any] | str

_api = TemplateApi(ImproperlyConfigured)


class DecoratedClass(Protocol):
    """A decorated View class. It can be called directly, like the view that `as_view()` returns."""

    def __call__(self, request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase: ...

    def as_view(self, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the decorated view, so that a URLconf can call `as_view()` on the class."""


class Decorator(Protocol):
    """The result of `proctor_variant`: a decorator that keeps the signature of the view."""

    @overload
    def __call__(self, view: type[View], /) -> DecoratedClass: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, view: Callable[P, R], /) -> Callable[P, R]: ...


class Variants:
    """The views of one test, available as the attribute `proctor_variants` of the decorated view.

    `functools.wraps` and `View.as_view` copy the attribute to the wrapping view. `method_decorator`
    passes a function in place of the method, and this function is then the fallback.
    """

    __slots__ = ("_resolved", "fallback", "test", "views")

    #: The name of the test.
    test: str
    #: Maps each group to its view or the view's dotted path. A path is imported at its first use.
    views: Mapping[str, AnyView]
    #: The decorated view, which handles requests of all other visitors.
    fallback: Callable[..., Any]

    def __init__(
        self,
        test: str,
        views: Mapping[str, AnyView],
        fallback: Callable[..., Any],
        resolved: dict[str, Callable[..., Any]],
    ) -> None:
        self.test = test
        self.views = views
        self.fallback = fallback
        # Shared by all views that one decorator returns, because method_decorator applies the
        # decorator again on every call.
        self._resolved = resolved

    def __repr__(self) -> str:
        return f"<Variants of {self.test!r}: {', '.join(self.views)}>"

    def resolve(self, group: str) -> Callable[..., Any]:
        """Return the view for *group*. Raises ImproperlyConfigured if the view's path is wrong."""
        view = self._resolved.get(group)
        if view is None:
            view = self._resolved[group] = self._imported(group)
        return view

    def choose(self, request: Any) -> Callable[..., Any]:
        """Read the test, which counts as an exposure, and return the view that handles the request.

        In DEBUG, raises ImproperlyConfigured if the test or a group is not declared, or if the
        request has no `proc`. Without DEBUG, the problem is logged once, and the fallback handles
        the request, except that views of declared groups are still used if only other groups are
        undeclared. No `proc` is needed if `override_proctor` sets the test.
        """
        proc = proc_of(request)
        if proc is None and self.test not in overrides.active():
            _api.is_wrong(self._missing_proc(request))
            return self.fallback
        declared = _api.declaration(self.test)
        if declared is None or not _api.known_groups(declared, self.views):
            return self.fallback
        group = assignment_of(proc, declared).group
        return self.resolve(group) if group is not None and group in self.views else self.fallback

    def _missing_proc(self, request: Any) -> str:
        return (
            f"proctor_variant({self.test!r}) found no proc on {type(request).__name__}: add a "
            "proctor middleware to MIDDLEWARE, and decorate methods through method_decorator"
        )

    def _imported(self, group: str) -> Callable[..., Any]:
        view = self.views[group]
        if not isinstance(view, str):
            return view
        try:
            return _as_function(import_string(view))
        except (ImportError, TypeError) as error:
            raise ImproperlyConfigured(
                f"the view for the group {group!r} of {self.test!r} cannot be imported from "
                f"{view!r}: {error}"
            ) from error


def proctor_variant(
    test: str, variants: Mapping[str, AnyView] | None = None, /, **views: AnyView
) -> Decorator:
    """Give the visitors in a group a different view from the decorated one.

        @proctor_variant("newfeaturerollout", active=view_a)
        def view(request): ...              # every other group, no group, and outages

    Every keyword is the name of a group; *variants* is for names that are not valid Python
    identifiers: `proctor_variant("t", {"group-with-dash": view_b})(view)`. A view is a function, a
    coroutine function, a View class (its `as_view()` is used), or the dotted path of any of these.
    A path is imported at its first use. A decorated class is itself a view, but a URLconf can also
    call its `as_view()`. Decorate methods through `method_decorator`.

    If the decorated view is a coroutine function, the result is one too, and the variants are
    adapted. The result has the decorated view's attributes (such as `csrf_exempt`), no matter which
    view handles the request. Each call reads the group, which counts as an exposure.

    Raises TypeError for anything that cannot be a view. `manage.py check` finds wrong names of
    tests and groups. `Variants.choose` describes what happens if a view is called with wrong names.
    """
    chosen = _checked(test, variants, views)
    resolved: dict[str, Callable[..., Any]] = {}

    def decorate(view: Any) -> Any:
        decorated: Any = _decorated(
            Variants(test, chosen, _as_function(view, f"proctor_variant({test!r}): "), resolved)
        )
        if isinstance(view, type):
            made: Any = view

            def as_view(**initkwargs: Any) -> Any:
                return decorate(made.as_view(**initkwargs)) if initkwargs else decorated

            # A URLconf can call as_view() on a decorated class, as on any View class.
            decorated.as_view = as_view
        return decorated

    return decorate


def _checked(
    test: Any, variants: Mapping[str, AnyView] | None, views: dict[str, AnyView]
) -> Mapping[str, AnyView]:
    """Return all variants by group. Raises TypeError for invalid arguments."""
    if not isinstance(test, str):
        raise TypeError(
            f"proctor_variant: expected the name of a test (str) first, got {shown(test)}. Write "
            '@proctor_variant("the_test", the_group=the_view)'
        )
    if variants is not None and not isinstance(variants, Mapping):
        raise TypeError(
            f"proctor_variant({test!r}): expected a dict that maps groups to views, got "
            f"{shown(variants)}. You can also write group=view"
        )
    both = [group for group in variants or () if group in views]
    if both:
        raise TypeError(f"proctor_variant({test!r}) has two views for the group {both[0]!r}")
    chosen = {**(variants or {}), **views}
    if not chosen:
        raise TypeError(f"proctor_variant({test!r}) has no view for any group: add group=view")
    for group in chosen:
        if not isinstance(group, str):
            raise TypeError(
                f"proctor_variant({test!r}): expected the name of a group (str), got {shown(group)}"
            )
    return MappingProxyType(
        {
            group: view
            if isinstance(view, str)
            else _as_function(view, f"proctor_variant({test!r}), group {group!r}: ")
            for group, view in chosen.items()
        }
    )


def _as_function(view: Any, place: str = "") -> Callable[..., Any]:
    """Return a view as a callable that takes a request.

    Raises TypeError if it is not a view; *place* is the beginning of the error message.
    """
    if isinstance(view, type) and hasattr(view, "as_view"):
        made: Callable[..., Any] = view.as_view()
        return made
    if isinstance(view, type) or not callable(view):
        raise TypeError(
            f"{place}{shown(view)} is not a view; expected a function, a View class or a path"
        )
    found: Callable[..., Any] = view
    return found


def _decorated(own: Variants) -> Callable[..., Any]:
    fallback = own.fallback
    if _is_async(fallback):

        @wraps(fallback)
        async def answer_async(*args: Any, **kwargs: Any) -> Any:
            view = own.choose(_request(args, kwargs))
            if not _is_async(view):
                view = sync_to_async(view, thread_sensitive=True)
            return await view(*args, **kwargs)

        wrapper: Any = answer_async
    else:

        @wraps(fallback)
        def answer(*args: Any, **kwargs: Any) -> Any:
            view = own.choose(_request(args, kwargs))
            if _is_async(view):
                view = async_to_sync(view)
            return view(*args, **kwargs)

        wrapper = answer
    wrapper.proctor_variants = own
    made: Callable[..., Any] = wrapper
    return made


def _request(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the request, which Django passes first; a test may pass it as a keyword argument."""
    return args[0] if args else kwargs.get("request")


def _is_async(view: Any) -> bool:
    """Return True if calling the view returns an awaitable, even through an async `__call__`."""
    return iscoroutinefunction(view) or iscoroutinefunction(type(view).__call__)

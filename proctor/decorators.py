"""Another view for the visitors of a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from proctor.asking import Asker, assignment_of, proc_of
from proctor.core.context_types import shown

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.views import View

__all__ = ["Variants", "proctor_variant"]

P = ParamSpec("P")
R = TypeVar("R")

#: A view: a function, a coroutine function, a View class, or the dotted path of one.
AnyView = Callable[..., Any] | str

_asker = Asker(ImproperlyConfigured)


class Decorator(Protocol):
    """What `proctor_variant` returns: keeps the signature of the view that it decorates."""

    @overload
    def __call__(self, view: type[View], /) -> Callable[..., HttpResponseBase]: ...
    @overload
    def __call__(self, view: Callable[P, R], /) -> Callable[P, R]: ...


class Variants:
    """The views of one test. Every decorated view has it as its attribute `proctor_variants`.

    `functools.wraps` and `View.as_view` hand the attribute on to what is wrapped around.
    Under `method_decorator` the fallback is a stand-in for the method.
    """

    __slots__ = ("_resolved", "fallback", "test", "views")

    #: The name of the test.
    test: str
    #: Group → its view, or the dotted path of one that is imported at its first use.
    views: Mapping[str, AnyView]
    #: The decorated view, which answers all others.
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
        # Shared by all that one decorator has made: method_decorator decorates at each call.
        self._resolved = resolved

    def __repr__(self) -> str:
        return f"<Variants of {self.test!r}: {', '.join(self.views)}>"

    def resolve(self, group: str) -> Callable[..., Any]:
        """The view of a group that has one. Raises ImproperlyConfigured for a wrong path."""
        view = self._resolved.get(group)
        if view is None:
            view = self._resolved[group] = self._imported(group)
        return view

    def choose(self, request: Any) -> Callable[..., Any]:
        """The view that answers a request. Reads the test, which counts as an exposure.

        A test or group that is not declared, and a request without `proc`, raise
        ImproperlyConfigured in DEBUG; else they are logged once, and the fallback answers.
        """
        proc = proc_of(request)
        if proc is None:
            _asker.is_wrong(self._missing_proc(request))
            return self.fallback
        declared = _asker.declaration(self.test)
        if declared is None or not _asker.known_groups(declared, self.views):
            return self.fallback
        group = assignment_of(proc, declared).group
        return self.resolve(group) if group is not None and group in self.views else self.fallback

    def _missing_proc(self, request: Any) -> str:
        return (
            f"proctor_variant({self.test!r}) found no proc on {type(request).__name__}: add a "
            "middleware of proctor to MIDDLEWARE, and decorate methods through method_decorator"
        )

    def _imported(self, group: str) -> Callable[..., Any]:
        view = self.views[group]
        if not isinstance(view, str):
            return view
        try:
            return _as_function(import_string(view))
        except (ImportError, TypeError) as error:
            raise ImproperlyConfigured(
                f"the view of the group {group!r} of {self.test!r} cannot be had from {view!r}: "
                f"{error}"
            ) from error


def proctor_variant(
    test: str, variants: Mapping[str, AnyView] | None = None, /, **views: AnyView
) -> Decorator:
    """Give the visitors of a group another view than the decorated one.

        @proctor_variant("newfeaturerollout", active=view_a)
        def view(request): ...              # every other group, no group, and outages

    Every keyword is the name of a group; *variants* is for names that are no keywords:
    `proctor_variant("t", {"group-with-dash": view_b})(view)`. A view is a function, a
    coroutine function, a View class (its `as_view()` is taken), or the dotted path of one,
    which is imported at its first use. Methods are decorated through `method_decorator`.

    The result is a coroutine function if the decorated view is one, and the variants are
    adapted to that. It has the decorated view's attributes (`csrf_exempt`), whichever view
    answers. Each call reads the group, which counts as an exposure.

    Raises TypeError for what can be no view. Wrong names of tests and groups are found by
    `manage.py check`, and at a call: see `Variants.choose`.
    """
    chosen = _checked(test, variants, views)
    resolved: dict[str, Callable[..., Any]] = {}

    def decorate(view: Any) -> Any:
        return _decorated(Variants(test, chosen, _as_function(view), resolved))

    return decorate


def _checked(
    test: Any, variants: Mapping[str, AnyView] | None, views: dict[str, AnyView]
) -> Mapping[str, AnyView]:
    """All variants by group. Raises TypeError for a slip of the pen."""
    if not isinstance(test, str):
        raise TypeError(
            f"proctor_variant begins with the name of a test, and got {shown(test)}: "
            '@proctor_variant("the_test", the_group=the_view)'
        )
    both = [group for group in variants or () if group in views]
    if both:
        raise TypeError(f"proctor_variant({test!r}) has two views of the group {both[0]!r}")
    chosen = {**(variants or {}), **views}
    if not chosen:
        raise TypeError(f"proctor_variant({test!r}) has no view of a group: add group=view")
    for group in chosen:
        if not isinstance(group, str):
            raise TypeError(f"proctor_variant({test!r}) has the group {shown(group)}; give a name")
    return MappingProxyType(
        {
            group: view if isinstance(view, str) else _as_function(view)
            for group, view in chosen.items()
        }
    )


def _as_function(view: Any) -> Callable[..., Any]:
    """A view as something to call with a request. Raises TypeError for what is no view."""
    if isinstance(view, type) and hasattr(view, "as_view"):
        made: Callable[..., Any] = view.as_view()
        return made
    if isinstance(view, type) or not callable(view):
        raise TypeError(f"{shown(view)} is no view; give a function, a View class or a path")
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
    """The request, which Django gives first; a test may name it."""
    return args[0] if args else kwargs.get("request")


def _is_async(view: Any) -> bool:
    """Whether calling the view gives an awaitable; an object with such a __call__ counts."""
    return iscoroutinefunction(view) or iscoroutinefunction(type(view).__call__)

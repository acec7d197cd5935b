"""Check the views passed to `@proctor_variant`: groups, paths, and attributes that Django reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks

from proctor.checks.declarations import declared_tests
from proctor.checks.hints import sentence
from proctor.checks.walking import Reached, reached_variants
from proctor.conf import settings
from proctor.core.declarations.registry import declaration_problems
from proctor.core.messages import nearest
from proctor.django_internals import non_atomic_databases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.declarations.registry import Registry

__all__ = ["check_variants"]


def check_variants(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report all mistakes in the variants of the views in the URLconf."""
    # If PROCTOR_TESTS contains an error, the declared tests are unknown.
    registry = None if declaration_problems(settings.PROCTOR_TESTS) else declared_tests()
    return [
        message
        for reached in reached_variants()
        for message in (
            *(() if registry is None else _undeclared(reached, registry)),
            *(each for group in reached.variants.views for each in _of_view(reached, group)),
        )
    ]


def _undeclared(reached: Reached, registry: Registry) -> Iterator[checks.CheckMessage]:
    test, groups = reached.variants.test, reached.variants.views
    where = f"{_decorated_name(reached)} (at {reached.route})"
    declared = registry.get(test)
    if declared is None:
        yield checks.Error(
            f"The view {where} has variants of the test {test!r}, which is not in PROCTOR_TESTS.",
            hint=sentence(registry.hint(test)),
            id="proctor.E010",
        )
        return
    for group in groups:
        if not declared.knows(group):
            yield checks.Error(
                f"The view {where} has a variant for the group {group!r}, which PROCTOR_TESTS does "
                f"not declare for the test {test!r}: no visitor will see it.",
                hint=sentence(nearest(group, list(declared.groups or ()))),
                id="proctor.E010",
            )


def _of_view(reached: Reached, group: str) -> Iterator[checks.CheckMessage]:
    variants = reached.variants
    try:
        view = variants.resolve(group)
    except Exception as error:  # noqa: BLE001 - importing a module may raise anything
        yield checks.Error(
            sentence(error),
            hint="Give the dotted path of a view, such as 'shop.views.new_basket'.",
            id="proctor.E011",
        )
        return
    for difference in _differences(view, reached):
        yield checks.Warning(
            f"The variant {_name(view)} of the view {_decorated_name(reached)}, for the group "
            f"{group!r} of {variants.test!r}, {difference}",
            hint="Put the same decorator on both views, or put it above @proctor_variant, where it "
            "applies to all variants.",
            id="proctor.W010",
        )


def _differences(view: Any, reached: Reached) -> Iterator[str]:
    """Yield a message for each attribute of a variant that Django will not respect.

    Django's middleware reads only the attributes of the view in the URLconf. These attributes are
    set by the decorated view and by the decorators above `@proctor_variant`, and apply to all
    variants.
    """
    fallback, whole = reached.variants.fallback, reached.view

    def differs(attribute: str, default: Any) -> bool:
        own = getattr(view, attribute, default)
        return own not in (
            getattr(fallback, attribute, default),
            getattr(whole, attribute, default),
        )

    if differs("csrf_exempt", False):
        if getattr(view, "csrf_exempt", False):
            yield "is csrf_exempt, but the view is not: requests to the variant are still checked."
        else:
            yield "is not csrf_exempt, but the view is: requests to the variant are not checked."
    mine, *others = map(non_atomic_databases, (view, fallback, whole))
    if mine not in others:
        yield "has different non_atomic_requests: those of the view apply."
    if differs("login_required", True):
        if getattr(view, "login_required", True):
            yield (
                "is not decorated with @login_not_required, but the view is, so the variant is "
                "shown to visitors who are not logged in."
            )
        else:
            yield (
                "is decorated with @login_not_required, but the view is not, so a login is still "
                "required."
            )
    if _asks_for_login(fallback) and not _asks_for_login(view):
        yield "does not require a login, but the view does: the variant is shown to everyone."


def _asks_for_login(view: Any) -> bool:
    """Return True if a view was decorated with `login_required`, or its class has a login mixin."""
    view_class = getattr(view, "view_class", None)
    return any(
        hasattr(each, "redirect_field_name") and hasattr(each, "login_url")
        for each in (view, view_class)
    )


def _decorated_name(reached: Reached) -> str:
    """Return the dotted path of the object that is decorated in the source code."""
    fallback = reached.variants.fallback
    if getattr(fallback, "__module__", "").startswith("django."):
        # `method_decorator` passes this wrapper function in place of the method.
        return _name(reached.view)
    return _name(fallback)


def _name(view: Any) -> str:
    """Return the dotted path of a view, or of the class whose `as_view()` created it."""
    view = getattr(view, "view_class", view)
    name = getattr(view, "__qualname__", None) or type(view).__qualname__
    return f"{getattr(view, '__module__', '')}.{name}"

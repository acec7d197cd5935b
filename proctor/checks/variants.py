"""The views of `@proctor_variant`: their groups, their paths, and what Django asks of a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks

from proctor.checks.declarations import declared_tests
from proctor.checks.hints import sentence
from proctor.checks.walking import Reached, reached_variants
from proctor.core.context_types import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.declarations import Registry

__all__ = ["check_variants"]


def check_variants(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Everything that is wrong with the variants behind the URLconf."""
    registry = declared_tests()
    return [
        message
        for reached in reached_variants()
        for message in (
            *_undeclared(reached, registry),
            *(each for group in reached.variants.views for each in _of_view(reached, group)),
        )
    ]


def _undeclared(reached: Reached, registry: Registry) -> Iterator[checks.CheckMessage]:
    test, groups = reached.variants.test, reached.variants.views
    where = _name(reached.variants.fallback)
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
                f"not declare for the test {test!r}: nobody will see it.",
                hint=sentence(nearest(group, list(declared.groups or ()))),
                id="proctor.E010",
            )


def _of_view(reached: Reached, group: str) -> Iterator[checks.CheckMessage]:
    variants = reached.variants
    try:
        view = variants.resolve(group)
    except Exception as error:  # noqa: BLE001 - the import of a module may raise anything
        yield checks.Error(
            sentence(error),
            hint="Give the dotted path of a view, as 'shop.views.new_basket'.",
            id="proctor.E011",
        )
        return
    for difference in _differences(view, reached):
        yield checks.Warning(
            f"The variant {_name(view)} of the view {_name(variants.fallback)}, for the group "
            f"{group!r} of {variants.test!r}, {difference}",
            hint="Decorate both alike, or put that decorator above @proctor_variant, where it "
            "holds for all.",
            id="proctor.W010",
        )


def _differences(view: Any, reached: Reached) -> Iterator[str]:
    """What the variant asks for and will not get, or gets and does not ask for.

    Django's middleware asks the view of the URL. That has the attributes of the decorated
    view, and of decorators above, which were meant for all variants.
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
            yield "is csrf_exempt, and the view is not: requests to it are checked all the same."
        else:
            yield "is not csrf_exempt, and the view is: requests to it are not checked."
    if differs("_non_atomic_requests", set()):
        yield "has other non_atomic_requests than the view, and runs with those of the view."
    if differs("login_required", True):
        if getattr(view, "login_required", True):
            yield "is not login_not_required, and the view is: it is shown to everybody."
        else:
            yield "is login_not_required, and the view is not: it asks for a login all the same."
    if _asks_for_login(fallback) and not _asks_for_login(view):
        yield "does not ask for a login, as the view does: it is shown to everybody."


def _asks_for_login(view: Any) -> bool:
    """Whether a view was decorated as `login_required` is, or its class has such a mixin."""
    view_class = getattr(view, "view_class", None)
    return any(
        hasattr(each, "redirect_field_name") and hasattr(each, "login_url")
        for each in (view, view_class)
    )


def _name(view: Any) -> str:
    """A view as a reader knows it: its dotted path."""
    name = getattr(view, "__qualname__", None) or type(view).__qualname__
    return f"{getattr(view, '__module__', '')}.{name}"

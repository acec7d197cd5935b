"""Decorated views for type checkers. They are only checked, never run."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from typing_extensions import assert_type

from proctor.decorators import DecoratedClass, proctor_variant


def other(request: HttpRequest, page: int) -> HttpResponse:
    return HttpResponse(str(page))


class Other(View):
    pass


@proctor_variant("t", a=other, b="shop.views.other", c=Other)
def view(request: HttpRequest, page: int) -> HttpResponse:
    return HttpResponse(str(page))


@proctor_variant("t", {"group-with-dash": other})
async def coroutine_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class_view = proctor_variant("t", a=other)(Other)


class MethodView(View):
    @method_decorator(proctor_variant("t", a=other))
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


def check_signatures(request: HttpRequest) -> None:
    assert_type(view(request, 3), HttpResponse)
    assert_type(view(request, page=3), HttpResponse)
    assert_type(class_view, DecoratedClass)
    assert_type(class_view(request, 3), HttpResponseBase)
    assert_type(class_view.as_view(), Callable[..., HttpResponseBase])


async def check_coroutines(request: HttpRequest) -> None:
    assert_type(await coroutine_view(request), HttpResponse)
    await coroutine_view(request, 3)  # type: ignore[call-arg]


def check_mistakes(request: HttpRequest) -> None:
    # Each comment is reported if it ignores nothing.
    view(request, "3")  # type: ignore[arg-type]
    view(request)  # type: ignore[call-arg]
    proctor_variant("t", a=3)  # type: ignore[arg-type]
    proctor_variant(test="t", a=other)  # type: ignore[call-arg]
    proctor_variant("t", a=other)(3)  # type: ignore[call-overload]

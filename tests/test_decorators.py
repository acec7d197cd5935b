from __future__ import annotations

import asyncio
import functools
import threading

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from proctor.decorators import proctor_variant
from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed
from proctor.testing import override_proctor

HERE = __name__


class Someone(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "someone"}


class Denied(BaseProctorMiddleware):
    def get_identifiers(self, request):
        raise PermissionDenied


def blue(request, **kwargs):
    return HttpResponse(f"blue{kwargs or ''}")


async def ablue(request, **kwargs):
    await asyncio.sleep(0)
    return HttpResponse(f"ablue{kwargs or ''}")


def usual(request, **kwargs):
    return HttpResponse("usual")


async def ausual(request, **kwargs):
    return HttpResponse("ausual")


class Blue(View):
    def get(self, request, **kwargs):
        return HttpResponse("Blue")


class AsyncBlue(View):
    async def get(self, request, **kwargs):
        return HttpResponse("AsyncBlue")


class AsyncCallable:
    async def __call__(self, request, **kwargs):
        return HttpResponse("AsyncCallable")


class Usual(View):
    def get(self, request, **kwargs):
        return HttpResponse("Usual")


@proctor_variant("buttoncolortst", blue=blue)
class Decorated(View):
    def get(self, request, **kwargs):
        return HttpResponse("Decorated")


@method_decorator(proctor_variant("buttoncolortst", blue=blue), name="get")
class DecoratedMethod(View):
    def get(self, request, **kwargs):
        return HttpResponse("DecoratedMethod")

    def post(self, request):
        return HttpResponse("posted")


class DecoratedAsyncMethod(View):
    @method_decorator(proctor_variant("buttoncolortst", blue=blue))
    async def get(self, request):
        return HttpResponse("DecoratedAsyncMethod")


urlpatterns = []


@pytest.fixture
def answer(site):
    """The view's response to a visitor who is in the group blue."""
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.Someone"]

    def answer(view, route="", url="/", client=None):
        urlpatterns[:] = [path(route, view)]
        return (client or Client()).get(url).content.decode()

    yield answer
    urlpatterns.clear()


@pytest.fixture
def exposures():
    """The names of the exposed tests, in order."""
    seen = []

    def receiver(test, **_):
        seen.append(test)

    exposed.connect(receiver)
    yield seen
    exposed.disconnect(receiver)


@pytest.fixture
def request_of_blue(site):
    request = RequestFactory().get("/")
    Someone(lambda request: HttpResponse())(request)
    return request


every_variant = pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (blue, "blue"),
        (ablue, "ablue"),
        (Blue, "Blue"),
        (AsyncBlue, "AsyncBlue"),
        (AsyncCallable(), "AsyncCallable"),
        (functools.partial(ablue, a=1), "ablue{'a': 1}"),
        (f"{HERE}.blue", "blue"),
        (f"{HERE}.ablue", "ablue"),
        (f"{HERE}.Blue", "Blue"),
    ],
)


# -- Which view answers -----------------------------------------------------------------------


@every_variant
@pytest.mark.parametrize("view", [usual, Usual, ausual])
def test_the_visitors_of_a_group_get_its_view(answer, view, variant, expected):
    assert answer(proctor_variant("buttoncolortst", blue=variant)(view)) == expected


@every_variant
@pytest.mark.parametrize("view", [usual, ausual])
async def test_the_same_holds_on_a_loop(answer, view, variant, expected):
    urlpatterns[:] = [path("", proctor_variant("buttoncolortst", blue=variant)(view))]
    response = await AsyncClient().get("/")
    assert response.content.decode() == expected


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (usual, "usual"),
        (ausual, "ausual"),
        (Usual, "Usual"),
        (functools.partial(usual, a=1), "usual"),
    ],
)
def test_all_others_get_the_decorated_view(answer, view, expected):
    assert answer(proctor_variant("buttoncolortst", green=blue)(view)) == expected


def test_nobody_without_a_group_gets_a_variant(answer, site):
    site.PROCTOR_MATRIX = None
    assert answer(proctor_variant("headlinetst", warm=blue)(usual)) == "usual"


def test_the_declared_default_has_its_view_too(answer, site):
    site.PROCTOR_MATRIX = None
    assert answer(proctor_variant("buttoncolortst", control=blue)(usual)) == "blue"


def test_groups_whose_names_are_no_keywords_are_given_by_a_mapping(answer):
    with override_proctor({"button-dash": "dashed"}):
        assert answer(proctor_variant("button-dash", {"dashed": blue})(usual)) == "blue"


def test_any_word_may_be_the_name_of_a_group(answer, site):
    site.PROCTOR_TESTS = ("buttoncolortst",)
    view = proctor_variant("buttoncolortst", test=usual, variants=usual, self=usual, blue=blue)
    assert answer(view(usual)) == "blue"


def test_the_arguments_of_the_url_reach_the_variant(answer):
    view = proctor_variant("buttoncolortst", blue=blue)(usual)
    assert answer(view, "<int:page>/", "/3/") == "blue{'page': 3}"


def test_decorators_can_be_stacked(answer):
    inner = proctor_variant("headlinetst", warm=blue)(usual)
    assert answer(proctor_variant("buttoncolortst", green=Blue)(inner)) == "blue"


def test_a_request_may_be_given_by_name(request_of_blue):
    view = proctor_variant("buttoncolortst", blue=blue)(usual)
    assert view(request=request_of_blue).content == b"blue"


class Titled(View):
    title = "no title"

    def get(self, request, **kwargs):
        return HttpResponse(self.title)


def test_a_decorated_class_has_as_view(answer, site):
    assert answer(Decorated.as_view()) == "blue"
    titled = proctor_variant("buttoncolortst", green=blue)(Titled)
    assert answer(titled.as_view()) == "no title"
    assert answer(titled.as_view(title="Mr")) == "Mr"


@pytest.mark.parametrize("view", [Decorated, DecoratedMethod.as_view()])
def test_classes_and_methods_are_decorated(answer, view):
    assert answer(view) == "blue"


async def test_a_coroutine_method_is_decorated(answer):
    urlpatterns[:] = [path("", DecoratedAsyncMethod.as_view())]
    response = await AsyncClient().get("/")
    assert response.content == b"blue"


def test_the_other_methods_of_a_class_are_left_alone(answer):
    urlpatterns[:] = [path("", DecoratedMethod.as_view())]
    assert Client().post("/").content == b"posted"


async def test_a_plain_variant_does_not_run_on_the_loop(answer):
    def variant(request):
        return HttpResponse(threading.current_thread().name)

    urlpatterns[:] = [path("", proctor_variant("buttoncolortst", blue=variant)(ausual))]
    response = await AsyncClient().get("/")
    assert response.content.decode() != threading.current_thread().name


# -- What a call counts -----------------------------------------------------------------------


def test_a_call_counts_an_exposure_of_its_test_and_no_other(answer, exposures):
    answer(proctor_variant("buttoncolortst", green=blue)(usual))
    assert exposures == ["buttoncolortst"]


def test_a_hooks_answer_goes_through(answer, site):
    site.MIDDLEWARE = [f"{HERE}.Denied"]
    site.PROCTOR_LAZY = True
    urlpatterns[:] = [path("", proctor_variant("buttoncolortst", blue=blue)(usual))]
    assert Client().get("/").status_code == 403


# -- Mistakes ---------------------------------------------------------------------------------


mistakes = pytest.mark.parametrize(
    ("decorator", "message"),
    [
        (proctor_variant("buttoncolourtst", blue=blue), "did you mean 'buttoncolortst'?"),
        (proctor_variant("buttoncolortst", bleu=blue), "did you mean 'blue'?"),
    ],
)


@mistakes
def test_a_wrong_name_raises_in_debug(site, request_of_blue, decorator, message):
    site.DEBUG = True
    with pytest.raises(ImproperlyConfigured) as caught:
        decorator(usual)(request_of_blue)
    assert message in str(caught.value)


@mistakes
def test_a_wrong_name_leaves_the_decorated_view_otherwise(
    request_of_blue, decorator, message, caplog
):
    assert decorator(usual)(request_of_blue).content == b"usual"


@mistakes
def test_a_wrong_name_is_logged_once(request_of_blue, decorator, message, caplog):
    for _ in range(3):
        decorator(usual)(request_of_blue)
    assert [message in record.getMessage() for record in caplog.records] == [True]


@mistakes
def test_a_wrong_name_counts_no_exposure(request_of_blue, decorator, message, caplog, exposures):
    decorator(usual)(request_of_blue)
    assert exposures == []


def test_the_other_groups_of_a_wrong_one_keep_their_views(request_of_blue, caplog):
    view = proctor_variant("buttoncolortst", blue=blue, gren=blue)(usual)
    assert view(request_of_blue).content == b"blue"


def test_without_the_middleware_the_decorated_view_answers(site, caplog):
    view = proctor_variant("buttoncolortst", blue=blue)(usual)
    assert view(RequestFactory().get("/")).content == b"usual"


def test_without_the_middleware_one_record_says_so(site, caplog):
    view = proctor_variant("buttoncolortst", blue=blue)(usual)
    for _ in range(3):
        view(RequestFactory().get("/"))
    assert ["MIDDLEWARE" in record.getMessage() for record in caplog.records] == [True]


def test_without_the_middleware_debug_raises(site):
    site.DEBUG = True
    view = proctor_variant("buttoncolortst", blue=blue)(usual)
    with pytest.raises(ImproperlyConfigured, match="add a proctor middleware to MIDDLEWARE"):
        view(RequestFactory().get("/"))


def test_a_method_that_is_decorated_as_a_function_is_told_how(site, request_of_blue):
    site.DEBUG = True

    class Wrong(View):
        @proctor_variant("buttoncolortst", blue=blue)
        def get(self, request):
            return HttpResponse()

    with pytest.raises(ImproperlyConfigured, match=r"no proc on Wrong: .* method_decorator"):
        Wrong.as_view()(request_of_blue)


@pytest.mark.parametrize("wrong", [f"{HERE}.nowhere", "nowhere.view", "view", f"{HERE}.HERE"])
def test_a_path_that_leads_nowhere_raises_at_its_first_use(request_of_blue, wrong):
    view = proctor_variant("buttoncolortst", blue=wrong)(usual)
    with pytest.raises(ImproperlyConfigured, match="the group 'blue' of 'buttoncolortst'"):
        view(request_of_blue)


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda: proctor_variant(usual), "expected the name of a test"),
        (lambda: proctor_variant("t"), "no view for any group"),
        (lambda: proctor_variant("t", {"a": blue}, a=blue), "two views for the group 'a'"),
        (lambda: proctor_variant("t", {None: blue}), "a group (str), got None"),
        (lambda: proctor_variant("t", ["a"]), "dict that maps groups to views, got ['a']"),
        (lambda: proctor_variant("t", blue), "dict that maps groups to views, got <function"),
        (lambda: proctor_variant("t", a=None), "('t'), group 'a': None is not a view"),
        (lambda: proctor_variant("t", a=dict), "<class 'dict'> is not a view"),
        (lambda: proctor_variant("t", a=blue)(HERE), f"proctor_variant('t'): {HERE!r} is not a"),
    ],
)
def test_a_slip_of_the_pen_raises_at_import(decorate, message):
    with pytest.raises(TypeError) as caught:
        decorate()
    assert message in str(caught.value)


# -- What the wrapper is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (usual, False),
        (ausual, True),
        (Usual, False),
        (AsyncBlue, True),
        (csrf_exempt(usual), False),
        (csrf_exempt(ausual), True),
        (functools.partial(ausual), True),
        (AsyncCallable(), True),
    ],
)
@pytest.mark.parametrize("variant", [blue, ablue])
def test_the_wrapper_is_a_coroutine_function_as_the_decorated_view_is(view, variant, expected):
    assert iscoroutinefunction(proctor_variant("t", a=variant)(view)) is expected


def test_the_wrapper_has_the_name_and_the_attributes_of_the_decorated_view():
    @proctor_variant("t", a=blue)
    @csrf_exempt
    def view(request):
        """What it shows."""

    assert (view.__name__, view.__doc__, view.csrf_exempt) == ("view", "What it shows.", True)


def test_the_wrapper_of_a_class_knows_the_class():
    assert proctor_variant("t", a=blue)(Usual).view_class is Usual


# -- What a check finds -----------------------------------------------------------------------


def test_a_wrapper_knows_its_variants():
    view = proctor_variant("t", {"b-c": "a.path"}, a=Blue)(usual)
    variants = view.proctor_variants
    assert (variants.test, list(variants.views), variants.fallback) == ("t", ["b-c", "a"], usual)


def test_variants_say_what_they_are():
    assert repr(proctor_variant("t", a=blue)(usual).proctor_variants) == "<Variants of 't': a>"


def test_variants_resolve_their_views():
    variants = proctor_variant("t", a=f"{HERE}.blue", b=Blue)(usual).proctor_variants
    assert variants.resolve("a") is blue
    assert variants.resolve("b").view_class is Blue


def test_a_path_is_resolved_once_for_all_that_a_decorator_decorates():
    decorator = proctor_variant("t", a=f"{HERE}.Blue")
    views = [decorator(view).proctor_variants.resolve("a") for view in (usual, ausual)]
    assert views[0] is views[1]


def test_variants_cannot_be_added_later():
    with pytest.raises(TypeError):
        proctor_variant("t", a=blue)(usual).proctor_variants.views["b"] = blue


def test_each_of_stacked_decorators_can_be_found():
    view = proctor_variant("outer", a=blue)(proctor_variant("inner", a=blue)(usual))
    found = [view.proctor_variants.test, view.__wrapped__.proctor_variants.test]
    assert found == ["outer", "inner"]


@pytest.mark.parametrize(
    "view",
    [
        csrf_exempt(proctor_variant("buttoncolortst", blue=blue)(usual)),
        Decorated,
        DecoratedMethod.get,
        DecoratedAsyncMethod.get,
        method_decorator(proctor_variant("buttoncolortst", blue=blue), name="dispatch")(
            type("Dispatched", (View,), {})
        ).as_view(),
    ],
)
def test_variants_are_handed_on_by_what_wraps_around(view):
    assert view.proctor_variants.test == "buttoncolortst"


# -- A bucket that has a different name in the matrix -----------------------------------------


def test_the_variant_of_a_renamed_bucket_is_that_of_its_declared_name(renamed, answer):
    assert answer(proctor_variant("buttoncolortst", blue=blue)(usual)) == "blue"


async def test_so_is_a_variant_that_is_a_coroutine(renamed, answer):
    view = proctor_variant("buttoncolortst", blue=ablue)(ausual)
    urlpatterns[:] = [path("", view)]
    assert (await AsyncClient().get("/")).content == b"ablue"


def test_the_exposure_of_such_a_variant_has_the_name_of_the_matrix(renamed, answer):
    seen = []

    def receiver(assignment, **_):
        seen.append(assignment.group)

    exposed.connect(receiver)
    answer(proctor_variant("buttoncolortst", blue=blue)(usual))
    exposed.disconnect(receiver)
    assert seen == ["azure"]

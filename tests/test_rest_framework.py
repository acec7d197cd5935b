"""Views of Django REST framework, decorated and as variants."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import path
from django.utils.decorators import method_decorator

from proctor.decorators import proctor_variant
from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed

HERE = __name__

#: Without users and sessions, because the apps of both need a database.
PLAIN = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}


class Someone(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": request.headers.get("X-User", "someone")}

    def is_privileged(self, request):
        return True


@pytest.fixture
def rest(site):
    """The framework, whose settings must exist when it is imported."""
    site.REST_FRAMEWORK = PLAIN
    pytest.importorskip("rest_framework", reason="needs djangorestframework")
    from rest_framework import decorators, response, views

    site.MIDDLEWARE = [f"{HERE}.Someone"]

    class Api(views.APIView):
        word = "usual"

        def get(self, request):
            return response.Response(
                {"view": self.word, "group": request.proc.buttoncolortst.group}
            )

    class BlueApi(Api):
        word = "blue"

    @decorators.api_view(["GET"])
    def blue_function(request):
        return response.Response({"view": "blue", "group": request.proc.buttoncolortst.group})

    @decorators.api_view(["GET"])
    def function(request):
        return response.Response({"view": "usual", "group": request.proc.buttoncolortst.group})

    def plain(request):
        group = request.proc.buttoncolortst.group
        return response.Response({"view": "blue", "group": group})

    class Method(Api):
        @method_decorator(proctor_variant("buttoncolortst", blue=plain))
        def get(self, request):
            return super().get(request)

    variant = proctor_variant("buttoncolortst", blue=BlueApi)
    return {
        "class": variant(Api).as_view(),
        "as_view": variant(Api.as_view()),
        "function": proctor_variant("buttoncolortst", blue=blue_function)(function),
        "class by function": proctor_variant("buttoncolortst", blue=blue_function)(Api),
        "inside of api_view": decorators.api_view(["GET"])(
            proctor_variant("buttoncolortst", blue=plain)(plain)
        ),
        "method": Method.as_view(),
    }


KINDS = ["class", "as_view", "function", "class by function", "inside of api_view", "method"]


@pytest.fixture
def exposures():
    seen = []

    def receiver(test, **_):
        seen.append(test)

    exposed.connect(receiver)
    yield seen
    exposed.disconnect(receiver)


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_of_the_framework_has_variants(rest, site, exposures, kind):
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("", rest[kind])]})
    assert Client().get("/").json() == {"view": "blue", "group": "blue"}
    assert exposures == ["buttoncolortst"]


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "inside of api_view"])
def test_the_others_have_the_usual_view(rest, site, kind):
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("", rest[kind])]})
    answer = Client().get("/?prforceGroups=buttoncolortst2")
    assert answer.json() == {"view": "usual", "group": "green"}


def test_the_decorated_view_is_as_csrf_exempt_as_the_framework_makes_it(rest):
    assert rest["class"].csrf_exempt is True

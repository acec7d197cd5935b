from __future__ import annotations

import typing

from django.http import HttpRequest
from django.test import RequestFactory

from proctor.request import ProctorHttpRequest
from proctor.visits.proc import Proc


def view(request: ProctorHttpRequest) -> None:
    """A view with a site's annotations."""


def test_it_is_a_request_for_type_checkers():
    assert issubclass(ProctorHttpRequest, HttpRequest)


def test_who_resolves_annotations_finds_the_class_of_proc():
    assert typing.get_type_hints(ProctorHttpRequest)["proc"] is Proc


def test_who_resolves_a_view_s_annotations_finds_the_class():
    assert typing.get_type_hints(view)["request"] is ProctorHttpRequest


def test_no_request_is_of_it():
    assert not isinstance(RequestFactory().get("/"), ProctorHttpRequest)

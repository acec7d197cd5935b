"""PROCTOR_LOCATIONS: a site's own kind of matrix location, and values that cannot be used."""

from __future__ import annotations

import json
import re

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from proctor.checks import TAG
from proctor.core.evaluation.groups import Reason
from proctor.core.exceptions import ConfigurationError
from proctor.core.sources.locations import Document
from proctor.identify import identify
from proctor.resolving.matrix_locations import LocationsError, matrix_schemes
from proctor.resolving.site_setup import current_setup
from tests.site_matrices import definition, one_bucket

HERE = __name__


MATRIX = {
    "audit": {"version": "1"},
    "tests": {"buttoncolortst": definition(one_bucket("green", 2))},
}


class InMemory:
    """A location with one matrix in memory."""

    slow = spread = inline = False

    def __init__(self, text):
        if text != "mem:shop":
            raise ConfigurationError(f"{text!r} is not in memory")
        self.shown = text

    def changed(self, token):
        return token is None

    def read(self, token):
        return Document(json.dumps(MATRIX).encode(), "1")


class Broken:
    def __init__(self, text):
        raise KeyError(text)


class NoLocation:
    """A class that has only some of a location's members."""

    slow = spread = inline = False

    def __init__(self, text):
        self.shown = text


def nothing(text):
    """A function that makes no location."""


class Odd(InMemory):
    """A location whose `read` returns this."""

    answer = None

    def read(self, token):
        return self.answer


not_callable = 5

#: Values, and a part of the message about them.
UNUSABLE = [
    (InMemory, "a value of type type; expected the dotted path of a class"),
    (5, "a value of type int; expected the dotted path of a class"),
    (None, "a value of type NoneType; expected the dotted path of a class"),
    ("os.path", "a value of type module; expected the dotted path of a class"),
    (f"{HERE}.not_callable", "a value of type int; expected the dotted path of a class"),
    ("nodots", "which cannot be imported: ImportError"),
    ("no.such.Module", "which cannot be imported: ModuleNotFoundError"),
    (f"{HERE}.NoClass", "which cannot be imported: ImportError"),
    (f"{HERE}.NoLocation", "which created a NoLocation without changed, read; add all members"),
    (
        f"{HERE}.nothing",
        "which created a NoneType without shown, slow, spread, inline, changed, read",
    ),
    (f"{HERE}.Broken", "which failed: KeyError: 'mem:shop'"),
]


@pytest.fixture
def located(site):
    site.PROCTOR_MATRIX = "mem:shop"
    site.PROCTOR_LOCATIONS = {"mem": f"{HERE}.InMemory"}
    return site


def messages():
    """The messages of all checks about the matrix and its locations."""
    settings = ("PROCTOR_MATRIX", "PROCTOR_LOCATIONS")
    return [each for each in run_checks(tags=[TAG]) if each.msg.startswith(settings)]


def test_a_scheme_of_the_site_gives_the_matrix(located):
    assert identify({"USER": "a"}).buttoncolortst.group == "green"
    assert messages() == []


@pytest.mark.parametrize(("value", "problem"), UNUSABLE)
def test_a_value_that_cannot_be_used_is_named_with_its_scheme(located, value, problem):
    located.PROCTOR_LOCATIONS = {"mem": value}
    with pytest.raises(LocationsError) as raised:
        matrix_schemes()["mem"]("mem:shop")
    start = re.escape(f"PROCTOR_LOCATIONS['mem'] is {value!r}"[:80])
    assert re.match(start, str(raised.value))
    assert problem in str(raised.value)
    with pytest.raises(ImproperlyConfigured, match=start):
        current_setup()


@pytest.mark.parametrize("value", [value for value, _ in UNUSABLE])
def test_the_check_blames_the_locations_and_not_the_matrix(located, value):
    located.PROCTOR_LOCATIONS = {"mem": value}
    (error,) = messages()
    assert error.id == "proctor.E001"
    assert error.msg.startswith("PROCTOR_LOCATIONS")
    assert "dotted path" in error.hint


def test_a_text_that_the_site_s_class_refuses_is_a_mistake_in_the_matrix(located):
    located.PROCTOR_MATRIX = "mem:absent"
    (error,) = messages()
    assert error.msg == "PROCTOR_MATRIX cannot be used: 'mem:absent' is not in memory."
    with pytest.raises(ImproperlyConfigured, match="'mem:absent' is not in memory"):
        current_setup()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(None, "NoneType"), ("{}", "str"), (b"{}", "bytes"), (Document("{}", 1), "Document")],
)
def test_a_wrong_answer_of_the_site_s_class_is_logged_with_what_to_return(
    located, caplog, monkeypatch, answer, kind
):
    monkeypatch.setattr(Odd, "answer", answer)
    located.PROCTOR_LOCATIONS = {"mem": f"{HERE}.Odd"}
    assert identify({"USER": "a"}).buttoncolortst.reason is Reason.SOURCE_FAILED
    assert f"mem:shop: read() returned a {kind}; return a Document with bytes" in caplog.text


@pytest.mark.parametrize("scheme", ["mme", "MEM"])
def test_a_scheme_that_does_not_exist_is_a_warning_with_the_nearest(located, scheme):
    located.PROCTOR_MATRIX = f"{scheme}:shop"
    (warning,) = messages()
    assert warning.id == "proctor.W003"
    assert warning.hint.startswith("Did you mean 'mem:shop'?")


@pytest.mark.parametrize("value", [5, b"matrix.json", ["matrix.json"], True])
def test_a_matrix_of_the_wrong_type_names_the_setting_at_the_start(site, value):
    site.PROCTOR_MATRIX = value
    with pytest.raises(ImproperlyConfigured, match="PROCTOR_MATRIX: expected a path or a URL"):
        current_setup()


@pytest.mark.parametrize("path", ["/tmp/" + "x" * 5000, "/tmp/\0"])
def test_a_path_that_no_file_can_have_is_a_warning(site, path):
    site.PROCTOR_MATRIX = path
    (warning,) = messages()
    assert (warning.id, len(warning.msg) < 200) == ("proctor.W003", True)


def test_a_class_that_the_matrix_does_not_need_is_not_imported(located):
    located.PROCTOR_LOCATIONS = {"mem": f"{HERE}.InMemory", "vault": "no.such.Module"}
    assert messages() == []
    assert current_setup().source is not None


def test_locations_that_are_no_dict_are_blamed_alone(located):
    located.PROCTOR_LOCATIONS = ["mem"]
    (error,) = messages()
    assert error.msg == "PROCTOR_LOCATIONS is ['mem']."

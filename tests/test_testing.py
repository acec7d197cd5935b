from __future__ import annotations

import os
import subprocess
import sys
import threading
import unittest
import urllib.request
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.template import engines
from django.test import (
    AsyncClient,
    Client,
    LiveServerTestCase,
    RequestFactory,
    SimpleTestCase,
    override_settings,
)
from django.urls import path
from jinja2 import Environment

from proctor import GroupAssignment
from proctor.core.evaluation.groups import Reason
from proctor.decorators import proctor_variant
from proctor.identify import identify
from proctor.jinja import ProctorExtension
from proctor.middleware import BaseProctorMiddleware
from proctor.resolving import overrides
from proctor.signals import exposed
from proctor.testing import override_proctor
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__


class Everybody(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}


def group(request):
    return HttpResponse(request.proc.buttoncolortst.group)


async def agroup(request):
    return HttpResponse(request.proc.buttoncolortst.group)


urlpatterns = [path("", group), path("async", agroup)]


@pytest.fixture(autouse=True)
def _urls(site):
    with override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Everybody"]):
        yield
    assert overrides.active() == {}


def color():
    return identify({"USER": "a"}).buttoncolortst.group


def test_everybody_is_in_the_group_and_afterwards_in_his_own():
    with override_proctor(buttoncolortst="green"):
        inside = color()
    assert (inside, color()) == ("green", "blue")


def test_the_others_are_not_touched():
    with override_proctor(buttoncolortst="green"):
        assert identify({"USER": "a"}).headlinetst.payload == "Welcome"


def test_several_at_once():
    with override_proctor(buttoncolortst="green", absenttst="on"):
        proc = identify({})
        assert (proc.buttoncolortst.group, proc.absenttst.group) == ("green", "on")


def test_a_name_that_is_no_python_name_is_given_in_a_mapping():
    with override_proctor({"button-dash": "dashed"}, buttoncolortst="green"):
        assert str(identify({})) == "button-dash0,buttoncolortst2"


def test_value_and_payload_are_those_of_the_matrix():
    with override_proctor(headlinetst="warm"):
        assignment = identify({}).headlinetst
    assert (assignment.value, assignment.payload, assignment.reason) == (
        1,
        "Welcome",
        Reason.ASSIGNED,
    )


def test_a_renamed_bucket_has_its_declared_name_and_its_payload(renamed):
    with override_proctor(buttoncolortst="blue"):
        assignment = identify({}).buttoncolortst
    assert (assignment.group, assignment.value, assignment.payload) == ("blue", 1, "#00f")
    assert assignment.matrix_group == "azure"


def test_the_name_of_a_renamed_bucket_in_the_matrix_is_no_group(renamed):
    with (
        pytest.raises(ValueError, match="has no group 'azure': "),
        override_proctor(buttoncolortst="azure"),
    ):
        pass


def test_a_bucket_with_the_declared_name_but_a_different_value_is_not_used(renamed, tmp_path):
    renamed.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 2, stringValue="#00f"))
    )
    with override_proctor(buttoncolortst="blue"):
        assignment = identify({}).buttoncolortst
    assert (assignment.group, assignment.value, assignment.payload) == ("blue", 1, None)


def test_without_a_matrix_the_value_is_that_of_the_declaration(site):
    site.PROCTOR_MATRIX = None
    with override_proctor(sleepingtst="active"):
        assert identify({}).sleepingtst.value == 1


def test_a_matrix_that_cannot_be_read_does_not_matter(site, tmp_path):
    site.PROCTOR_MATRIX = tmp_path / "none.json"
    with override_proctor(sleepingtst="active"):
        assert identify({}).sleepingtst.value == 1


def test_an_assignment_says_value_and_payload_itself():
    mine = GroupAssignment("green", 7, "#0f0")
    with override_proctor(buttoncolortst=mine):
        assert identify({}).buttoncolortst is mine


def test_none_gives_the_declared_default():
    with override_proctor(buttoncolortst=None):
        assignment = identify({"USER": "a"}).buttoncolortst
    assert (assignment.group, assignment.reason.is_default) == ("control", True)


def test_the_inner_one_wins_and_the_outer_one_holds_again():
    with override_proctor(buttoncolortst="green", absenttst="on"):
        with override_proctor(buttoncolortst="control"):
            inside = color()
            assert identify({}).absenttst.group == "on"
        assert (inside, color()) == ("control", "green")


def test_it_ends_with_an_exception_too():
    with pytest.raises(KeyError), override_proctor(buttoncolortst="green"):
        raise KeyError
    assert color() == "blue"


def test_one_object_may_be_used_again_and_inside_of_itself():
    green = override_proctor(buttoncolortst="green")
    with green, green:
        pass
    with green:
        assert color() == "green"
    assert color() == "blue"


def test_an_undeclared_test_is_an_error_that_names_the_nearest():
    with (
        pytest.raises(ValueError, match=r"'buttoncolourtst' is not .*'buttoncolortst'"),
        override_proctor(buttoncolourtst="green"),
    ):
        pass


def test_an_undeclared_group_is_an_error_that_names_the_nearest():
    with (
        pytest.raises(ValueError, match=r"no group 'gren'.*'green'"),
        override_proctor(buttoncolortst="gren"),
    ):
        pass


def test_where_no_groups_are_declared_those_of_the_matrix_count():
    with (
        pytest.raises(ValueError, match="no group 'cold'"),
        override_proctor(headlinetst="cold"),
    ):
        pass


def test_an_assignment_of_an_undeclared_group_is_an_error_too():
    with (
        pytest.raises(ValueError, match="no group 'red'"),
        override_proctor(buttoncolortst=GroupAssignment("red", 9)),
    ):
        pass


def test_after_an_error_nothing_is_left():
    with pytest.raises(ValueError, match="othertst"):
        override_proctor(buttoncolortst="green", othertst="a").enable()
    assert color() == "blue"


def test_a_view_sees_it():
    with override_proctor(buttoncolortst="green"):
        assert Client().get("/").content == b"green"


async def test_a_coroutine_view_sees_it():
    with override_proctor(buttoncolortst="green"):
        assert (await AsyncClient().get("/async")).content == b"green"


def test_another_thread_sees_it():
    seen = []
    with override_proctor(buttoncolortst="green"):
        thread = threading.Thread(target=lambda: seen.append(color()))
        thread.start()
        thread.join()
    assert seen == ["green"]


def test_a_forced_group_does_not_come_above_it():
    with override_proctor(buttoncolortst="green"):
        assert Client().get("/?prforceGroups=buttoncolortst1").content == b"green"


def test_a_read_of_it_is_an_exposure():
    told = []

    def note(test, **_):
        told.append(test)

    exposed.connect(note)
    with override_proctor(buttoncolortst="green"):
        color()
    exposed.disconnect(note)
    assert told == ["buttoncolortst"]


def test_where_all_tests_are_set_the_source_is_not_asked(site, tmp_path):
    site.PROCTOR_TESTS = ("buttoncolortst",)
    site.PROCTOR_MATRIX = tmp_path / "none.json"
    with override_proctor(buttoncolortst="green"):
        assert identify({}).buttoncolortst.group == "green"


@override_proctor(buttoncolortst="green")
def test_a_function_is_decorated():
    assert color() == "green"


@override_proctor(buttoncolortst="green")
async def test_a_coroutine_function_is_decorated():
    assert (await AsyncClient().get("/async")).content == b"green"


@pytest.mark.parametrize("wanted", ["green", "control"])
@override_proctor(buttoncolortst="green")
def test_a_decorated_function_keeps_its_arguments_and_marks(wanted, tmp_path):
    assert (color(), tmp_path.exists()) == ("green", True)


@override_proctor(buttoncolortst="green")
class TestPlainClass:
    def test_its_methods_are_decorated(self):
        assert color() == "green"

    async def test_its_coroutines_are_decorated(self):
        assert (await AsyncClient().get("/async")).content == b"green"

    @staticmethod
    def test_its_static_methods_are_decorated():
        assert color() == "green"

    @classmethod
    def test_its_class_methods_are_decorated(cls):
        assert color() == "green"

    @override_proctor(buttoncolortst="control")
    def test_a_method_s_own_wins(self):
        assert color() == "control"


class Inherited:
    def test_inherited(self):
        return color()


def test_a_decorated_class_leaves_the_one_that_it_inherits_from_alone():
    @override_proctor(buttoncolortst="green")
    class Child(Inherited):
        pass

    assert (Child().test_inherited(), Inherited().test_inherited()) == ("green", "blue")


def outcome(case, name="test_color"):
    result = unittest.TestResult()
    case(name).run(result)
    return [text for _, text in result.failures + result.errors]


@pytest.mark.parametrize("base", [unittest.TestCase, SimpleTestCase])
def test_a_class_of_unittest_or_django_is_decorated(base):
    @override_proctor(buttoncolortst="green")
    class Case(base):
        def setUp(self):
            self.color = color()

        def test_color(self):
            self.assertEqual((self.color, color()), ("green", "green"))  # noqa: PT009

    assert outcome(Case) == []
    assert color() == "blue"


def test_an_asynchronous_class_of_unittest_is_decorated():
    @override_proctor(buttoncolortst="green")
    class Case(unittest.IsolatedAsyncioTestCase):
        async def test_color(self):
            self.assertEqual(color(), "green")  # noqa: PT009

    assert outcome(Case) == []


@pytest.mark.django_db(transaction=True)
def test_a_live_server_sees_it():
    class Case(LiveServerTestCase):
        def test_color(self):
            with (
                override_proctor(buttoncolortst="green"),
                urllib.request.urlopen(self.live_server_url) as response,
            ):
                body = response.read()
            self.assertEqual(body, b"green")  # noqa: PT009

    Case.setUpClass()
    try:
        assert outcome(Case) == []
    finally:
        Case.tearDownClass()
        Case.doClassCleanups()


# -- the fixture ------------------------------------------------------------------------------

PROJECT = {
    "shop_settings.py": """
from proctor import ProctorTest
SECRET_KEY = "a"
PROCTOR_TESTS = (ProctorTest("buttoncolortst", {"control": 0, "blue": 1}, "control"),)
""",
    "test_shop.py": """
import pytest
from proctor.identify import identify

def test_it_is_called_as_often_as_wanted(proctor_groups):
    proctor_groups(buttoncolortst="blue")
    assert identify({}).buttoncolortst.group == "blue"
    proctor_groups({"buttoncolortst": "control"})
    assert identify({}).buttoncolortst.group == "control"

def test_it_ends_with_the_test():
    assert identify({}).buttoncolortst.reason.is_default

def test_an_undeclared_group_raises(proctor_groups):
    with pytest.raises(ValueError, match="no group 'red'"):
        proctor_groups(buttoncolortst="red")
""",
}


def run_pytest(directory, *arguments):
    root = Path(__file__).resolve().parent.parent
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO", "PYTEST"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *arguments],
        cwd=directory,
        env={**environment, "PYTHONPATH": f"{directory}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_project_has_the_fixture_by_installing_the_package(tmp_path):
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text)
    result = run_pytest(tmp_path, "--ds=shop_settings", "-q")
    assert "3 passed" in result.stdout, result.stdout + result.stderr


def test_a_project_without_django_s_settings_is_not_disturbed(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_nothing():\n    assert 'proctor.conf' not in sys.modules\n"
    )
    result = run_pytest(tmp_path, "-q")
    assert "1 passed" in result.stdout, result.stdout + result.stderr


# -- without the middleware ---------------------------------------------------------------------


@proctor_variant("buttoncolortst", control=lambda request: HttpResponse("control view"))
def decorated(request):
    return HttpResponse("decorated")


@pytest.mark.parametrize("debug", [False, True])
def test_a_variant_sees_it_without_the_middleware(settings, debug):
    settings.DEBUG = debug
    with override_proctor(buttoncolortst="control"):
        assert decorated(RequestFactory().get("/")).content == b"control view"
    with override_proctor(buttoncolortst="blue"):
        assert decorated(RequestFactory().get("/")).content == b"decorated"


def test_tags_see_it_without_the_middleware():
    text = "{% load proctor %}{% ifgroup buttoncolortst control %}yes{% endifgroup %}"
    template = engines["django"].from_string(text)
    with override_proctor(buttoncolortst="control"):
        assert template.render({}) == "yes"


def test_tags_of_jinja_see_it_without_the_middleware():
    environment = Environment(extensions=[ProctorExtension], autoescape=True)
    template = environment.from_string('{{ proctor_group("buttoncolortst") }}')
    with override_proctor(buttoncolortst="green"):
        assert template.render() == "green"


def test_identify_sees_it_where_the_source_fails(site, tmp_path):
    site.PROCTOR_MATRIX = tmp_path / "none.json"
    with override_proctor(buttoncolortst="green"):
        assert color() == "green"

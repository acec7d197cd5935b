from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.template.loaders.base import Loader
from django.urls import path

from proctor import ProctorTest
from proctor.core import Matrix, Proctor
from proctor.core.declarations.registry import Registry
from proctor.decorators import proctor_variant
from proctor.upkeep.matrix_differences import compare
from tests.core.httpserver import Reply, serving
from tests.site_matrices import definition, one_bucket, write_matrix

ROOT = Path(__file__).resolve().parent.parent.parent

HERE = __name__


def fallback(request):
    return HttpResponse("fallback")


class Database(Loader):
    """A template loader that cannot list its templates."""

    def get_template_sources(self, template_name):
        return []


class Elsewhere:
    """A source without a matrix."""

    def determine_groups(self, request):
        raise NotImplementedError

    def close(self):
        pass


@pytest.fixture
def site(settings, tmp_path):
    """A site whose declarations match the matrix, without templates."""
    settings.PROCTOR_TESTS = (
        ProctorTest(
            "buttoncolortst",
            groups={"control": 0, "blue": 1},
            default="control",
            payload=str,
        ),
        "anygrouptst",
    )
    settings.PROCTOR_IDENTIFIERS = {}
    settings.PROCTOR_CONTEXT = {"country": "String"}
    settings.PROCTOR_MATRIX = matrix(tmp_path)
    settings.TEMPLATES = []
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": []})
    return settings


def matrix(directory, **tests):
    """The matrix that the site expects, with some tests changed."""
    return write_matrix(
        directory,
        **{
            "buttoncolortst": definition(
                one_bucket("control", 0, stringValue="#ccc"),
                one_bucket("blue", 1, stringValue="#00f"),
            ),
            "anygrouptst": definition(one_bucket("a", 0), one_bucket("b", 1)),
            **tests,
        },
    )


def use_templates(settings, **options):
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"libraries": {"proctor": "proctor.templatetags.proctor"}, **options},
        }
    ]


def use_pages(settings, **pages):
    """Templates in memory."""
    use_templates(settings, loaders=[("django.template.loaders.locmem.Loader", pages)])


def run(*arguments):
    """The exit code and the output of the command."""
    out = io.StringIO()
    try:
        call_command("proctor_check", *arguments, stdout=out, no_color=True)
    except SystemExit as exit_:
        return exit_.code, out.getvalue()
    return 0, out.getvalue()


def document(*arguments):
    return json.loads(run("--json", *arguments)[1])


def differences(*arguments):
    """Kind, test and place of each difference."""
    found = document(*arguments)["differences"]
    return [(each["kind"], each["test"], each["place"]) for each in found]


def declared(kind, test="buttoncolortst"):
    return [(kind, test, "PROCTOR_TESTS")]


def failure(*arguments):
    """The message and the exit code of a command that could not compare."""
    with pytest.raises(CommandError) as caught:
        call_command("proctor_check", *arguments)
    return str(caught.value), caught.value.returncode


# -- The system checks ------------------------------------------------------------------------


def a_wrong_variant(site):
    decorated = proctor_variant("buttoncolortst", bleu=fallback)(fallback)
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("buy/", decorated)]})


def test_an_error_of_the_checks_has_exit_code_1(site):
    a_wrong_variant(site)
    code, text = run()
    assert code == 1
    first, last = text.splitlines()
    assert first.startswith(f"ERROR: (proctor.E010) The view {HERE}.fallback (at /buy/) has a")
    assert "Did you mean 'blue'?" in first
    assert last.endswith("no differences")


def test_json_has_the_checks(site):
    a_wrong_variant(site)
    (found,) = document()["checks"]
    assert (found["id"], found["level"]) == ("proctor.E010", "error")
    assert found["message"].startswith("The view")
    assert run("--json")[0] == 1


def test_a_warning_of_the_checks_is_shown_and_is_no_failure(site):
    site.MIDDLEWARE = []
    code, text = run()
    assert (code, text.startswith("WARNING: (proctor.W004)")) == (0, True)


def test_a_silenced_check_is_not_shown(site):
    site.MIDDLEWARE = []
    site.SILENCED_SYSTEM_CHECKS = ["proctor.W004"]
    assert "W004" not in run()[1]


# -- The registry and the matrix ------------------------------------------------------------


def test_what_fits_has_exit_code_0(site):
    assert run() == (
        0,
        "2 declared tests and 0 templates, compared with version 1 of the matrix: no differences\n",
    )


def test_a_missing_test_has_exit_code_1(site):
    site.PROCTOR_TESTS = ("absenttst",)
    assert run()[0] == 1


def test_a_difference_has_these_fields_in_this_order(site):
    site.PROCTOR_TESTS = ("absenttst",)
    (found,) = document()["differences"]
    assert list(found) == ["kind", "test", "place", "message"]


def test_the_table_names_kind_test_place_and_message(site):
    site.PROCTOR_TESTS = ("butoncolortst",)
    lines = run()[1].splitlines()
    assert lines == [
        "DIFFERENCE    TEST           PLACE",
        "missing test  butoncolortst  PROCTOR_TESTS",
        "    the matrix has no test 'butoncolortst'; did you mean 'buttoncolortst'?",
        "",
        "1 declared test and 0 templates, compared with version 1 of the matrix: 1 difference",
    ]


def test_json_says_the_same_as_the_table(site):
    site.PROCTOR_TESTS = ("butoncolortst",)
    assert document() == {
        "checks": [],
        "matrix_version": "1",
        "warnings": [],
        "differences": [
            {
                "kind": "missing test",
                "test": "butoncolortst",
                "place": "PROCTOR_TESTS",
                "message": "the matrix has no test 'butoncolortst'; did you mean 'buttoncolortst'?",
            }
        ],
        "templates": {"compiled": 0, "not_compiled": {}, "loaders_not_listed": []},
    }


def test_json_has_the_exit_codes_too(site):
    site.PROCTOR_TESTS = ("absenttst",)
    assert run("--json")[0] == 1


def test_a_dropped_test_is_a_difference(site, tmp_path):
    matrix(tmp_path, anygrouptst=definition(one_bucket("a", 0), rule="${country ==}"))
    assert differences() == declared("dropped test", "anygrouptst")


def test_a_dropped_test_is_shown_with_the_reason(site, tmp_path):
    matrix(tmp_path, anygrouptst=definition(one_bucket("a", 0), testType="TEAM"))
    assert "the test type 'TEAM' is unknown" in run()[1]


def test_patterns_that_take_long_together_are_a_warning_and_no_difference(site, tmp_path):
    site.PROCTOR_CONTEXT = {"q": "String"}
    parts = [f"q.matches('.*a.*b{number}')" for number in range(200)]
    rules = [parts[start : start + 40] for start in range(0, 200, 40)] * 5
    tests = {
        f"slow{number}tst": definition(
            one_bucket("a", 0), rule="${" + " || ".join(f"{p[:-2]}x{number}')" for p in each) + "}"
        )
        for number, each in enumerate(rules)
    }
    matrix(tmp_path, **tests)
    code, out = run()
    assert (code, "seconds for one visitor" in out) == (0, True)
    assert len(document()["warnings"]) == 1


def test_registered_test_types_are_known(site, tmp_path):
    matrix(tmp_path, anygrouptst=definition(one_bucket("a", 0), testType="TEAM"))
    site.PROCTOR_TEST_TYPES = ("TEAM",)
    assert differences() == []


def test_rules_are_checked_against_the_declared_context(site, tmp_path):
    matrix(tmp_path, anygrouptst=definition(one_bucket("a", 0), rule="${plan == 'pro'}"))
    assert differences() == declared("dropped test", "anygrouptst")


def test_a_declared_group_without_a_bucket_is_a_difference(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups=("control", "blue", "green")),)
    assert differences() == declared("unknown group")


def test_a_bucket_that_takes_visitors_and_is_not_declared_is_a_difference(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups=("blue",)),)
    assert differences() == declared("undeclared bucket")


def test_a_bucket_that_takes_nobody_need_not_be_declared(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups=("control",)),)
    assert differences() == []


def test_a_bucket_of_another_value_is_a_difference(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups={"control": 0, "blue": 2}),)
    assert differences() == declared("other value")


def test_a_default_that_no_bucket_has_is_a_difference(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", default="grey"),)
    assert differences() == declared("unknown default")


def test_a_default_among_the_groups_that_no_bucket_has_is_one_difference(site):
    groups = ("control", "blue", "grey")
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups=groups, default="grey"),)
    assert differences() == declared("unknown default")


def test_a_payload_of_another_type_is_a_difference_of_each_bucket(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", payload=int),)
    assert differences() == declared("other payload type") * 2


def test_a_rule_that_is_never_true_is_a_difference(site, tmp_path):
    site.PROCTOR_CONTEXT = None
    never = definition(one_bucket("a", 0), rule="country == 'US'")
    site.PROCTOR_MATRIX = matrix(tmp_path, anygrouptst=never)
    assert differences() == declared("rule never true", "anygrouptst")


def test_a_payload_that_no_bucket_has_is_a_difference(site):
    site.PROCTOR_TESTS = (ProctorTest("anygrouptst", payload=int),)
    assert differences() == declared("no payload", "anygrouptst")


@pytest.mark.parametrize("payload", [{"map": {"a": "b"}}, {"json": {"a": "b"}}])
def test_a_dict_may_come_as_map_or_as_json(site, tmp_path, payload):
    matrix(tmp_path, anygrouptst=definition(one_bucket("a", 0, **payload)))
    site.PROCTOR_TESTS = (ProctorTest("anygrouptst", payload=dict),)
    assert differences() == []


def test_a_difference_in_words_begins_with_its_place(site):
    proctor = Proctor(Matrix.load(site.PROCTOR_MATRIX))
    (difference,) = compare(Registry(["absenttst"]), proctor)
    assert str(difference) == "PROCTOR_TESTS: the matrix has no test 'absenttst'"


def test_tests_that_the_site_does_not_declare_are_no_difference(site):
    site.PROCTOR_TESTS = ()
    assert run()[0] == 0


def test_control_characters_of_a_matrix_do_not_reach_the_terminal(site, tmp_path):
    matrix(tmp_path, buttoncolortst=definition(one_bucket("\x1b[2J", 0)))
    assert "\x1b" not in run()[1]


# -- Which matrix ---------------------------------------------------------------------------


def test_another_matrix_can_be_named(site, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    path = matrix(other, anygrouptst=definition(one_bucket("a", 0), testType="TEAM"))
    assert differences("--matrix", str(path)) == declared("dropped test", "anygrouptst")


def test_a_matrix_can_be_behind_a_url(site):
    content = Path(site.PROCTOR_MATRIX).read_bytes()
    with serving(Reply(content)) as server:
        assert run("--matrix", server.url)[0] == 0


def test_the_matrix_of_a_pipet_is_the_one_that_it_shows(site):
    with serving(Reply(site.PROCTOR_MATRIX.read_bytes())) as server:
        site.PROCTOR_MATRIX = None
        site.PROCTOR_API_ROOT = server.url.removesuffix("/matrix.json")
        assert run()[0] == 0
        site.PROCTOR_TESTS = ("absenttst",)
        assert differences() == declared("missing test", "absenttst")


def test_without_a_matrix_there_is_nothing_to_compare_with(site):
    site.PROCTOR_MATRIX = None
    message, code = failure()
    assert (code, "--matrix" in message) == (2, True)


def test_a_source_without_a_matrix_cannot_be_compared_with(site):
    site.PROCTOR_SOURCE = f"{HERE}.Elsewhere"
    message, code = failure()
    assert (code, "Elsewhere" in message) == (2, True)


def test_a_source_without_a_matrix_can_be_helped_out(site):
    site.PROCTOR_SOURCE = f"{HERE}.Elsewhere"
    assert run("--matrix", str(site.PROCTOR_MATRIX))[0] == 0


def test_a_file_that_is_not_there_cannot_be_compared_with(site, tmp_path):
    message, code = failure("--matrix", str(tmp_path / "absent.json"))
    assert (code, "absent.json" in message) == (2, True)


def test_a_document_that_is_no_matrix_cannot_be_compared_with(site, tmp_path):
    (tmp_path / "none.json").write_text("{")
    assert failure("--matrix", str(tmp_path / "none.json"))[1] == 2


def test_a_server_that_is_not_there_cannot_be_compared_with(site):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert failure("--matrix", f"http://127.0.0.1:{port}/matrix.json")[1] == 2


def test_an_address_of_another_kind_cannot_be_compared_with(site):
    message, code = failure("--matrix", "ftp://us:secret@example.com/")
    assert (code, "secret" in message) == (2, False)


def test_declarations_that_make_no_sense_cannot_be_compared(site):
    site.PROCTOR_TESTS = ("buttoncolortst", "buttoncolortst")
    message, code = failure()
    assert (code, "declared twice" in message) == (2, True)


# -- Templates ------------------------------------------------------------------------------


def test_a_test_in_a_template_that_the_matrix_does_not_have_is_a_difference(site):
    site.PROCTOR_TESTS = ("absenttst",)
    use_pages(site, page="{% load proctor %}\n{% ifgroup absenttst a %}{% endifgroup %}")
    assert ("missing test", "absenttst", "page:2") in differences()


def test_a_group_in_a_template_that_no_bucket_has_is_a_difference(site):
    use_pages(site, page="{% load proctor %}{% ifgroup anygrouptst a c %}{% endifgroup %}")
    assert differences() == [("unknown group", "anygrouptst", "page:1")]


TAGS = [
    "{% ifgroup buttoncolortst blue %}{% elifgroup anygrouptst c %}{% endifgroup %}",
    "{% ifgroup test='anygrouptst' group='c' %}{% endifgroup %}",
    "{% if 1 %}{% for a in b %}{% ifgroup anygrouptst c %}{% endifgroup %}{% endfor %}{% endif %}",
    (
        "{% block b %}{% with a=1 %}{% ifgroup anygrouptst c %}{% endifgroup %}{% endwith %}"
        "{% endblock %}"
    ),
    (
        "{% ifgroup anygrouptst a %}{% else %}{% ifgroup anygrouptst c %}{% endifgroup %}"
        "{% endifgroup %}"
    ),
]


@pytest.mark.parametrize("text", TAGS)
def test_a_literal_is_found_wherever_it_is(site, text):
    use_pages(site, page="{% load proctor %}" + text)
    assert differences() == [("unknown group", "anygrouptst", "page:1")]


@pytest.mark.parametrize("tag", ["proctor_group", "proctor_payload", "proctor_json"])
def test_every_tag_is_looked_into(site, tag):
    site.PROCTOR_TESTS = ("absenttst",)
    use_pages(site, page="{% load proctor %}{% " + tag + " absenttst %}")
    assert ("missing test", "absenttst", "page:1") in differences()


def test_a_literal_in_a_page_that_extends_another_is_found(site):
    use_pages(
        site,
        base="{% block b %}{% endblock %}",
        page="{% extends 'base' %}{% load proctor %}{% block b %}"
        "{% ifgroup anygrouptst c %}{% endifgroup %}{% endblock %}",
    )
    assert differences() == [("unknown group", "anygrouptst", "page:1")]


def test_variables_are_no_literals(site):
    use_pages(
        site,
        page="{% load proctor %}{% ifgroup test=t group=g %}{% endifgroup %}"
        "{% ifgroup anygrouptst group=g %}{% endifgroup %}{% proctor_json test=t %}",
    )
    assert differences() == []


def test_a_template_with_tags_that_cannot_be_compiled_is_a_difference(site):
    use_pages(site, page="{% load proctor %}{% ifgroup undeclaredtst a %}{% endifgroup %}")
    assert differences() == [("broken template", "", "page")]


def test_another_template_that_cannot_be_compiled_is_only_named(site):
    use_pages(site, page="{% load nowhere %}")
    code, text = run()
    assert (code, "Not read: page: TemplateSyntaxError" in text) == (0, True)


def test_our_own_templates_for_an_app_that_is_not_installed_are_not_listed(site):
    use_templates(site)
    site.TEMPLATES = [{**site.TEMPLATES[0], "OPTIONS": {}, "APP_DIRS": True}]
    assert "Not read" not in run()[1]


def test_a_template_that_is_a_difference_is_named_once(site):
    use_pages(site, page="{% load proctor %}{% ifgroup undeclaredtst a %}{% endifgroup %}")
    assert "Not read" not in run()[1]


def test_json_names_templates_that_cannot_be_compiled(site):
    use_pages(site, page="{% load nowhere %}")
    assert list(document()["templates"]["not_compiled"]) == ["page"]


@pytest.fixture
def directory(tmp_path):
    """A directory of templates."""
    path = tmp_path / "templates"
    (path / "shop").mkdir(parents=True)
    return path


def use_directories(settings, *directories):
    use_templates(settings)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": directories}]


def test_templates_in_directories_are_found_through_the_cached_loader(site, directory):
    text = "{% load proctor %}{% ifgroup anygrouptst c %}{% endifgroup %}"
    (directory / "shop" / "page.html").write_text(text)
    use_directories(site, directory)
    assert differences() == [("unknown group", "anygrouptst", "shop/page.html:1")]


def test_a_template_that_another_hides_is_left_out(site, directory, tmp_path):
    text = "{% load proctor %}{% ifgroup anygrouptst c %}{% endifgroup %}"
    (directory / "page.html").write_text(text)
    front = tmp_path / "front"
    front.mkdir()
    (front / "page.html").write_text("Nothing")
    use_directories(site, front, directory)
    assert differences() == []


def test_a_file_that_is_no_text_is_only_named(site, directory):
    (directory / "logo.png").write_bytes(b"\x89PNG\xff\xfe")
    use_directories(site, directory)
    assert list(document()["templates"]["not_compiled"]) == ["logo.png"]


def test_a_directory_that_is_not_there_has_no_templates(site, tmp_path):
    use_directories(site, tmp_path / "absent")
    assert run()[0] == 0


def test_engines_of_other_kinds_are_left_out(site):
    site.TEMPLATES = [{"BACKEND": "django.template.backends.dummy.TemplateStrings"}]
    assert document()["templates"]["compiled"] == 0


def test_engines_that_cannot_be_made_cannot_be_compared(site):
    use_templates(site, libraries={"broken": "nowhere.templatetags"})
    message, code = failure()
    assert (code, "nowhere" in message) == (2, True)


def test_a_loader_that_lists_nothing_is_named(site):
    use_templates(site, loaders=[f"{HERE}.Database"])
    code, text = run()
    assert (code, HERE in text) == (0, True)


# -- As a command ---------------------------------------------------------------------------


def manage(*arguments):
    return subprocess.run(
        [sys.executable, "testproject/manage.py", "proctor_check", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SHOP_EDITOR": "0"},
    )


def test_the_shop_fits_its_matrix():
    assert manage().returncode == 0


def test_a_process_exits_with_1_for_differences(tmp_path):
    assert manage("--matrix", str(matrix(tmp_path))).returncode == 1


def test_a_process_exits_with_2_where_it_cannot_compare(tmp_path):
    assert manage("--matrix", str(tmp_path / "absent.json")).returncode == 2


def test_a_renamed_bucket_is_listed_and_is_no_failure(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups={"control": 0, "azure": 1}),)
    assert run()[0] == 0
    assert differences() == declared("renamed bucket")


def test_a_template_may_use_the_declared_name_of_a_renamed_bucket(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups={"control": 0, "azure": 1}),)
    use_pages(
        site,
        **{"page.html": "{% load proctor %}{% ifgroup buttoncolortst azure %}{% endifgroup %}"},
    )
    assert differences() == declared("renamed bucket")

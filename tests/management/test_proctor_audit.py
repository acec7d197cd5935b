"""`manage.py proctor_audit`."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from proctor import ProctorTest
from proctor.upkeep.mentions import python_files
from tests.management.test_proctor_check import HERE as LOADERS
from tests.management.test_proctor_check import use_directories, use_pages, use_templates
from tests.site_matrices import definition, one_bucket, write_matrix
from tests.sites import in_site

ROOT = Path(__file__).resolve().parents[2]

HALVES = [{"bucketValue": 0, "length": 0.5}, {"bucketValue": 1, "length": 0.5}]
ALL_OFF = [{"bucketValue": 0, "length": 1.0}, {"bucketValue": 1, "length": 0.0}]
ALL_ON = [{"bucketValue": 0, "length": 0.0}, {"bucketValue": 1, "length": 1.0}]


def onoff(*allocations, **more):
    """A test with the groups off and on. An allocation is given as ranges and an optional rule."""
    pairs = [each if isinstance(each, tuple) else (each, None) for each in allocations]
    return definition(
        one_bucket("off", 0),
        one_bucket("on", 1),
        **{
            "allocations": [
                {"id": f"#A{number}", "rule": rule, "ranges": ranges}
                for number, (ranges, rule) in enumerate(pairs, 1)
            ],
            **more,
        },
    )


@pytest.fixture
def site(settings, tmp_path):
    """A site in a separate directory, with one test that is declared, split and read."""
    settings.BASE_DIR = tmp_path / "project"
    settings.BASE_DIR.mkdir()
    settings.PROCTOR_TESTS = (ProctorTest("mytst", groups=("off", "on"), default="off"),)
    settings.PROCTOR_IDENTIFIERS = {}
    settings.PROCTOR_CONTEXT = {"country": "String"}
    settings.PROCTOR_MATRIX = write_matrix(tmp_path, mytst=onoff(HALVES))
    use_pages(settings, page="{% load proctor %}{% ifgroup mytst on %}{% endifgroup %}")
    return settings


def run(*arguments):
    """The exit code and the output of the command."""
    out = io.StringIO()
    try:
        call_command("proctor_audit", *arguments, stdout=out, no_color=True)
    except SystemExit as exit_:
        return exit_.code, out.getvalue()
    return 0, out.getvalue()


def document(*arguments):
    return json.loads(run("--json", *arguments)[1])


def findings(*arguments):
    """Kind and test of each finding."""
    return [(each["kind"], each["test"]) for each in document(*arguments)["findings"]]


def failure(*arguments):
    with pytest.raises(CommandError) as caught:
        call_command("proctor_audit", *arguments)
    return str(caught.value), caught.value.returncode


# -- What is printed --------------------------------------------------------------------------


def test_what_is_tidy_has_exit_code_0(site):
    code, text = run()
    assert code == 0
    assert text.startswith("1 declared test, 1 in version 1 of the matrix, 1 template and ")
    assert text.endswith(" Python files: no findings\n")


def test_a_finding_has_exit_code_1(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(ALL_ON))
    assert run()[0] == 1
    assert run("--json")[0] == 1


def test_the_table_names_finding_test_place_and_way_out(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(ALL_ON))
    assert run()[1].splitlines()[:5] == [
        "FINDING  TEST   PLACE",
        "decided  mytst  matrix: mytst, allocation #A1",
        "    'mytst' gives everyone with an identifier of type USER the group 'on' (1)",
        (
            "    keep only the code for 'on', and remove 'mytst' from PROCTOR_TESTS and "
            "then from the matrix"
        ),
        "",
    ]


def test_json_says_the_same_as_the_table(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(ALL_ON))
    found = document()
    assert found["matrix_version"] == "1"
    assert found["findings"] == [
        {
            "kind": "decided",
            "test": "mytst",
            "place": "matrix: mytst, allocation #A1",
            "message": "'mytst' gives everyone with an identifier of type USER the group 'on' (1)",
            "way_out": "keep only the code for 'on', and remove 'mytst' from "
            "PROCTOR_TESTS and then from the matrix",
            "group": "on",
        }
    ]
    assert list(found["findings"][0]) == ["kind", "test", "place", "message", "way_out", "group"]
    assert found["searched"]["templates"] == 1


@pytest.mark.parametrize("kind", ["undeclared", "decided", "unused"])
def test_findings_of_a_kind_can_be_left_out(site, tmp_path, kind):
    use_pages(site)
    write_matrix(tmp_path, mytst=onoff(ALL_ON), oldtst=onoff(HALVES))
    everything = {"undeclared", "decided", "unused"}
    assert {found for found, _ in findings()} == everything
    assert {found for found, _ in findings("--skip", kind)} == everything - {kind}


def test_what_is_left_out_does_not_count(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(ALL_ON))
    assert run("--skip", "decided")[0] == 0


# -- Undeclared -------------------------------------------------------------------------------


def test_a_test_of_the_matrix_that_is_not_declared_is_a_finding(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(HALVES), oldtst=onoff(HALVES))
    (found,) = document()["findings"]
    assert (found["kind"], found["test"], found["place"]) == (
        "undeclared",
        "oldtst",
        "matrix: oldtst",
    )


def test_a_dropped_test_can_be_cleaned_up_too(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(HALVES), oldtst=onoff(HALVES, testType="NOSUCH"))
    assert findings() == [("undeclared", "oldtst")]


# -- Decided ----------------------------------------------------------------------------------

US = "${country == 'US'}"
ON, OFF = ("on", 1), ("off", 0)

DECIDED = {
    "one allocation": (onoff(ALL_ON), "on", "#A1"),
    "the default": (onoff(ALL_OFF), "off", "#A1"),
    "two allocations for the same": (onoff((ALL_ON, US), ALL_ON), "on", "#A2"),
    "an allocation for nobody before": (onoff((HALVES, "${false}"), ALL_ON), "on", "#A2"),
    "an allocation behind one for all": (onoff((ALL_ON, "${true}"), HALVES), "on", "#A1"),
    "a rule that is true": (onoff((ALL_ON, "${true}"), rule="${}"), "on", "#A1"),
    "some get the default, others have it": (onoff((ALL_OFF, US)), "off", "#A1"),
    "a rule for the default": (onoff(ALL_OFF, rule=US), "off", "#A1"),
    "lengths that are nearly 1": (
        onoff([{"bucketValue": 1, "length": 0.99999}]),
        "on",
        "#A1",
    ),
}

UNDECIDED = {
    "halves": onoff(HALVES),
    "a little": onoff([{"bucketValue": 0, "length": 0.9999}, {"bucketValue": 1, "length": 0.0001}]),
    "a rest behind a length": onoff(
        [{"bucketValue": 0, "length": 0.99995}, {"bucketValue": 1, "length": 0.0}]
    ),
    "only for some": onoff(ALL_ON, rule=US),
    "an allocation only for some": onoff((ALL_ON, US)),
    "another group for some": onoff((ALL_OFF, US), ALL_ON),
    "halves for some": onoff((HALVES, US), ALL_ON),
    "for nobody": onoff(ALL_ON, rule="${false}"),
}


@pytest.mark.parametrize(("test", "group", "allocation"), DECIDED.values(), ids=DECIDED)
def test_a_test_in_which_everybody_has_one_group_is_a_finding(
    site, tmp_path, test, group, allocation
):
    write_matrix(tmp_path, mytst=test)
    (found,) = document()["findings"]
    assert (found["kind"], found["group"]) == ("decided", group)
    assert found["place"] == f"matrix: mytst, allocation {allocation}"


@pytest.mark.parametrize("test", UNDECIDED.values(), ids=UNDECIDED)
def test_a_test_in_which_visitors_differ_is_none(site, tmp_path, test):
    write_matrix(tmp_path, mytst=test)
    assert findings() == []


def test_a_test_that_depends_on_another_is_not_for_all(site, tmp_path):
    dependent = onoff(ALL_ON, dependsOn={"testName": "basetst", "bucketValue": 1})
    write_matrix(tmp_path, mytst=dependent, basetst=onoff(HALVES))
    assert findings("--skip", "undeclared") == []


def test_an_allocation_without_an_id_is_numbered_from_1(site, tmp_path):
    test = onoff((HALVES, "${false}"), ALL_ON)
    del test["allocations"][1]["id"]
    write_matrix(tmp_path, mytst=test)
    assert document()["findings"][0]["place"] == "matrix: mytst, allocation 2"


def test_a_random_test_needs_no_identifier(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(ALL_ON, testType="RANDOM"))
    assert document()["findings"][0]["message"] == "'mytst' gives everyone the group 'on' (1)"


def test_a_test_at_its_default_may_be_yet_to_begin(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(ALL_OFF))
    (found,) = document()["findings"]
    assert found["message"] == "'mytst' gives everyone the group 'off' (0)"
    assert found["way_out"].startswith("if the test is over, keep only the code for 'off'")


def test_a_test_that_is_not_declared_is_not_looked_into(site, tmp_path):
    write_matrix(tmp_path, mytst=onoff(HALVES), oldtst=onoff(ALL_ON))
    assert findings() == [("undeclared", "oldtst")]


# -- Unused: templates ------------------------------------------------------------------------


def test_a_name_that_stands_nowhere_is_a_finding(site):
    use_pages(site)
    (found,) = document()["findings"]
    assert (found["kind"], found["test"], found["place"]) == ("unused", "mytst", "PROCTOR_TESTS")


@pytest.mark.parametrize("text", ["mytst2", "amytst", "my_mytst", "Mytst"])
def test_a_part_of_a_word_is_no_name(site, text):
    use_pages(site, page=text)
    assert findings() == [("unused", "mytst")]


@pytest.mark.parametrize("text", ["{{ proc.mytst.group }}", "'mytst'", "mytst"])
def test_a_word_is_enough(site, text):
    use_pages(site, page=text)
    assert findings() == []


def test_a_name_in_a_longer_name_does_not_count(site, tmp_path):
    site.PROCTOR_TESTS = ("mytst", "mytst-dash")
    write_matrix(tmp_path, **{"mytst": onoff(HALVES), "mytst-dash": onoff(HALVES)})
    use_pages(site, page='{% proctor_group "mytst-dash" %}')
    assert findings() == [("unused", "mytst")]


def test_templates_in_directories_are_read(site, tmp_path):
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "logo.png").write_bytes(b"\x89PNG\xff\xfe")
    (pages / "page.html").write_text("mytst")
    use_directories(site, pages)
    assert findings() == []


def test_templates_that_cannot_be_compiled_are_read(site):
    use_pages(site, page="{% load nowhere %}{% ifgroup mytst on %}")
    assert findings() == []


def test_templates_of_jinja_are_read(site, tmp_path):
    pytest.importorskip("jinja2", reason="Jinja2 is not installed")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "page.html").write_text("{% if in_group('mytst', 'on') %}{% endif %}")
    site.TEMPLATES = [{"BACKEND": "django.template.backends.jinja2.Jinja2", "DIRS": [pages]}]
    assert findings() == []


def test_a_loader_that_lists_nothing_is_named(site):
    use_templates(site, loaders=[f"{LOADERS}.Database"])
    assert LOADERS in run()[1]
    assert document()["searched"]["loaders_not_listed"] == [LOADERS]


# -- Unused: Python ---------------------------------------------------------------------------


@pytest.fixture
def project(site):
    """The directory of a project without templates."""
    use_pages(site)
    return site.BASE_DIR


def put(directory, path, text):
    place = directory / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


USES = {
    "an attribute": "def view(request):\n    return request.proc.mytst.group\n",
    "an item": "def view(request):\n    return request.proc['mytst']\n",
    "a decorator": "@proctor_variant('mytst', on=other)\ndef view(request): ...\n",
    "what is no Python": "def view(request: return mytst\n",
    "beside a declaration": (
        "PROCTOR_TESTS = (ProctorTest('ä', 'mytst'),); view = lambda r: r.proc.mytst\n"
    ),
    "below a declaration": (
        'PROCTOR_TESTS = [\n    "mytst",  # ü\n]\n\n\ndef view(request):\n'
        "    return request.proc.mytst\n"
    ),
    "behind a form feed": "PROCTOR_TESTS = ('mytst',)\n\x0c\nread = 'mytst'\n",
}

DECLARATIONS = {
    "a tuple": "PROCTOR_TESTS = ('mytst',)\n",
    "more": "PROCTOR_TESTS += ('ä',\n 'mytst',\n)\n",
    "with a type": "PROCTOR_TESTS: tuple[str, ...] = ('mytst',)\n",
    "a dict": 'PROCTOR_TESTS = {\r\n    "mytst": {"default": "off"},\r\n}\r\n',
    "a ProctorTest": "from proctor import ProctorTest\nTESTS = [ProctorTest('mytst')]\n",
    "a ProctorTest of a module": "import proctor\nTESTS = [proctor.ProctorTest('mytst')]\n",
    "settings of a test": "@override_settings(PROCTOR_TESTS=('mytst',))\ndef check(): ...\n",
}


@pytest.mark.parametrize("source", USES.values(), ids=USES)
def test_a_name_in_a_python_file_is_used(project, source):
    put(project, "lib/views.py", source)
    assert findings() == []


@pytest.mark.parametrize("source", DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_declaration_is_no_use(project, source):
    put(project, "lib/tests.py", source)
    assert findings() == [("unused", "mytst")]


@pytest.mark.parametrize(
    "path",
    [
        "shop/migrations/0001_initial.py",
        "env/lib/python3/site-packages/other/views.py",
        "node_modules/other/gyp.py",
        ".hidden/views.py",
        "media/upload.py",
        "static/script.py",
        "notes.txt",
    ],
)
def test_files_in_which_no_page_is_written_are_left_out(site, project, path):
    site.MEDIA_ROOT, site.STATIC_ROOT = str(project / "media"), project / "static"
    put(project, path, "mytst")
    assert findings() == [("unused", "mytst")]


def test_virtual_environments_are_left_out_whatever_they_are_called(project):
    put(project, "python/pyvenv.cfg", "")
    put(project, "python/src/views.py", "mytst")
    assert findings() == [("unused", "mytst")]


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_links_that_lead_nowhere_are_no_error(project):
    (project / "views.py").symlink_to(project / "absent.py")
    assert findings() == [("unused", "mytst")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_not_waited_for(project):
    os.mkfifo(project / "pipe.py")
    assert project / "pipe.py" not in set(python_files())


def test_base_dir_may_be_a_text(site, project):
    site.BASE_DIR = str(project)
    put(project, "views.py", "mytst")
    assert findings() == []


def test_apps_elsewhere_are_read(site, project, tmp_path, monkeypatch):
    put(tmp_path, "elsewhere/otherapp/__init__.py", "")
    put(tmp_path, "elsewhere/otherapp/views.py", "mytst")
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    assert findings() == [("unused", "mytst")]
    site.INSTALLED_APPS = [*site.INSTALLED_APPS, "otherapp"]
    assert findings() == []


def test_no_file_is_read_twice(site, project):
    put(project, "views.py", "")
    found = list(python_files())
    assert len(found) == len(set(found))
    assert project / "views.py" in found


def test_neither_django_nor_proctor_are_part_of_the_project(site):
    own = Path(apps.get_app_config("proctor").path)
    assert not any("django" in path.parts or path.is_relative_to(own) for path in python_files())


# -- What cannot be looked into ---------------------------------------------------------------


def test_without_a_matrix_there_is_nothing_to_audit(site):
    site.PROCTOR_MATRIX = None
    message, code = failure()
    assert (code, "--matrix" in message) == (2, True)


def test_declarations_that_make_no_sense_cannot_be_audited(site):
    site.PROCTOR_TESTS = ("mytst", "mytst")
    message, code = failure()
    assert (code, "declared twice" in message) == (2, True)


def test_a_matrix_that_is_not_there_cannot_be_audited(site, tmp_path):
    assert failure("--matrix", str(tmp_path / "absent.json"))[1] == 2


# -- As a command -----------------------------------------------------------------------------


def manage(*arguments):
    return subprocess.run(
        [sys.executable, "testproject/manage.py", "proctor_audit", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
            "SHOP_EDITOR": "0",
        },
    )


def test_the_shop_is_tidy():
    result = manage()
    assert (result.returncode, result.stderr) == (0, "")


def test_a_process_exits_with_1_for_findings(tmp_path):
    path = write_matrix(tmp_path, oldtst=onoff(HALVES))
    assert manage("--matrix", str(path)).returncode == 1


def test_without_base_dir_the_folder_of_manage_py_is_the_project(tmp_path):
    call_command("startproject", "mysite", str(tmp_path))
    matrix = write_matrix(tmp_path, mytst=onoff(HALVES))
    settings = tmp_path / "mysite" / "settings.py"
    settings.write_text(
        settings.read_text()
        + f"\nINSTALLED_APPS += ['proctor']\nPROCTOR_MATRIX = {str(matrix)!r}\n"
        + "PROCTOR_TESTS = NAMES = ['mytst']\ndel BASE_DIR\n"
    )
    unused = in_site(tmp_path, "manage.py", "proctor_audit")
    assert (unused.returncode, "unused" in unused.stdout) == (1, True)
    put(tmp_path, "lib/pages.py", "mytst")
    assert in_site(tmp_path, "manage.py", "proctor_audit").returncode == 0

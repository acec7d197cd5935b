"""The changes that `init` plans for a project, and the lines that it leaves to the user."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import proctor.cli.set_up
from proctor.cli.errors import CommandError
from proctor.cli.set_up.project import find_project
from proctor.cli.set_up.steps import make_plan
from tests.cli.set_up.projects import SETTINGS, URLS, VERSIONS, changed, lay_out, layout


def plan_of(root, settings=None):
    return make_plan(find_project(root, settings))


def texts(root):
    """The new texts of a plan, by path in the project."""
    return {
        path.relative_to(root).as_posix(): text for path, (_, text) in plan_of(root).texts.items()
    }


def value(text, name):
    """The value of a literal in a file."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    raise AssertionError(name)


def added(old, new):
    """The lines that were added to a text; nothing else may differ."""
    before, after = old.splitlines(), new.splitlines()
    more = []
    for line in after:
        if before and line == before[0]:
            before.pop(0)
        else:
            more.append(line)
    assert before == []
    return more


def reasons(root):
    return [each.reason for each in plan_of(root).by_hand]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_project_gets_everything(tmp_path, version):
    root = lay_out(tmp_path, version=version)
    plan = plan_of(root)
    created = [path.relative_to(root).as_posix() for path in plan.created]
    assert (plan.by_hand, created) == ([], ["mysite/first_page.py", "proctor-matrix.json"])
    new = texts(root)
    assert value(new[SETTINGS], "INSTALLED_APPS")[-2:] == ["proctor", "proctor.editor"]
    assert value(new[SETTINGS], "MIDDLEWARE")[-1] == "proctor.middleware.ProctorMiddleware"
    (engine,) = value(new[SETTINGS], "TEMPLATES")
    assert engine["OPTIONS"]["context_processors"][-1] == "proctor.context_processors.proc"
    assert value(new[SETTINGS], "PROCTOR_MATRIX") == "editor:production"
    assert "path('proctor/', include('proctor.editor.urls'))," in new[URLS]
    assert "path('', include('mysite.first_page'))," in new[URLS]
    assert "from django.urls import include, path\n" in new[URLS]


@pytest.mark.parametrize(
    "pattern",
    [
        "path('', admin.site.urls),",
        "path(route='shop/', view=admin.site.urls),",
        "re_path(r'^shop', admin.site.urls),",
        "path(ROUTE, admin.site.urls),",
        "*others,",
    ],
)
def test_a_project_with_a_page_of_its_own_gets_none(tmp_path, pattern):
    urls = ("    path('admin/', admin.site.urls),\n", f"    {pattern}\n")
    root = lay_out(tmp_path, changed(urls=urls))
    assert [path.name for path in plan_of(root).created] == ["proctor-matrix.json"]
    assert "proctor.editor.urls" in texts(root)[URLS]
    assert "first_page" not in texts(root)[URLS]


def test_a_file_of_the_project_is_not_overwritten_by_the_page(tmp_path):
    root = lay_out(tmp_path, {"mysite/first_page.py": "mine"})
    assert [path.name for path in plan_of(root).created] == ["proctor-matrix.json"]
    assert "first_page" not in texts(root)[URLS]


def test_a_project_that_has_tests_gets_no_page(tmp_path):
    root = lay_out(tmp_path, {SETTINGS: layout()[SETTINGS] + "PROCTOR_TESTS = ['mytst']\n"})
    assert plan_of(root).created == {}


def test_the_page_is_beside_a_urlconf_that_is_a_package_or_has_none(tmp_path):
    package = lay_out(tmp_path / "a", {"mysite/urls/__init__.py": layout()[URLS]})
    (package / URLS).unlink()
    assert "include('mysite.urls.first_page')" in texts(package)["mysite/urls/__init__.py"]
    assert package / "mysite/urls/first_page.py" in plan_of(package).created
    flat = lay_out(
        tmp_path / "b",
        {**changed(settings=("'mysite.urls'", "'urls'")), "urls.py": layout()[URLS]},
    )
    assert "include('first_page')" in texts(flat)["urls.py"]
    assert flat / "first_page.py" in plan_of(flat).created


@pytest.mark.parametrize("version", VERSIONS)
def test_lines_are_only_added_to_the_settings(tmp_path, version):
    root = lay_out(tmp_path, version=version)
    assert added(layout(version)[SETTINGS], texts(root)[SETTINGS])[:4] == [
        "    'proctor',",
        "    'proctor.editor',",
        "    'proctor.middleware.ProctorMiddleware',",
        "                'proctor.context_processors.proc',",
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_project_that_has_everything_gets_nothing(tmp_path, version):
    root = lay_out(tmp_path, version=version)
    plan = plan_of(root)
    for path, (file, text) in plan.texts.items():
        path.write_bytes(file.encoded(text))
    for path, text in plan.created.items():
        path.write_text(text)
    assert plan_of(root) == ({}, {}, [])


def test_line_ends_and_the_encoding_stay(tmp_path):
    settings = "# -*- coding: latin-1 -*-\n# caf\u00e9\n" + layout()[SETTINGS]
    root = lay_out(tmp_path, newline="\r\n")
    (root / SETTINGS).write_bytes(settings.replace("\n", "\r\n").encode("latin-1"))
    plan = plan_of(root)
    file, text = plan.texts[root / SETTINGS]
    assert text.count("\n") == text.count("\r\n")
    assert b"caf\xe9" in file.encoded(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[]", "['proctor']"),
        ("()", "('proctor',)"),
        ("['a']", "['a', 'proctor']"),
        ("['a',]", "['a', 'proctor',]"),
        ("('a',)", "('a', 'proctor',)"),
        ('["a", "b"]', '["a", "b", "proctor"]'),
        ("[\n  'a',\n  'b'\n]", "[\n  'a',\n  'b',\n  'proctor',\n]"),
        ("[\n\t'a',\n]", "[\n\t'a',\n\t'proctor',\n]"),
        ("[\n  'a',  # last, [\n]", "[\n  'a',  # last, [\n  'proctor',\n]"),
        ("[\n  'a'  # last\n]", "[\n  'a',  # last\n  'proctor',\n]"),
        ("[\n  'a'\n  , # odd\n]", "[\n  'a'\n  , # odd\n  'proctor',\n]"),
        ("[\n  'a',\n  # 'b',\n]", "[\n  'a',\n  'proctor',\n  # 'b',\n]"),
        ("['a',\n 'b']", "['a',\n 'b',\n 'proctor']"),
        ("[ # \u00e9\n '\u00e9', '\u00fc',\n]", "[ # \u00e9\n '\u00e9', '\u00fc',\n 'proctor',\n]"),
        ("['a' 'b']", "['a' 'b', 'proctor']"),
    ],
)
def test_an_item_is_added_in_the_style_of_the_list(old, new):
    from proctor.cli.set_up.edits import Edit
    from proctor.cli.set_up.files import PythonFile

    file = PythonFile(VERSIONS, f"X = {old}\nY = 1\n".encode())
    edit = Edit(file)
    quote = '"' if '"' in old else "'"
    edit.append_items(file.tree.body[0].value, [f"{quote}proctor{quote}"])
    assert edit.new_text() == f"X = {new}\nY = 1\n"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "INSTALLED_APPS = [",
            "INSTALLED_APPS = LOCAL = [",
            "INSTALLED_APPS is not assigned by a plain statement at the top level",
        ),
        ("INSTALLED_APPS = [", "APPS = [", "INSTALLED_APPS is not assigned"),
        (
            "STATIC_URL = ",
            "INSTALLED_APPS += ['debug_toolbar']\nSTATIC_URL = ",
            "INSTALLED_APPS is changed in 2 places",
        ),
        (
            "STATIC_URL = ",
            "INSTALLED_APPS.append('debug_toolbar')\nSTATIC_URL = ",
            "INSTALLED_APPS is changed in 2 places",
        ),
        (
            "STATIC_URL = ",
            "INSTALLED_APPS[0] = 'debug_toolbar'\nSTATIC_URL = ",
            "INSTALLED_APPS is changed in 2 places",
        ),
        (
            "INSTALLED_APPS = [",
            "INSTALLED_APPS = ['a'] + [",
            "INSTALLED_APPS is not a literal list",
        ),
        (
            "INSTALLED_APPS = [",
            "INSTALLED_APPS = [*MINE,",
            "INSTALLED_APPS has items that are not plain strings",
        ),
    ],
)
def test_apps_that_are_no_plain_list_are_left_alone_and_all_else_too(tmp_path, old, new, reason):
    root = lay_out(tmp_path, changed(settings=(old, new)))
    plan = plan_of(root)
    assert (plan.texts, plan.created) == ({}, {})
    assert plan.by_hand[0].reason == reason
    assert plan.by_hand[0].lines == 'INSTALLED_APPS += ["proctor", "proctor.editor"]\n'
    assert {each.reason for each in plan.by_hand[1:]} == {"the apps are not added"}


def test_apps_in_an_if_are_left_alone(tmp_path):
    settings = layout()[SETTINGS].replace("INSTALLED_APPS = [", "if DEBUG:\n  INSTALLED_APPS = [")
    root = lay_out(tmp_path, {SETTINGS: settings})
    assert reasons(root)[0].startswith("INSTALLED_APPS is not assigned by a plain statement")


def test_other_lists_that_change_are_left_alone_by_themselves(tmp_path):
    more = 'TEMPLATES[0]["OPTIONS"]["context_processors"] += ["a"]\nMIDDLEWARE.insert(0, "b")\n'
    root = lay_out(tmp_path, {SETTINGS: layout()[SETTINGS] + more})
    assert reasons(root) == [
        "MIDDLEWARE is changed in 2 places",
        "TEMPLATES is changed in 2 places",
    ]
    assert value(texts(root)[SETTINGS], "INSTALLED_APPS")[-1] == "proctor.editor"


def test_lines_that_people_have_added_are_not_asked_for_again(tmp_path):
    root = lay_out(tmp_path, changed(settings=("INSTALLED_APPS = [", "INSTALLED_APPS = ['a'] + [")))
    by_hand = plan_of(root).by_hand
    with (root / SETTINGS).open("a") as settings:
        settings.writelines(each.lines for each in by_hand if each.place == SETTINGS)
    with (root / URLS).open("a") as urls:
        urls.writelines(each.lines for each in by_hand if each.place != SETTINGS)
    assert plan_of(root).by_hand == []


def test_a_middleware_of_the_project_is_enough(tmp_path):
    own = "MIDDLEWARE = [\n    'mysite.middleware.MyProctorMiddleware',"
    root = lay_out(tmp_path, changed(settings=("MIDDLEWARE = [", own)))
    assert len(value(texts(root)[SETTINGS], "MIDDLEWARE")) == 8


def test_an_app_may_be_there_by_its_configuration(tmp_path):
    own = "INSTALLED_APPS = [\n    'proctor.apps.ProctorConfig',"
    root = lay_out(tmp_path, changed(settings=("INSTALLED_APPS = [", own)))
    apps = value(texts(root)[SETTINGS], "INSTALLED_APPS")
    assert ("proctor" in apps, "proctor.editor" in apps) == (False, True)


@pytest.mark.parametrize("name", ["PROCTOR_MATRIX", "PROCTOR_API_ROOT", "PROCTOR_SOURCE"])
def test_a_source_of_the_project_stays(tmp_path, name):
    root = lay_out(tmp_path, {SETTINGS: f"{layout()[SETTINGS]}\n{name} = 'x'\n"})
    text = texts(root)[SETTINGS]
    assert ("editor:production" in text, "PROCTOR_TESTS" in text) == (False, True)


def test_declared_tests_stay_and_there_is_no_first_one(tmp_path):
    root = lay_out(tmp_path, {SETTINGS: f"{layout()[SETTINGS]}\nPROCTOR_TESTS = ('a',)\n"})
    assert "firstaatst" not in texts(root)[SETTINGS]
    assert plan_of(root).created == {}


# -- templates -------------------------------------------------------------------------------

JINJA = """TEMPLATES = [
    {
        'BACKEND': 'django.template.backends.jinja2.Jinja2',
        'DIRS': [],
        'OPTIONS': {'environment': 'mysite.jinja.environment', 'context_processors': ['x']},
    },
"""


def test_jinja2_alongside_stays_as_it_is(tmp_path):
    root = lay_out(tmp_path, changed(settings=("TEMPLATES = [\n", JINJA)))
    jinja, django = value(texts(root)[SETTINGS], "TEMPLATES")
    assert jinja["OPTIONS"]["context_processors"] == ["x"]
    assert django["OPTIONS"]["context_processors"][-1] == "proctor.context_processors.proc"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("'BACKEND': 'django.template", "'BACKEND': 'mine.template", "has 0 Django template"),
        ("'context_processors': [", "'builtins': [", "has no list of context processors"),
        ("'context_processors': [", "**MORE, 'context_processors': [", "has no list of"),
        ("'context_processors': [", "'context_processors': MORE + [", "is not a literal list"),
        ("TEMPLATES = [", "TEMPLATES = [ENGINE,", "is not a literal list of dicts"),
    ],
)
def test_other_templates_are_left_alone(tmp_path, old, new, reason):
    root = lay_out(tmp_path, changed(settings=(old, new)))
    (by_hand,) = plan_of(root).by_hand
    assert reason in by_hand.reason
    assert by_hand.lines.startswith('TEMPLATES[0]["OPTIONS"]')


# -- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "statement"),
    [
        ("urls import path", "urls import (\n    path,\n)", "import (\n    include, path,\n)"),
        ("urls import path", "urls import include, path, re_path", "import include, path, re_path"),
        ("urls import path", "urls import path as p, re_path", "include, path, path as p, re_path"),
    ],
)
def test_what_the_addresses_need_is_imported(tmp_path, old, new, statement):
    root = lay_out(tmp_path, changed(urls=(f"from django.{old}\n", f"from django.{new}\n")))
    assert statement in texts(root)[URLS]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("urlpatterns = [", "urlpatterns = i18n_patterns(x) + [", "not a literal list"),
        ("\nfrom django.urls import path\n", "\nimport django.urls\n", "does not import names"),
        ("path('admin/'", "path('proctor/'", "already has the route 'proctor/'"),
        ("urlpatterns = [", "urlpatterns = []\nurlpatterns += [", "changed in 2 places"),
    ],
)
def test_other_addresses_are_left_alone(tmp_path, old, new, reason):
    root = lay_out(tmp_path, changed(urls=(old, new)))
    (by_hand,) = plan_of(root).by_hand
    assert reason in by_hand.reason
    assert 'include("proctor.editor.urls")' in by_hand.lines
    assert URLS not in texts(root)


def test_a_urlconf_that_is_elsewhere_is_left_alone(tmp_path):
    root = lay_out(tmp_path, changed(settings=("'mysite.urls'", "'other.urls'")))
    assert reasons(root) == [
        "ROOT_URLCONF names the module 'other.urls', which is not in the project"
    ]


# -- finding the project ---------------------------------------------------------------------

BASE = "mysite/settings/base.py"
SPLIT = {
    "manage.py": layout()["manage.py"].replace("'mysite.settings'", "'mysite.settings.dev'"),
    "mysite/settings/__init__.py": "",
    BASE: layout()[SETTINGS].replace(".parent.parent", ".parent.parent.parent"),
    "mysite/settings/dev.py": "from .base import *\n\nDEBUG = True\n",
}


def split(root, **files):
    lay_out(root, {**SPLIT, **{f"mysite/settings/{name}.py": text for name, text in files.items()}})
    (root / SETTINGS).unlink()
    return root


@pytest.mark.parametrize(
    "dev", ["from .base import *\n", "from mysite.settings.base import *  # noqa: F403\n"]
)
def test_settings_in_a_package_are_changed_where_the_lists_are(tmp_path, dev):
    root = split(tmp_path, dev=dev)
    assert sorted(texts(root)) == [BASE, URLS]
    assert plan_of(root).by_hand == []


def test_settings_may_be_the_package(tmp_path):
    root = split(tmp_path, __init__="from .dev import *\n")
    manage = layout()["manage.py"]
    (root / "manage.py").write_text(manage)
    assert sorted(texts(root)) == [BASE, URLS]


def test_a_list_that_a_part_of_the_settings_adds_to_is_left_alone(tmp_path):
    root = split(tmp_path, dev="from .base import *\nINSTALLED_APPS += ['debug_toolbar']\n")
    assert reasons(root)[0] == "INSTALLED_APPS is changed in 2 places"


def test_settings_of_one_machine_may_be_missing(tmp_path):
    local = "try:\n    from .local import *\nexcept ImportError:\n    pass\n"
    root = split(tmp_path, dev=f"from .base import *\n{local}")
    assert sorted(texts(root)) == [BASE, URLS]


def test_settings_from_another_package_cannot_be_known(tmp_path):
    root = split(tmp_path, dev="from .base import *\nfrom company.settings import *\n")
    with pytest.raises(CommandError, match=r"everything from 'company\.settings'"):
        plan_of(root)


def test_the_settings_may_be_named(tmp_path):
    root = split(tmp_path)
    (root / "manage.py").write_text("import environ\n")
    with pytest.raises(
        CommandError, match=r"manage\.py names no settings module; .*--settings MODULE"
    ):
        plan_of(root)
    assert plan_of(root, "mysite.settings.dev").by_hand == []


def test_manage_may_assign_the_settings(tmp_path):
    manage = 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"\n'
    root = lay_out(tmp_path, {"manage.py": manage})
    assert find_project(root).settings_module == "mysite.settings"


def test_manage_that_names_two_settings_is_not_guessed(tmp_path):
    manage = layout()["manage.py"] + "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.test'\n"
    root = lay_out(tmp_path, {"manage.py": manage})
    with pytest.raises(CommandError, match="names 2 settings modules"):
        plan_of(root)


def test_the_project_may_be_one_directory_below(tmp_path):
    lay_out(tmp_path / "site")
    assert find_project(tmp_path).root == tmp_path / "site"


def test_of_several_projects_one_is_to_be_named(tmp_path):
    lay_out(tmp_path / "one")
    lay_out(tmp_path / "two")
    with pytest.raises(CommandError, match=r"several projects.*one.*two"):
        find_project(tmp_path)


def test_without_a_project_the_command_says_how_to_make_one(tmp_path):
    with pytest.raises(CommandError, match="django-admin startproject"):
        find_project(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["def", "x = '\x00'\n", "# -*- coding: nonsense -*-\n"])
def test_settings_that_do_not_parse_are_left_alone(tmp_path, text):
    root = lay_out(tmp_path, {SETTINGS: text})
    with pytest.raises(CommandError, match="cannot be parsed"):
        plan_of(root)


# -- the command itself ----------------------------------------------------------------------


def test_the_command_needs_nothing_but_the_standard_library():
    folder = Path(proctor.cli.set_up.__file__).parent
    imported = {
        name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    own = {name for name in imported if name.startswith("proctor.")}
    assert {name for name in own if not name.startswith("proctor.cli.")} == set()
    assert {name.partition(".")[0] for name in imported - own} <= sys.stdlib_module_names

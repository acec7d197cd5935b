"""`python -m proctor init` on projects, with Django's check in a separate process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.set_up.projects import SETTINGS, URLS, VERSIONS, changed, contents, lay_out, layout

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _this_checkout(monkeypatch):
    """Make projects use the package under test."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def django():
    """These tests run manage.py."""
    return pytest.importorskip("django", reason="Django is not installed")


def test_without_write_the_changes_are_shown_and_not_made(run, tmp_path):
    root = lay_out(tmp_path)
    before = contents(root)
    code, out, err = run("init", root)
    assert (code, err) == (0, "")
    assert f"--- a/{SETTINGS}\n+++ b/{SETTINGS}\n" in out
    assert "+    'proctor.editor',\n" in out
    assert "--- /dev/null\n+++ b/proctor-matrix.json\n" in out
    assert out.endswith(
        "Nothing has been changed yet. To make these changes: python -m proctor init --write\n"
    )
    assert contents(root) == before


@pytest.mark.usefixtures("django")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_run_changes_nothing(run, tmp_path, version):
    root = lay_out(tmp_path, version=version)
    code, out, _ = run("init", root, "--write")
    assert code == 0, out
    assert "`manage.py check` passes" in out
    assert "python manage.py proctor_import proctor-matrix.json --branch production" in out
    after = contents(root)
    assert run("init", root, "--write")[:2] == (
        0,
        "The project is already set up. Nothing was changed.\n",
    )
    assert contents(root) == after


@pytest.mark.usefixtures("django")
def test_a_project_with_its_own_page_is_told_how_to_put_the_test_there(run, tmp_path):
    own = ("    path('admin/'", "    path('', lambda request: None),\n    path('admin/'")
    root = lay_out(tmp_path, changed(urls=own))
    code, out, _ = run("init", root, "--write")
    assert code == 0, out
    assert "http://127.0.0.1:8000/proctor/  the editor: sign in as the superuser\n" in out
    assert "a page with the first test" not in out
    assert "{% ifgroup firstaatst same %}" in out
    assert not (root / "mysite/first_page.py").exists()


@pytest.mark.usefixtures("django")
def test_files_keep_their_permissions_and_links_stay_links(run, tmp_path):
    root = lay_out(tmp_path / "site")
    (root / SETTINGS).rename(tmp_path / "settings.py")
    (root / SETTINGS).symlink_to(tmp_path / "settings.py")
    (root / URLS).chmod(0o600)
    assert run("init", root, "--write")[0] == 0
    assert (root / SETTINGS).is_symlink()
    assert "proctor.editor" in (tmp_path / "settings.py").read_text()
    assert (root / URLS).stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("django")
def test_everything_is_as_before_if_django_has_objections(run, tmp_path):
    # The editor needs sessions.
    root = lay_out(tmp_path, changed(settings=("    'django.contrib.sessions',\n", "")))
    before = contents(root)
    code, out, _ = run("init", root, "--write")
    assert code == 1
    assert "Nothing was changed, because with these changes Django reports:" in out
    assert "proctor.E030" in out
    assert contents(root) == before


@pytest.mark.usefixtures("django")
def test_everything_is_as_before_if_another_address_comes_first(run, tmp_path):
    catch_all = "re_path(r'^.*', admin.site.urls[0][0].callback),\n]\n"
    urls = layout()[URLS].replace("import path", "import path, re_path").removesuffix("]\n")
    root = lay_out(tmp_path, {URLS: f"{urls}    {catch_all}"})
    before = contents(root)
    code, out, _ = run("init", root, "--write")
    assert code == 1
    assert "/proctor/ leads to" in out
    assert contents(root) == before


@pytest.mark.usefixtures("django")
def test_everything_is_as_before_if_a_file_cannot_be_written(run, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    root = lay_out(tmp_path)
    before = contents(root)
    root.chmod(0o500)
    try:
        code, out, _ = run("init", root, "--write")
    finally:
        root.chmod(0o700)
    assert (code, contents(root)) == (1, before)
    assert "cannot write" in out


@pytest.mark.usefixtures("django")
def test_what_is_left_for_people_is_printed_and_the_rest_is_done(run, tmp_path):
    root = lay_out(tmp_path, changed(urls=("urlpatterns = [", "urlpatterns = [] + [")))
    code, out, _ = run("init", root, "--write")
    assert code == 1
    assert "Add to the URLconf (urlpatterns is not a literal list):" in out
    assert '    path("proctor/", include("proctor.editor.urls")),\n' in out
    assert "'proctor.editor'," in (root / SETTINGS).read_text()


def test_a_directory_without_a_project_is_one_line(run, tmp_path):
    code, out, err = run("init", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "there is no manage.py" in err

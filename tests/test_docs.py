"""The pages under docs/ are correct and consistent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fences import ROOT, commands, fences, run_command, run_python
from tests.sites import in_site, lay_out, needs_site, run_in

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


SITE_PAGES = [page for page in PAGES if needs_site(page)]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in SITE_PAGES], ids=name)
def test_python_examples_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    for fence in fences(page, "python", "pycon"):
        run_python(fence, namespace)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in SITE_PAGES], ids=name)
def test_commands_print_what_the_page_shows(page: Path) -> None:
    for fence in fences(page, "console"):
        for command in commands(fence):
            run_command(command)


@pytest.mark.parametrize("page", SITE_PAGES, ids=name)
def test_what_a_page_shows_happens_in_the_site_of_the_readme(page: Path, tmp_path: Path) -> None:
    site = lay_out(tmp_path, page)
    result = in_site(site, "-m", "tests.sites", str(page))
    assert result.returncode == 0, result.stdout
    for fence in fences(page, "console"):
        for command in commands(fence):
            run_in(site, command)
    paths = {fence.path for fence in fences(page) if fence.path}
    if "shop/tests.py" in paths:
        result = in_site(site, "manage.py", "test")
        assert result.returncode == 0, result.stdout
    if for_pytest := sorted(path for path in paths if path.startswith("shop/test_")):
        result = in_site(site, "-m", "pytest", *for_pytest, "-p", "no:cacheprovider")
        assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("page", DOCUMENTS, ids=name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_changelog_and_readme_say_which_pythons_the_metadata_say() -> None:
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    minors = [int(n) for n in re.findall(r'"Programming Language :: Python :: 3\.(\d+)"', metadata)]
    expected = f"Python 3.{min(minors)} to 3.{max(minors)}"
    assert expected in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert expected in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_says_which_djangos_the_metadata_say() -> None:
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    *others, last = re.findall(r'"Framework :: Django :: (\d+\.\d+)"', metadata)
    expected = f"Django {', '.join(others)} and {last}"
    assert expected in (ROOT / "README.md").read_text(encoding="utf-8")

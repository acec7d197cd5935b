"""The pages under docs/ are true and hang together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fences import ROOT, commands, fences, run_command, run_python

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_examples_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    for fence in fences(page, "python", "pycon"):
        run_python(fence, namespace)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_print_what_the_page_shows(page: Path) -> None:
    for fence in fences(page, "console"):
        for command in commands(fence):
            run_command(command)


@pytest.mark.parametrize("page", DOCUMENTS, ids=name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_changelog_says_which_pythons_the_metadata_say() -> None:
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    minors = [int(n) for n in re.findall(r'"Programming Language :: Python :: 3\.(\d+)"', metadata)]
    expected = f"Python 3.{min(minors)} to 3.{max(minors)}"
    assert expected in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

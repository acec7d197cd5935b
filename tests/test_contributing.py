"""The modules, and places in them, that docs/contributing.md names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
FILES = [
    path.relative_to(ROOT).as_posix()
    for folder in ("proctor", "tests", "docs")
    for path in (ROOT / folder).rglob("*")
]

#: Rows of the table of changes: the goal, and the place.
ROWS = [
    line.strip("| ").split(" | ")
    for line in PAGE.partition("## Where to make a change")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and "---" not in line and not line.startswith("| Task")
]


def section(heading: str) -> str:
    return PAGE.partition(f"### {heading}\n")[2].partition("\n#")[0]


def modules_in(text: str) -> list[str]:
    """The modules and folders that a text names, by their full paths or the last parts."""
    return re.findall(r"[\w/]*\w+\.(?:py|css|md)\b|\b\w+/[\w/]*/(?=\s)", text)


@pytest.mark.parametrize(
    "heading", ["The path of a request", "The path of a rule's text", "The path of a matrix"]
)
def test_the_modules_of_a_path_exist(heading: str) -> None:
    found = modules_in(section(heading))
    assert len(found) > 8
    assert [each for each in found if not exists(each)] == []


def exists(path: str) -> bool:
    return any(f"/{file}".endswith(f"/{path.rstrip('/')}") for file in FILES)


@pytest.mark.parametrize(("task", "place"), ROWS, ids=[task for task, _ in ROWS])
def test_the_place_of_a_change_has_the_name_that_the_table_gives(task: str, place: str) -> None:
    paths = [each for each in modules_in(place) if each.startswith("proctor/")]
    assert paths
    text = "".join((ROOT / each).read_text(encoding="utf-8") for each in paths)
    names = [each for each in re.findall(r"`([^`]+)`", place) if "/" not in each]
    known = [each for each in names if each != "exposed"]
    assert [each for each in known if each not in text] == []


def test_the_table_answers_ten_questions() -> None:
    assert len(ROWS) == 10

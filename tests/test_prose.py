"""No page, docstring or comment contains the phrases that readers stumbled over most often."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

import pytest

from tests.fences import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: docs/contributing.md, "How to write", has the alternatives.
PHRASES = {
    r"\bshall\b": "must, should",
    r"\banew\b": "again",
    r"\bas ever\b": "as before",
    r"\bbut for\b": "except for",
    r"\b[Ww]hoever\b": "the person who, people who",
    r"\b[Ss]omebody\b": "someone",
    r"\b(he|him|his)\b": "they, them, their",
    r"\bcan(not)? be had\b": "is available",
    r"\ball in all\b": "in total",
    r"\bas it stands\b": "",
    r"\bis no (name|test|text|number|list|string|JSON|object|mapping|boolean)\b": "is not a",
}

PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
    if page.name != "contributing.md"  # it lists the phrases
]
MODULES = sorted((ROOT / "proctor").rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def found(text: str) -> list[str]:
    flat = " ".join(text.split())
    return [
        f"{flat[max(0, match.start() - 40) : match.end() + 20]!r}: write {better}"
        for phrase, better in PHRASES.items()
        for match in re.finditer(phrase, flat)
    ]


def prose_of(module: Path) -> Iterator[str]:
    """The docstrings and comments of a module."""
    source = module.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_is_in_plain_english(page: Path) -> None:
    without_code = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
    assert found(without_code) == []


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_docstrings_and_comments_are_in_plain_english(module: Path) -> None:
    assert [each for prose in prose_of(module) for each in found(prose)] == []

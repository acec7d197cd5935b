"""Whether names stand anywhere in the templates and in the Python files of a project."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps

from proctor.conf import settings
from proctor.template_literals import template_texts, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import TypeGuard

__all__ = ["Mentions", "find_mentions", "python_files"]

_INSTALLED = {"site-packages", "dist-packages"}
#: Folders in which no page is written.
_SKIPPED = {*_INSTALLED, "node_modules", "__pycache__", "migrations"}
#: How to know a virtual environment, whatever it is called.
_ENVIRONMENT = "pyvenv.cfg"

#: As Python reads a module; `splitlines` knows more of them.
_LINE_BREAK = re.compile(r"\r\n|\r|\n")

_MAY_DECLARE = re.compile(r"\bPROCTOR_TESTS\b|\bProctorTest\b")


@dataclass(frozen=True, slots=True)
class Mentions:
    """What was found, and where it was looked for."""

    #: Those of the names that stand somewhere.
    found: frozenset[str]
    templates: int
    python_files: int
    #: Loaders that cannot list what they have, so that their templates were not read.
    unlisted: tuple[str, ...]


def find_mentions(names: Collection[str]) -> Mentions:
    """Look for each name as a word: in all templates, and in the project's Python files.

    The file of the settings module does not count, nor does what declares a test elsewhere:
    an assignment to PROCTOR_TESTS, and a ProctorTest.
    """
    texts = template_texts()
    search = _Search(names)
    for text in texts.texts:
        search.read(text)
    own, count = _settings_file(), 0
    for path in python_files():
        if path != own:
            search.read(_without_declarations(text_of(path)))
            count += 1
    return Mentions(frozenset(search.found), len(texts.texts), count, texts.unlisted)


class _Search:
    """Which of some names stand in texts, as words."""

    def __init__(self, names: Collection[str]) -> None:
        self.found: set[str] = set()
        # The longer one first: of `button-dash` the word `button` is a part.
        words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def read(self, text: str) -> None:
        if self._pattern is not None:
            self.found.update(self._pattern.findall(text))


def python_files() -> Iterator[Path]:
    """The project's own Python files, each once.

    These are below BASE_DIR, or the folder of `manage.py` where that is not set; in the
    folder of the settings; and in the installed apps that are not in site-packages. Left out
    are virtual environments, migrations, hidden folders, MEDIA_ROOT and STATIC_ROOT.
    """
    seen: set[Path] = set()
    unwanted = _unwanted()
    for root in _roots(unwanted):
        for folder, folders, files in os.walk(root):
            here = Path(folder)
            if here in seen:
                folders.clear()
                continue
            seen.add(here)
            folders[:] = sorted(each for each in folders if not _is_skipped(here / each, unwanted))
            yield from (here / name for name in sorted(files) if name.endswith(".py"))


def _roots(unwanted: Collection[Path]) -> Iterator[Path]:
    base = getattr(settings, "BASE_DIR", None)
    program = Path(sys.argv[0])
    if base:
        yield Path(base).resolve()
    elif program.name == "manage.py":
        yield program.resolve().parent
    own = _settings_file()
    if own is not None:
        yield own.parent
    for app in apps.get_app_configs():
        path = Path(app.path).resolve()
        if not _INSTALLED.intersection(path.parts) and not _is_skipped(path, unwanted):
            yield path


def _is_skipped(folder: Path, unwanted: Collection[Path]) -> bool:
    name = folder.name
    return (
        name.startswith(".")
        or name in _SKIPPED
        or folder in unwanted
        or (folder / _ENVIRONMENT).exists()
    )


def _unwanted() -> set[Path]:
    """Folders that may have a million files and no page; and our own package."""
    data = (settings.MEDIA_ROOT, settings.STATIC_ROOT)
    return {Path(each).resolve() for each in (Path(__file__).parent, *data) if each}


def _settings_file() -> Path | None:
    """The file of the settings module; None for settings that were made otherwise."""
    name = getattr(settings, "SETTINGS_MODULE", None)
    spec = importlib.util.find_spec(name) if name else None
    return Path(spec.origin).resolve() if spec is not None and spec.origin else None


def _without_declarations(source: str) -> str:
    """The text of a module without the places that declare tests."""
    if not _MAY_DECLARE.search(source):
        return source
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    # Columns of the tree are those of bytes.
    lines = [line.encode() for line in _LINE_BREAK.split(source)]
    for node in ast.walk(tree):
        if _declares(node):
            _blank(lines, node)
    return b"\n".join(lines).decode(errors="replace")


def _declares(node: ast.AST) -> TypeGuard[ast.stmt | ast.expr | ast.keyword]:
    if isinstance(node, ast.Assign):
        return any(_name(target) == "PROCTOR_TESTS" for target in node.targets)
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        return _name(node.target) == "PROCTOR_TESTS"
    if isinstance(node, ast.keyword):
        return node.arg == "PROCTOR_TESTS"
    return isinstance(node, ast.Call) and _name(node.func) == "ProctorTest"


def _name(node: ast.AST) -> str:
    """The last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _blank(lines: list[bytes], node: ast.stmt | ast.expr | ast.keyword) -> None:
    """Write blanks over the text of a node; the lines keep their lengths."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    for number in range(first, last + 1):
        line = lines[number]
        start = node.col_offset if number == first else 0
        end = len(line) if number < last or node.end_col_offset is None else node.end_col_offset
        lines[number] = line[:start] + b" " * (end - start) + line[end:]

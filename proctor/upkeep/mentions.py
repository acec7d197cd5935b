"""Find the names that occur in the templates and Python files of a project."""

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
from proctor.generated_types.module_text import is_generated
from proctor.upkeep.template_literals import template_texts, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import TypeGuard

__all__ = ["Mentions", "find_mentions", "python_files"]

_INSTALLED = {"site-packages", "dist-packages"}
#: Folders to skip: installed packages, caches, and migrations, which contain no code for pages.
_SKIPPED = {*_INSTALLED, "node_modules", "__pycache__", "migrations"}
#: The file that marks a virtual environment, regardless of the folder's name.
_ENVIRONMENT = "pyvenv.cfg"

#: Line endings that Python's parser recognizes; `splitlines` also splits at other characters.
_LINE_BREAK = re.compile(r"\r\n|\r|\n")

_MAY_DECLARE = re.compile(r"\bPROCTOR_TESTS\b|\bProctorTest\b")


@dataclass(frozen=True, slots=True)
class Mentions:
    """The result of a search for names in templates and Python files."""

    #: The names that occur at least once.
    found: frozenset[str]
    templates: int
    python_files: int
    #: Loaders that cannot list their templates, so their templates were not read.
    unlisted: tuple[str, ...]


def find_mentions(names: Collection[str]) -> Mentions:
    """Search for each name as a word in all templates and in the project's Python files.

    Ignores the file of the settings module, the module that `manage.py proctor_types` writes, and
    other declarations of tests: assignments to PROCTOR_TESTS, and calls of ProctorTest.
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
    """Searches texts for names as whole words."""

    def __init__(self, names: Collection[str]) -> None:
        self.found: set[str] = set()
        # Try longer names first, because `button` would also match the beginning of `button-dash`.
        words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def read(self, text: str) -> None:
        if self._pattern is not None:
            self.found.update(self._pattern.findall(text))


#: The folder of the proctor package.
_PACKAGE = Path(__file__).resolve().parent.parent


def python_files() -> Iterator[Path]:
    """Return the project's own Python files, without duplicates.

    These are the files below BASE_DIR (or below the folder of `manage.py` if BASE_DIR is not set),
    in the folder of the settings, and in the installed apps outside site-packages. Virtual
    environments, migrations, hidden folders, MEDIA_ROOT and STATIC_ROOT are excluded.
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
            paths = (here / name for name in sorted(files) if name.endswith(".py"))
            # Reading a named pipe would never end, so read only regular files.
            yield from (path for path in paths if path.is_file())


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
        is_ours = path.is_relative_to(_PACKAGE)
        if is_ours or _INSTALLED.intersection(path.parts):
            continue
        if not _is_skipped(path, unwanted):
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
    """Return the folders to skip: our own package, and those with many files but no code."""
    data = (settings.MEDIA_ROOT, settings.STATIC_ROOT)
    return {Path(each).resolve() for each in (_PACKAGE, *data) if each}


def _settings_file() -> Path | None:
    """Return the file of the settings module, or None if there is no such module."""
    name = getattr(settings, "SETTINGS_MODULE", None)
    spec = importlib.util.find_spec(name) if name else None
    return Path(spec.origin).resolve() if spec is not None and spec.origin else None


def _without_declarations(source: str) -> str:
    """Return the text of a module without its declarations of tests."""
    if is_generated(source):
        return ""
    if not _MAY_DECLARE.search(source):
        return source
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    # Columns in a syntax tree are counted in bytes.
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
    """Return the last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _blank(lines: list[bytes], node: ast.stmt | ast.expr | ast.keyword) -> None:
    """Replace the text of a node with spaces, so that all lines keep their lengths."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    for number in range(first, last + 1):
        line = lines[number]
        start = node.col_offset if number == first else 0
        end = len(line) if number < last or node.end_col_offset is None else node.end_col_offset
        lines[number] = line[:start] + b" " * (end - start) + line[end:]

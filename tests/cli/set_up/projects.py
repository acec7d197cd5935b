"""Django projects on disk, as created by startproject and changed by people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYOUTS = Path(__file__).with_name("layouts")
VERSIONS = ("5.2", "6.0", "6.1")
SETTINGS = "mysite/settings.py"
URLS = "mysite/urls.py"


def layout(version: str = "5.2") -> dict[str, str]:
    """Return the files that a version of Django creates, by path."""
    text = (LAYOUTS / f"django-{version}.txt").read_text(encoding="utf-8")
    parts = text.removeprefix("=== ").split("\n=== ")
    found = {}
    for part in parts:
        name, _, content = part.partition("\n")
        found[name] = content + "\n" if content and not content.endswith("\n") else content
    return found


def lay_out(
    root: Path, files: Mapping[str, str] | None = None, *, version: str = "5.2", newline: str = "\n"
) -> Path:
    """Write a project; *files* replace those of the layout or are added to it."""
    for name, content in {**layout(version), **(files or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline=newline)
    return root


def contents(root: Path) -> dict[str, bytes]:
    """Return all files below a directory, except those that Python and databases leave behind."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".sqlite3"
    }


def changed(**replaced: tuple[str, str]) -> dict[str, str]:
    """Return files of the layout with a text replaced: `settings=(old, new)`, `urls=(old, new)`."""
    found = {}
    for name, (old, new) in replaced.items():
        path = f"mysite/{name}.py"
        text = layout()[path]
        assert text.count(old) == 1, f"{old!r} is not once in {path}"
        found[path] = text.replace(old, new)
    return found

"""Private APIs of other libraries are used only in two modules, and each use is documented."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3.connection

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "proctor"
FILES = sorted(PACKAGE.rglob("*.py"))

#: The modules that may use private names.
MAY = {"core/library_internals.py", "django_internals.py"}

PRIVATE = re.compile(r"_[a-z]\w*")


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def own_names(tree: ast.Module) -> Iterator[str]:
    """The private names that a module defines: in the module, its classes and their instances."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg


#: All private names of our own. The names that the two modules define belong to other libraries.
OWN = {
    name
    for path in FILES
    if relative(path) not in MAY
    for name in own_names(tree_of(path))
    if PRIVATE.fullmatch(name)
}
#: Words that only look like private names: the module of exceptions, and a text of commits.
#: `_meta` and `_default_manager` are documented.
OWN |= {
    "_asdict",
    "_default_manager",
    "_meta",
    "_copies",
    "_get_force_groups",
    "_pickle",
    "_review",
}


def foreign_uses(tree: ast.Module) -> Iterator[str]:
    """The private names of other libraries that a module uses, even in strings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if PRIVATE.fullmatch(node.attr) and node.attr not in OWN:
                yield node.attr
            if node.attr == "__class__" and isinstance(node.ctx, ast.Store):
                yield node.attr
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or ""
            if module.partition(".")[0] != "proctor":
                names = [*module.split("."), *(alias.name for alias in node.names)]
                yield from (name for name in names if PRIVATE.fullmatch(name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            word = node.value
            is_ours = word in OWN or word.startswith("_proctor")
            if PRIVATE.fullmatch(word) and not is_ours and id(node) not in docstrings:
                yield word


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_only_two_modules_use_what_others_keep_private(path: Path) -> None:
    used = set(foreign_uses(tree_of(path)))
    assert used == set() or relative(path) in MAY


def private_overrides(cls: type) -> Iterator[str]:
    """The private names of other libraries' classes that our classes override."""
    others = [vars(base) for base in cls.__mro__ if not base.__module__.startswith("proctor")]
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    for name in own_names(definition):
        if PRIVATE.fullmatch(name) and any(name in other for other in others):
            yield name


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_only_two_modules_replace_what_others_keep_private(path: Path) -> None:
    if path.name == "__main__.py":
        pytest.skip("runs the command")
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    try:
        module = importlib.import_module(name)
    except LookupError as error:
        pytest.skip(f"needs an app that the tests' settings do not install: {error}")
    classes = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == name and each.__qualname__[0] != "<"
    ]
    assert [found for cls in classes for found in private_overrides(cls)] == []


@pytest.mark.parametrize(
    "code",
    [
        "settings._wrapped",
        "from _md5 import md5",
        "request.__class__ = other",
        "getattr(request, '_cached_user', None)",
        "request.__dict__['_cache_update_cache'] = False",
    ],
)
def test_such_a_use_would_be_found(code: str) -> None:
    assert len(list(foreign_uses(ast.parse(code)))) == 1


def test_such_an_override_would_be_found() -> None:
    class Connection(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return super()._new_conn()

    assert list(private_overrides(Connection)) == ["_new_conn"]


def test_the_list_in_contributing_is_complete() -> None:
    text = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
    part = text.partition("## Private APIs of other libraries")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `(?:[\w.]+\.)?(\w+)`", part, re.MULTILINE))
    used = set()
    for name in MAY:
        used |= set(foreign_uses(tree_of(PACKAGE / name)))
    # urllib3 calls a method that we define.
    assert listed == used | {"_new_conn"}

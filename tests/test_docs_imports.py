"""The README, the pages and the examples import only public names."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from proctor import core
from tests.fences import ROOT, fences
from tests.test_loggers import names_in_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The modules that sites import from, or name in their settings.
PUBLIC = {
    "proctor",
    "proctor.core",
    "proctor.analysis",
    "proctor.context_processors",
    "proctor.decorators",
    "proctor.identify",
    "proctor.jinja",
    "proctor.log",
    "proctor.middleware",
    "proctor.bulk",
    "proctor.editor.schedules.guards",
    "proctor.editor.signals",
    "proctor.openfeature",
    "proctor.panels",
    "proctor.ofrep.urls",
    "proctor.pipet.urls",
    "proctor.pytest_plugin",
    "proctor.request",
    "proctor.results",
    "proctor.results.asgi",
    "proctor.results.models",
    "proctor.results.testing",
    "proctor.results.urls",
    "proctor.signals",
    "proctor.templatetags.proctor",
    "proctor.testing",
    "proctor.urls",
}

LOGGERS = names_in_code()

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))

#: A dotted path into the package, as in settings and in `include("proctor.urls")`.
_DOTTED = re.compile(r"(?<=[\"'])proctor(?:\.\w+)+(?=[\"'])")


def imports_in(code: str) -> Iterator[tuple[str, str | None]]:
    """The modules that *code* imports, each with the imported name, if any."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def code_of(body: str) -> Iterator[str]:
    """The programs in a block: the code after its prompts, or the whole block."""
    if ">>> " in body:
        yield from (each.source for each in doctest.DocTestParser().get_examples(body))
    else:
        yield textwrap.dedent(body)


def private_names(code: str) -> list[str]:
    """Private names of proctor that *code* imports, or names in a dotted path."""
    found = []
    for module, name in imports_in(code):
        if module.partition(".")[0] == "proctor" and not is_public(module, name):
            found.append(f"{module}:{name}")
    for path in _DOTTED.findall(code):
        module, _, name = path.rpartition(".")
        # The logger `proctor.pipet` has the name of a package.
        is_ours = path not in LOGGERS and (is_module(path) or is_module(module))
        if is_ours and not (is_public(path, None) or is_public(module, name)):
            found.append(path)
    return found


def is_module(path: str) -> bool:
    try:
        importlib.import_module(path)
    except ImportError:
        return False
    return path != "proctor"


def is_public(module: str, name: str | None) -> bool:
    if name is None or f"{module}.{name}" in PUBLIC:
        return module in PUBLIC or f"{module}.{name}" in PUBLIC
    shown = getattr(importlib.import_module(module), "__all__", None) if module in PUBLIC else ()
    return not name.startswith("_") and (module in PUBLIC if shown is None else name in shown)


def python_of(page: Path) -> Iterator[str]:
    for fence in fences(page, "python", "pycon"):
        yield from code_of(fence.body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_imports_nothing_private(page: Path) -> None:
    assert [name for code in python_of(page) for name in private_names(code)] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_imports_nothing_private(path: Path) -> None:
    assert private_names(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "import proctor.core.matrices.matrix",
        "from proctor.core.declarations.registry import Registry",
        "from proctor.core import messages",
        "from proctor.middleware import settings",
        "from proctor import views",
        "PROCTOR_SOURCE = 'proctor.core.sources.source.Source'",
    ],
)
def test_private_imports_would_be_found(code: str) -> None:
    assert len(private_names(code)) == 1


def test_the_reference_shows_every_public_name_of_the_core() -> None:
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"proctor\.core\.(\w+)$", text, re.MULTILINE))
    errors = {
        name for name in core.__all__ if getattr(core, name).__module__.endswith("exceptions")
    }
    described = {"ProctorTest"} if "`ProctorTest`" in text else set()
    assert set(core.__all__) - errors - described == shown - {"exceptions"}

"""Imports point down, and nothing in the package runs text as a program."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "proctor"

#: Modules of the core's side: these use nothing of Django, and of proctor only the core.
CORE = sorted([PACKAGE / "__init__.py", *(PACKAGE / "core").rglob("*.py")])

#: The command uses the core and itself, and nothing else of proctor.
COMMAND = sorted([*PACKAGE.glob("__main__.py"), *(PACKAGE / "cli").rglob("*.py")])

#: The provider of OpenFeature uses the core and itself, so that it needs no Django either.
OPENFEATURE = sorted((PACKAGE / "openfeature").rglob("*.py"))

#: What makes a program out of text.
EXECUTING = {"eval", "exec", "compile", "__import__"}

#: The only modules that may, and what: with a syntax tree, never with text of a matrix.
MAY_EXECUTE: dict[str, set[str]] = {
    # Compiles a syntax tree that holds no word of a rule, and executes nothing.
    "core/selection.py": {"compile"},
}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_modules(path: Path) -> Iterator[str]:
    """Every module that the file imports, anywhere in it, by its absolute name."""
    package = path.relative_to(ROOT).with_suffix("").parts
    if path.name == "__init__.py":
        package = (*package[:-1], "")
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                base = node.module or ""
            else:
                base = ".".join([*package[: -node.level], *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imported_at_runtime(path: Path) -> set[str]:
    """Top-level names that the module imports, those for annotations left out."""
    tree = syntax_tree(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body.clear()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def names_read(path: Path) -> Iterator[str]:
    """Names that the file reads, plainly or as attributes of builtins."""
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Name):
            yield node.id
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "builtins"
        ):
            yield node.attr


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_the_core_imports_nothing_of_django(path: Path) -> None:
    frameworks = ("django", "appconf", "asgiref", "openfeature", "jinja2")
    found = [m for m in imported_modules(path) if any(is_inside(m, name) for name in frameworks)]
    assert found == []


@pytest.mark.parametrize("path", [*CORE, *COMMAND, *OPENFEATURE], ids=relative)
def test_the_core_and_what_needs_only_the_core_import_only_downwards(path: Path) -> None:
    allowed = ["proctor.core"]
    if path in COMMAND:
        allowed.append("proctor.cli")
    if path in OPENFEATURE:
        allowed.append("proctor.openfeature")
    found = [
        module
        for module in imported_modules(path)
        if is_inside(module, "proctor")
        and module != "proctor"
        and not any(is_inside(module, package) for package in allowed)
    ]
    assert found == []


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_the_core_needs_only_the_standard_library_and_requests(path: Path) -> None:
    # urllib3 comes with requests, which shows it in its own interface.
    allowed = {"proctor", "requests", "urllib3", *sys.stdlib_module_names}
    if relative(path).startswith("core/user_agents/"):
        # The extra [useragent]; without it there is no parser, and no import either.
        allowed.add("ua_parser")
    assert imported_at_runtime(path) - allowed == set()


@pytest.mark.parametrize("path", OPENFEATURE, ids=relative)
def test_the_provider_needs_only_the_core_and_the_sdk_of_openfeature(path: Path) -> None:
    allowed = {"proctor", "openfeature", *sys.stdlib_module_names}
    assert imported_at_runtime(path) - allowed == set()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=relative)
def test_only_the_provider_imports_the_sdk_of_openfeature(path: Path) -> None:
    found = [m for m in imported_modules(path) if is_inside(m, "openfeature")]
    assert found == [] or path in OPENFEATURE


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=relative)
def test_no_module_imports_a_test_tool(path: Path) -> None:
    tools = ("pytest", "pytest_django", "hypothesis", "unittest")
    if relative(path) in {"testing.py", "pytest_plugin.py"}:
        pytest.skip("made for tests")
    assert [m for m in imported_modules(path) if any(is_inside(m, tool) for tool in tools)] == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=relative)
def test_no_module_runs_text_as_a_program(path: Path) -> None:
    used = EXECUTING.intersection(names_read(path))
    assert used <= MAY_EXECUTE.get(relative(path), set())


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=relative)
def test_no_module_unpickles(path: Path) -> None:
    unsafe = ("pickle", "marshal", "shelve")
    assert [m for m in imported_modules(path) if any(is_inside(m, name) for name in unsafe)] == []


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_no_module_of_the_core_has_a_global_statement(path: Path) -> None:
    statements = [n for n in ast.walk(syntax_tree(path)) if isinstance(n, ast.Global)]
    assert statements == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=relative)
def test_no_class_that_is_no_test_is_called_one(path: Path) -> None:
    names = [
        node.name
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
    ]
    assert set(names) <= {"TestDefinition"}

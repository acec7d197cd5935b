"""Imports point down, without cycles, and no code in the package executes text."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "proctor"

#: The packages, and the modules outside of packages, lowest first. A module may import only modules
#: above it in this list or in the same line. `proctor` and `proctor.core` load their public names
#: late, by name.
ORDER = (
    "proctor",
    "proctor.core",
    "proctor.core.sentences",
    "proctor.core.problems",
    "proctor.core.exceptions",
    "proctor.core.messages",
    "proctor.core.api_reply",
    "proctor.core.library_internals",
    "proctor.core.java",
    "proctor.core.rules",
    "proctor.core.matrices",
    "proctor.core.inputs",
    "proctor.core.evaluation",
    "proctor.core.declarations",
    "proctor.core.sources",
    "proctor.core.flags",
    "proctor.core.ofrep",
    "proctor.core.pipet_api",
    "proctor.core.authoring",
    "proctor.core.schemas",
    "proctor.metrics",
    "proctor.bulk",
    "proctor.analysis",
    "proctor.cli",
    "proctor.openfeature",
    "proctor.django_internals",
    "proctor.database",
    "proctor.conf",
    "proctor.resolving.once_log",
    "proctor.signals",
    "proctor.groups",
    "proctor.resolving",
    "proctor.visits",
    "proctor.pages",
    "proctor.bar",
    "proctor.request",
    "proctor.identify",
    "proctor.testing",
    "proctor.pytest_plugin",
    "proctor.log",
    "proctor.middleware",
    "proctor.context_processors",
    "proctor.decorators",
    "proctor.jinja",
    "proctor.templatetags",
    "proctor.panels",
    "proctor.typed",
    "proctor.generated_types",
    "proctor.upkeep",
    "proctor.pipet",
    "proctor.ofrep",
    "proctor.views",
    "proctor.urls",
    "proctor.checks",
    "proctor.apps",
    "proctor.management",
    "proctor.editor",
    "proctor.results",
    "proctor.__main__",
)

#: Modules that load their public names lazily, so that importing them stays fast.
LAZY = ("proctor", "proctor.core")

#: Modules without Django, which import only the core from proctor.
CORE = sorted([PACKAGE / "__init__.py", *(PACKAGE / "core").rglob("*.py")])

#: Bulk assignment uses only the core and itself, so it does not need Django.
BULK = sorted((PACKAGE / "bulk").rglob("*.py"))

#: The analysis uses only the core, metrics and itself, so it does not need Django.
ANALYSIS = [PACKAGE / "metrics.py", *sorted((PACKAGE / "analysis").rglob("*.py"))]

#: The command uses only the core, bulk assignment and itself.
COMMAND = sorted([*PACKAGE.glob("__main__.py"), *(PACKAGE / "cli").rglob("*.py")])

#: The OpenFeature provider uses only the core and itself, so it does not need Django either.
OPENFEATURE = sorted((PACKAGE / "openfeature").rglob("*.py"))

#: Names that execute text as a program.
EXECUTING = {"eval", "exec", "compile", "__import__"}

#: The only exceptions: modules that compile a syntax tree, never text from a matrix.
MAY_EXECUTE: dict[str, set[str]] = {
    # Compiles a syntax tree without executing it. Text from a matrix occurs in it only as letters
    # and digits in a name, after a prefix.
    "core/evaluation/selection.py": {"compile"},
}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@functools.cache
def syntax_tree(path: Path) -> ast.Module:
    """The parsed module. Many tests read the same one, so nobody may change it."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@functools.cache
def imported_modules(path: Path) -> tuple[str, ...]:
    """Every module that the file imports, anywhere in it, by its absolute name."""
    return tuple(_imported_modules(path))


def _imported_modules(path: Path) -> Iterator[str]:
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
    """Top-level names that the module imports, except those only for annotations."""
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


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_parts(path: Path) -> set[str]:
    """Modules of proctor that a module imports, anywhere in it, even if only for annotations."""
    found = set()
    for name in imported_modules(path):
        while name and name not in MODULES:
            name = name.rpartition(".")[0]  # noqa: PLW2901
        if name and name not in LAZY:
            found.add(name)
    return found - {module_name(path)}


def place(module: str) -> int:
    """The line of ORDER that a module belongs to; ValueError if there is none."""
    while module not in ORDER and module.rpartition(".")[0] not in LAZY:
        module = module.rpartition(".")[0]
    return ORDER.index(module)


def cycle_in(edges: dict[str, set[str]]) -> list[str]:
    """The modules of one import cycle; empty if there is none."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        for target in sorted(edges[module]):
            found = walk(target, [*path, module])
            if found:
                return found
        done.add(module)
        return []

    return next(filter(None, (walk(module, []) for module in edges)), [])


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_place_in_the_order(module: str) -> None:
    assert 0 <= place(module) < len(ORDER)


@pytest.mark.parametrize("module", [each for each in MODULES if each not in LAZY])
def test_a_module_imports_nothing_from_a_higher_place(module: str) -> None:
    mine = place(module)
    assert [each for each in imported_parts(MODULES[module]) if place(each) > mine] == []


def test_no_imports_form_a_cycle() -> None:
    edges = {module: imported_parts(path) for module, path in MODULES.items()}
    # A package contains its modules, which does not count as an import.
    edges = {
        module: {each for each in found if not is_inside(module, each)}
        for module, found in edges.items()
        if module not in LAZY
    }
    assert cycle_in(edges) == []


def test_a_cycle_would_be_found() -> None:
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_the_core_imports_nothing_of_django(path: Path) -> None:
    frameworks = ("django", "appconf", "asgiref", "openfeature", "jinja2")
    found = [m for m in imported_modules(path) if any(is_inside(m, name) for name in frameworks)]
    assert found == []


def test_the_tests_of_what_needs_only_the_core_import_nothing_of_django() -> None:
    folders = [ROOT / "tests" / name for name in ("core", "cli", "openfeature")]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(paths) > len(folders)
    importing = [path for path in paths for m in imported_modules(path) if is_inside(m, "django")]
    assert importing == []


@pytest.mark.parametrize("path", [*CORE, *BULK, *ANALYSIS, *COMMAND, *OPENFEATURE], ids=relative)
def test_the_core_and_what_needs_only_the_core_import_only_downwards(path: Path) -> None:
    allowed = ["proctor.core"]
    if path == PACKAGE / "__init__.py":
        allowed.append("proctor.metrics")
    if path in COMMAND:
        allowed += ["proctor.bulk", "proctor.metrics", "proctor.analysis", "proctor.cli"]
    if path in BULK:
        allowed.append("proctor.bulk")
    if path in ANALYSIS:
        allowed += ["proctor.metrics", "proctor.analysis"]
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
    # urllib3 comes with requests, and is part of its public interface.
    allowed = {"proctor", "requests", "urllib3", *sys.stdlib_module_names}
    if relative(path).startswith("core/inputs/user_agents/"):
        # The extra [useragent]; without it there is no parser, and no import either.
        allowed.add("ua_parser")
    if relative(path) == "core/sources/object_stores.py":
        # The extra [remote]; without it such an address is a ConfigurationError.
        allowed.add("fsspec")
    assert imported_at_runtime(path) - allowed == set()


@pytest.mark.parametrize("path", BULK, ids=relative)
def test_bulk_assignment_needs_only_the_core_numpy_and_pyarrow(path: Path) -> None:
    allowed = {"proctor", "numpy", "pyarrow", *sys.stdlib_module_names}
    assert imported_at_runtime(path) - allowed == set()


@pytest.mark.parametrize("path", ANALYSIS, ids=relative)
def test_the_analysis_needs_only_the_core_numpy_and_scipy(path: Path) -> None:
    # DuckDB and tea-tasting are imported where they are used, with a helpful error.
    allowed = {"proctor", "numpy", "scipy", *sys.stdlib_module_names}
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

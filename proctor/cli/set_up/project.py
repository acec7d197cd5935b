"""A project: manage.py, the settings and all modules that they import, and the URLconf."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.cli.errors import CommandError
from proctor.cli.set_up.files import PythonFile
from proctor.cli.set_up.names import assigned_once, text_of
from proctor.cli.set_up.refusals import Refusal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Project", "find_project"]

_VARIABLE = "DJANGO_SETTINGS_MODULE"


@dataclass(frozen=True, slots=True)
class Project:
    """A Django project on disk."""

    #: The directory that contains manage.py.
    root: Path
    #: The dotted path of the settings module.
    settings_module: str
    #: The files of the settings: the settings module, and modules that it imports with `*`.
    settings: tuple[PythonFile, ...]

    @property
    def manage(self) -> Path:
        """The path to manage.py."""
        return self.root / "manage.py"

    def shown(self, path: Path) -> str:
        """Return a path as shown in messages: relative to the directory that contains manage.py."""
        return path.relative_to(self.root).as_posix()

    def urls(self) -> tuple[str, PythonFile]:
        """Return the package of ROOT_URLCONF ("" if it has none), and the module's file.

        Raises Refusal if the module is unknown or not in the project.
        """
        module = text_of(assigned_once(self.settings, "ROOT_URLCONF").value)
        if module is None:
            raise Refusal("ROOT_URLCONF is not a literal")
        path = _file_of(self.root, module)
        if path is None:
            raise Refusal(f"ROOT_URLCONF names the module {module!r}, which is not in the project")
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        return package, PythonFile.read(path)


def find_project(directory: Path, settings_module: str | None = None) -> Project:
    """Return the project in a directory, or in its only subdirectory with a manage.py.

    Raises CommandError if the project cannot be found or its settings cannot be read.
    """
    manage = _find_manage(directory)
    try:
        module = settings_module or _settings_module(PythonFile.read(manage))
        path = _file_of(manage.parent, module)
        if path is None:
            raise Refusal(f"the settings module {module!r} is not inside {str(manage.parent)!r}")
        files: dict[Path, PythonFile] = {}
        _read_settings(manage.parent, module, path, files)
    except Refusal as refusal:
        raise CommandError(
            f"cannot find the settings: {refusal}; name them with --settings MODULE, or set up "
            f"the project as described in the README"
        ) from refusal
    return Project(manage.parent, module, tuple(files.values()))


def _find_manage(directory: Path) -> Path:
    if (directory / "manage.py").is_file():
        return (directory / "manage.py").resolve()
    found = sorted(directory.glob("*/manage.py")) if directory.is_dir() else []
    if len(found) == 1:
        return found[0].resolve()
    if found:
        places = ", ".join(str(each.parent) for each in found)
        raise CommandError(f"found several projects: give one of {places}")
    raise CommandError(
        f"there is no manage.py in {str(directory)!r}; give the directory of a Django project, or "
        f"create a project: django-admin startproject mysite"
    )


def _settings_module(manage: PythonFile) -> str:
    """Return the settings module that is named in manage.py, without running it."""
    found = {
        text
        for node in ast.walk(manage.tree)
        if (text := _setdefault(node) or _assignment(node)) is not None
    }
    if len(found) != 1:
        raise Refusal(
            f"manage.py names {len(found)} settings modules"
            if found
            else "manage.py names no settings module"
        )
    return found.pop()


def _setdefault(node: ast.AST) -> str | None:
    """Return the value set by `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "…")`."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "setdefault"
        and len(node.args) == 2
        and text_of(node.args[0]) == _VARIABLE
    ):
        return text_of(node.args[1])
    return None


def _assignment(node: ast.AST) -> str | None:
    """Return the value set by `os.environ["DJANGO_SETTINGS_MODULE"] = "…"`."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return None
    target = node.targets[0]
    if isinstance(target, ast.Subscript) and text_of(target.slice) == _VARIABLE:
        return text_of(node.value)
    return None


def _file_of(root: Path, module: str) -> Path | None:
    """Return the file of a module below *root*, or below the `src` directory in *root*."""
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for base in (root, root / "src"):
        place = base.joinpath(*parts)
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path
    return None


def _read_settings(root: Path, module: str, path: Path, files: dict[Path, PythonFile]) -> None:
    """Read a settings module, and modules that it imports with `*`."""
    if path in files:
        return
    file = files[path] = PythonFile.read(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ImportFrom) or node.names[0].name != "*":
            continue
        name = _absolute(node, package)
        imported = _file_of(root, name)
        if imported is not None:
            _read_settings(root, name, imported, files)
        elif not _may_fail(file.tree, node):
            raise Refusal(
                f"the settings import everything from {name!r}, which is not in the project"
            )


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, *filter(None, [node.module])])


def _may_fail(tree: ast.Module, statement: ast.ImportFrom) -> bool:
    """Return True if a statement is in a `try`, as imports of optional local settings often are."""
    return any(
        isinstance(node, ast.Try) and any(each is statement for each in ast.walk(node))
        for node in ast.walk(tree)
    )

"""Everything that the public names of the core take, return, raise or mention is public as well."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

import proctor
from proctor import core
from proctor.core.exceptions import ProctorError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Members that only the core's own modules use; docs/reference.md does not show them.
INTERNAL = {"read", "Rule.compiler", "Rule.holds", "Rule.node"}

#: The modules of the core, by name.
MODULES = {
    found.name: importlib.import_module(found.name)
    for found in pkgutil.walk_packages(core.__path__, "proctor.core.")
}

#: Every class of the core that has a public name, with the modules that define one.
CLASSES = {
    (module.__name__, name): value
    for module in MODULES.values()
    for name, value in vars(module).items()
    if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
}

PUBLIC = {getattr(core, name) for name in core.__all__}


class Member(NamedTuple):
    """A public class or function, or one of its members: the annotations and the docstring."""

    name: str
    module: str
    annotations: tuple[str, ...]
    docstring: str

    @property
    def mentioned(self) -> Iterator[tuple[str, str]]:
        """The classes of the core in its annotations, and those that its docstring names."""
        known = imports_of(self.module)
        for annotation in self.annotations:
            for name in names_in(annotation):
                if name in known:
                    yield known[name]
        words = set(re.findall(r"`(\w+)[`.(]", self.docstring))
        errors = set(re.findall(r"\b[A-Z]\w+", self.docstring))
        for key, value in CLASSES.items():
            if key[1] in words or (key[1] in errors and issubclass(value, ProctorError)):
                yield key


@functools.cache
def imports_of(module: str) -> dict[str, tuple[str, str]]:
    """The classes of the core that a module defines or imports, even if only for annotations."""
    found = {name: (module, name) for place, name in CLASSES if place == module}
    for node in ast.walk(ast.parse(inspect.getsource(MODULES[module]))):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                key = (node.module or "", alias.name)
                value = vars(MODULES[key[0]]).get(key[1]) if key[0] in MODULES else None
                if isinstance(value, type) and (value.__module__, value.__name__) in CLASSES:
                    found[alias.asname or alias.name] = (value.__module__, value.__name__)
    return found


def names_in(annotation: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(annotation, mode="eval")):
        if isinstance(node, ast.Name):
            yield node.id


def text_of(annotation: object) -> str:
    """An annotation as text. (The one of a named tuple is an object that contains the text.)"""
    text = getattr(annotation, "__forward_arg__", annotation)
    return text if isinstance(text, str) else "object"


def function_behind(value: object) -> object:
    if isinstance(value, (classmethod, staticmethod)):
        return value.__func__
    return value.fget if isinstance(value, property) else value


def members_of(value: object) -> Iterator[Member]:
    """The members of a public class or function, including inherited ones."""
    if not isinstance(value, type):
        yield member(value.__name__, value)
        return
    for base in value.__mro__:
        if base.__module__ not in MODULES:
            continue
        annotations = vars(base).get("__annotations__", {})
        shown = tuple(
            text_of(annotation)
            for name, annotation in annotations.items()
            if name[0] != "_" and not is_internal(value, name)
        )
        yield Member(value.__name__, base.__module__, shown, base.__doc__ or "")
        for name, attribute in vars(base).items():
            function = function_behind(attribute)
            is_shown = name[0] != "_" or name in {"__init__", "__call__", "__getitem__"}
            is_ours = inspect.isfunction(function) and function.__module__ in MODULES
            if is_ours and is_shown and not is_internal(value, name):
                yield member(f"{value.__name__}.{name}", function)


def is_internal(value: type, name: str) -> bool:
    return bool({name, f"{value.__name__}.{name}"} & INTERNAL)


def member(name: str, function: object) -> Member:
    annotations = tuple(map(text_of, function.__annotations__.values()))
    return Member(name, function.__module__, annotations, function.__doc__ or "")


MEMBERS = [each for name in core.__all__ for each in members_of(getattr(core, name))]


@pytest.mark.parametrize("shown", MEMBERS, ids=[f"{each.name}-{each.module}" for each in MEMBERS])
def test_what_a_public_name_mentions_is_public(shown: Member) -> None:
    assert [name for name in shown.mentioned if CLASSES[name] not in PUBLIC] == []


def test_every_error_of_the_core_is_public() -> None:
    errors = {value for value in CLASSES.values() if issubclass(value, ProctorError)}
    assert errors - PUBLIC == set()


def test_the_walk_sees_annotations_and_docstrings() -> None:
    (found,) = (each for each in MEMBERS if each.name == "MatrixSource.explain")
    names = {name for _, name in found.mentioned}
    assert {"GroupsRequest", "Proctor", "Explanation", "UnknownTest", "SourceError"} <= names


def test_internal_members_exist() -> None:
    # If a member is renamed, it must be removed from the list.
    dotted = {f"{cls.__name__}.{name}" for cls in PUBLIC for name in dir(cls)}
    plain = {name.partition(".")[2] for name in dotted}
    assert INTERNAL - dotted - plain == set()


@pytest.mark.parametrize("package", [proctor, core])
def test_every_public_name_can_be_imported_and_is_listed(package: object) -> None:
    assert sorted(package.__all__) == list(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
    assert set(package.__all__) <= set(dir(package))


def test_the_names_that_are_loaded_late_are_those_that_type_checkers_see() -> None:
    for package in (proctor, core):
        tree = ast.parse(inspect.getsource(package))
        blocks = [node for node in tree.body if isinstance(node, ast.If)]
        seen = {
            alias.name
            for block in blocks
            for node in block.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert seen == {name for name in package.__all__ if name != "__version__"}

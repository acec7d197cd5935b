"""Find the one assignment of a name in settings, or a reason not to change it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from proctor.cli.set_up.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from proctor.cli.set_up.files import PythonFile

__all__ = ["Assigned", "assigned_names", "assigned_once", "strings_of", "text_of"]


class Assigned(NamedTuple):
    """The only value that is assigned to a name, and the file with the assignment."""

    file: PythonFile
    value: ast.expr


def assigned_once(files: Iterable[PythonFile], name: str) -> Assigned:
    """Return the value of *name*, if one statement assigns it and no other statement changes it.

    The assignment must be at the top level of a file. Raises Refusal if one of these conditions is
    not met.
    """
    places = [(file, node) for file in files for node in _changes(file.tree, name)]
    if not places:
        raise Refusal(f"{name} is not assigned")
    if len(places) > 1:
        raise Refusal(f"{name} is changed in {len(places)} places")
    ((file, target),) = places
    for statement in file.tree.body:
        if isinstance(statement, ast.Assign) and statement.targets == [target]:
            return Assigned(file, statement.value)
        if isinstance(statement, ast.AnnAssign) and statement.target is target and statement.value:
            return Assigned(file, statement.value)
    raise Refusal(f"{name} is not assigned by a plain statement at the top level")


def assigned_names(files: Iterable[PythonFile]) -> set[str]:
    """Return all names that are assigned anywhere in the files."""
    return {
        node.id
        for file in files
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _changes(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    """Find statements that assign, import or change a name: `X = …`, `X += …`, `X.append(…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if node.id == name and not isinstance(node.ctx, ast.Load):
                yield node
        elif isinstance(node, ast.alias):
            if (node.asname or node.name) == name:
                yield node
        elif isinstance(node, ast.Attribute):
            # Any method call may change the object.
            if _root(node.value) == name:
                yield node
        elif (
            isinstance(node, ast.Subscript)
            and not isinstance(node.ctx, ast.Load)
            and _root(node.value) == name
        ):
            yield node


def _root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def strings_of(node: ast.expr, name: str) -> tuple[ast.List | ast.Tuple, list[str]]:
    """Return a literal list or tuple of strings, and the strings.

    Raises Refusal for any other node.
    """
    if not isinstance(node, (ast.List, ast.Tuple)):
        raise Refusal(f"{name} is not a literal list")
    texts = [text_of(each) for each in node.elts]
    if None in texts:
        raise Refusal(f"{name} has items that are not plain strings")
    return node, [text for text in texts if text is not None]


def text_of(node: ast.expr | None) -> str | None:
    """Return the value of a literal string, or None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None

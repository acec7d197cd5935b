"""Insertions into a Python file, each with its expected effect on the syntax tree.

An edit is accepted only if the new file's syntax tree is the old one plus the insertions.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar

from proctor.cli.set_up.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.cli.set_up.files import PythonFile

__all__ = ["Edit"]

Node = TypeVar("Node", bound=ast.AST)


class Edit:
    """The insertions into one file."""

    def __init__(self, file: PythonFile) -> None:
        self.file = file
        self._insertions: list[tuple[int, str]] = []
        self._expected = ast.parse(file.text)

    def __bool__(self) -> bool:
        return bool(self._insertions)

    def append_items(self, literal: ast.List | ast.Tuple, items: Sequence[str]) -> None:
        """Add *items*, given as code, at the end of a literal in the file.

        Raises Refusal if the literal is written in a way that cannot be extended safely.
        """
        insertions = _appended(self.file, literal, items)
        twin = self._twin(literal)
        twin.elts.extend(ast.parse(item, mode="eval").body for item in items)
        self._insertions += insertions

    def import_names(self, statement: ast.ImportFrom, names: Sequence[str]) -> None:
        """Add *names* at the beginning of an import statement in the file."""
        self._twin(statement).names[:0] = [ast.alias(name) for name in names]
        self._insertions.append(
            (self.file.start(statement.names[0]), "".join(f"{name}, " for name in names))
        )

    def append_code(self, code: str) -> None:
        """Add statements at the end of the file."""
        self._expected.body += ast.parse(code).body
        text = self.file.text
        gap = "\n" if text.endswith("\n") or not text else "\n\n"
        self._insertions.append((len(text), (gap + code).replace("\n", self.file.newline)))

    def new_text(self) -> str:
        """Return the new text of the file. Raises Refusal if anything else would change."""
        parts, last = [], 0
        for offset, text in sorted(self._insertions, key=lambda each: each[0]):
            parts += [self.file.text[last:offset], text]
            last = offset
        result = "".join([*parts, self.file.text[last:]])
        try:
            found = ast.dump(ast.parse(result))
        except SyntaxError as error:
            raise Refusal(f"{self.file.path.name} would no longer be valid Python") from error
        if found != ast.dump(self._expected):
            raise Refusal(f"existing code would change in {self.file.path.name}")
        return result

    def _twin(self, node: Node) -> Node:
        """Return the node in the expected tree that corresponds to *node*."""
        # New nodes are added at the ends of lists, so the walk finds the existing node first.
        wanted = ast.dump(node, include_attributes=True)
        for each in ast.walk(self._expected):
            if type(each) is type(node) and _place(each) == _place(node):
                if ast.dump(each, include_attributes=True) != wanted:
                    break
                return each
        raise Refusal(f"{self.file.path.name} would change twice in the same place")


def _place(node: ast.AST) -> tuple[object, ...]:
    names = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return tuple(getattr(node, name, None) for name in names)


def _appended(
    file: PythonFile, literal: ast.List | ast.Tuple, items: Sequence[str]
) -> list[tuple[int, str]]:
    """Return the insertions that add *items* at the end of a literal, in the literal's style."""
    bracket = file.end(literal) - 1
    if file.text[bracket] not in ")]" or file.text[file.start(literal)] not in "([":
        raise Refusal("the list or tuple has no brackets")
    if not literal.elts:
        if file.text[file.start(literal) + 1 : bracket].strip(" "):
            raise Refusal("the list or tuple is empty, but spans several lines")
        tail = "," if isinstance(literal, ast.Tuple) and len(items) == 1 else ""
        return [(bracket, ", ".join(items) + tail)]
    last = literal.elts[-1]
    end = file.end(last)
    comma = _comma(file.text[end:bracket])
    if file.end_of_line(end) >= bracket:
        # The closing bracket is on the same line as the last item, so no trailing comma is added.
        own_line = not file.text[: file.start(last)].rpartition("\n")[2].strip()
        between = f",{file.newline}{file.indent(file.start(last))}" if own_line else ", "
        return [(end, "".join(between + item for item in items))]
    indent = file.indent(file.start(last))
    lines = "".join(f"{file.newline}{indent}{item}," for item in items)
    if comma is None:
        return [(end, ","), (file.end_of_line(end), lines)]
    return [(file.end_of_line(end + comma), lines)]


def _comma(gap: str) -> int | None:
    """Return the position of the comma after the last item, or None if there is no comma.

    Raises Refusal if the last item is in brackets.
    """
    found, place = None, 0
    while place < len(gap):
        char = gap[place]
        if char == "#":
            place = gap.find("\n", place)
            if place < 0:
                break
        elif char == "," and found is None:
            found = place
        elif not char.isspace():
            raise Refusal("the last item of the list or tuple is in brackets")
        place += 1
    return found

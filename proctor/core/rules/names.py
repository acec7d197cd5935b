"""Python names for the parts of a generated function. They are readable, unique and harmless.

A name consists of a prefix chosen by this package, followed by the ASCII letters and digits of the
name in the matrix: `text_US`, `row_buttoncolortst_A1`. Therefore a name is never a keyword, a
dunder or a builtin, no matter what the matrix contains. Values are never written into the
function's syntax tree: the function reads them from its globals.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from proctor.core.rules import trees

__all__ = ["MAX_PART", "NameTable", "load"]

#: The maximum number of characters that a name copies from one string in the matrix.
MAX_PART = 40

_OTHER_CHARACTERS = re.compile(r"[^A-Za-z0-9]+")


def load(name: str) -> ast.Name:
    """Return the expression that reads *name*."""
    return trees.Name(name, ast.Load())


class NameTable:
    """The names in one generated function: local names, and global names with their values."""

    def __init__(self) -> None:
        #: The local name for each variable, in the order of first use.
        self.variables: dict[str, str] = {}
        #: The function's globals.
        self.values: dict[str, Any] = {}
        self._known: dict[tuple[type, Any], str] = {}
        self._taken: dict[str, int] = {}

    def make(self, word: str, *texts: str) -> str:
        """Return a new name: the prefix *word*, followed by the letters and digits of *texts*.

        If the name is taken, a number is appended.
        """
        stem = "_".join((word, *(_part(each) for each in texts)))
        name = stem
        while name in self._taken:
            self._taken[stem] += 1
            name = f"{stem}_{self._taken[stem]}"
        self._taken[name] = 1
        return name

    def variable(self, name: str) -> ast.expr:
        """Return the local name for the rule's variable *name*."""
        local = self.variables.get(name)
        if local is None:
            local = self.variables[name] = self.make("var", name)
        return load(local)

    def value(self, value: Any, word: str | None = None, *texts: str) -> ast.expr:
        """Return the global name for *value*.

        Equal hashable values of the same type share a global.

        If *word* is None, the name is built from the value and its type.
        """
        key = (type(value), value)
        name = self._known.get(key)
        if name is None:
            made = _described(value) if word is None else (word, *texts)
            name = self._known[key] = self.make(*made)
            self.values[name] = value
        return load(name)

    def own(self, value: Any, word: str, *texts: str) -> ast.expr:
        """Return a global name used only for *value*, which may be unhashable."""
        name = self.make(word, *texts)
        self.values[name] = value
        return load(name)

    def builtin(self, cls: type) -> ast.expr:
        """Return the global name for a built-in Python class, which is the name of the class."""
        self.values[cls.__name__] = cls
        return load(cls.__name__)


def _part(text: str) -> str:
    """Return the part of a name that represents *text*."""
    if not text:
        return "empty"
    plain = _OTHER_CHARACTERS.sub("_", text[: 4 * MAX_PART])
    return plain.strip("_")[:MAX_PART].rstrip("_") or "other"


_WORDS: dict[type, str] = {bool: "boolean", int: "int", float: "double", str: "text"}


def _described(value: Any) -> tuple[str, str]:
    """Return the parts of a name that describe a value in a rule, or a constant."""
    if isinstance(value, frozenset):
        members = sorted(map(str, value))
        return "members", "_".join(members[:MAX_PART])
    text = str(value)
    if isinstance(value, (int, float)) and text.startswith("-"):
        text = f"minus_{text[1:]}"
    return _WORDS[type(value)], text

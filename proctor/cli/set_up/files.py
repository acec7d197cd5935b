"""Python files of a project: their text, syntax tree, and positions of nodes in the text."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING

from proctor.cli.set_up.refusals import Refusal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PythonFile"]


class PythonFile:
    """A Python file on disk."""

    def __init__(self, path: Path, content: bytes) -> None:
        """Parse *content*. Raises Refusal if it cannot be parsed."""
        self.path = path
        self.content = content
        try:
            self._encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
            self.text = content.decode(self._encoding)
            self.tree = ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError) as error:
            raise Refusal(f"{path.name} cannot be parsed: {type(error).__name__}") from error
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        if "\r" in self.text.replace("\r\n", "") or "\f" in self.text:
            raise Refusal(f"{path.name} has unusual line endings")
        self._lines = self.text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    @classmethod
    def read(cls, path: Path) -> PythonFile:
        """Read a file. Raises Refusal if it cannot be read or parsed."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Refusal(f"{path.name} cannot be read: {error.strerror}") from error
        return cls(path, content)

    def encoded(self, text: str) -> bytes:
        """Return *text*, the new text of the file, as bytes in the file's encoding."""
        return text.encode(self._encoding)

    def start(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Return the position at which a node begins in the text."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Return the position at which a node ends in the text."""
        return self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def _offset(self, line: int, column: int) -> int:
        # Columns are counted in bytes of UTF-8.
        text = self._lines[line - 1]
        return self._starts[line - 1] + len(text.encode()[:column].decode())

    def end_of_line(self, offset: int) -> int:
        """Return the position of the end of the line that contains *offset*, before the newline."""
        found = self.text.find("\n", offset)
        end = len(self.text) if found < 0 else found
        return end - 1 if end > offset and self.text[end - 1] == "\r" else end

    def indent(self, offset: int) -> str:
        """Return the indentation of the line that contains *offset*."""
        line = self.text[self.text.rfind("\n", 0, offset) + 1 : offset]
        return line[: len(line) - len(line.lstrip())]

"""The fenced blocks of a Markdown page, and how each kind is run."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_FENCE = re.compile(
    r"^(?P<ticks>```+)(?P<language>[\w-]*)[^\n]*\n(?P<body>.*?)^(?P=ticks) *$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block: its language, its text and the line of the page where that begins."""

    page: Path
    language: str
    body: str
    line: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """A line after `$ ` in a console block, and the output that the page shows below it."""

    text: str
    expected: str


def fences(page: Path, *languages: str) -> list[Fence]:
    """The page's blocks in one of the languages, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Fence(page, match["language"], match["body"], text.count("\n", 0, match.start("body")) + 1)
        for match in _FENCE.finditer(text)
        if match["language"] in languages
    ]


def commands(fence: Fence) -> Iterator[Command]:
    """The commands of a console block; a line that ends in a backslash goes on in the next."""
    # Each piece begins with a command.
    for piece in re.split(r"^\$ ", fence.body, flags=re.MULTILINE)[1:]:
        lines = piece.splitlines()
        length = 1
        while lines[length - 1].endswith("\\"):
            length += 1
        yield Command("\n".join(lines[:length]), "\n".join(lines[length:]))


def run_python(fence: Fence, namespace: dict[str, object]) -> None:
    """Runs a block: as a doctest where it has prompts, else as plain code."""
    if ">>> " not in fence.body:
        exec(compile("\n" * (fence.line - 1) + fence.body, str(fence.page), "exec"), namespace)
        return
    parser = doctest.DocTestParser()
    test = parser.get_doctest(fence.body, namespace, str(fence), str(fence.page), fence.line - 1)
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=_OPTIONS).run(test, out=failures.append, clear_globs=False)
    namespace.update(test.globs)
    assert not failures, "".join(failures)


def run_command(command: Command) -> None:
    """Runs a command in the project's folder and compares what it prints, errors too.

    `...` in the page stands for any text, as in a doctest.
    """
    # The page says `python`; that shall be the Python that runs the tests.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    result = subprocess.run(
        command.text,
        shell=True,
        cwd=ROOT,
        env={**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    wanted, got = command.expected.strip() + "\n", result.stdout.strip() + "\n"
    same = doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS)
    assert same, f"$ {command.text}\nthe page shows:\n{wanted}\nit prints:\n{got}"

"""The fenced blocks of a Markdown page, and how each kind is run.

A block may be a file of a site; `tests.sites` creates a site from the files of a page and runs the
blocks that need it there.
"""

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
    r"^(?P<ticks>```+)(?P<language>[\w+-]*) *(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=ticks) *$",
    re.MULTILINE | re.DOTALL,
)
#: The comment in the first line of a block that is a file: its path in the site.
_PATH = re.compile(r"(?:# |\{# |// )(?P<path>[\w./-]+\.\w+)(?: #\})?$")


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block: its language, its text and the line in the page where the text begins."""

    page: Path
    language: str
    body: str
    line: int
    #: The rest of the line after the language.
    info: str = ""

    @property
    def path(self) -> str | None:
        """Return the path if the block is a file, as given in its first line: `# shop/views.py`.

        JSON has no comments: there the path follows the language.
        """
        if self.language == "json":
            return self.info or None
        found = _PATH.match(self.body.partition("\n")[0])
        return found["path"] if found else None

    def __str__(self) -> str:
        page = self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page
        return f"{page.as_posix()}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """A line after `$ ` in a console block, and the output that the page shows below it."""

    text: str
    expected: str


def fences(page: Path, *languages: str) -> list[Fence]:
    """Return the page's blocks in one of the languages, or all blocks, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Fence(
            page,
            match["language"],
            match["body"],
            text.count("\n", 0, match.start("body")) + 1,
            match["info"].strip(),
        )
        for match in _FENCE.finditer(text)
        if not languages or match["language"] in languages
    ]


def commands(fence: Fence) -> Iterator[Command]:
    """Yield the commands of a console block; a backslash at the end of a line continues it."""
    # Each part begins with a command.
    for piece in re.split(r"^\$ ", fence.body, flags=re.MULTILINE)[1:]:
        lines = piece.splitlines()
        length = 1
        while lines[length - 1].endswith("\\"):
            length += 1
        yield Command("\n".join(lines[:length]), "\n".join(lines[length:]))


def run_python(fence: Fence, namespace: dict[str, object]) -> None:
    """Run a block: as a doctest if it has prompts, otherwise as plain code."""
    if ">>> " not in fence.body:
        exec(compile("\n" * (fence.line - 1) + fence.body, str(fence.page), "exec"), namespace)
        return
    parser = doctest.DocTestParser()
    test = parser.get_doctest(fence.body, namespace, str(fence), str(fence.page), fence.line - 1)
    failures: list[str] = []
    # Without `verbose`, doctest reads pytest's own option -v as a wish to print everything.
    runner = doctest.DocTestRunner(optionflags=_OPTIONS, verbose=False)
    runner.run(test, out=failures.append, clear_globs=False)
    namespace.update(test.globs)
    assert not failures, "".join(failures)


def run_command(command: Command, folder: Path = ROOT) -> None:
    """Run a command in a folder, and compare its output, including errors.

    `...` in the page matches any text, as in a doctest.
    """
    # The page says `python`, which must be the Python that runs the tests.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "100",
    }
    # The commands are run without the settings of the tests.
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    result = subprocess.run(
        command.text,
        shell=True,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    wanted, got = command.expected.strip() + "\n", result.stdout.strip() + "\n"
    same = doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS)
    assert same, f"$ {command.text}\nthe page shows:\n{wanted}\nit prints:\n{got}"

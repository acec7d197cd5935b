"""The sub-commands, and what becomes of errors: one line, and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from proctor.cli import explain, groups, serve, simulate, validate
from proctor.cli.errors import CommandError
from proctor.cli.printing import MAX_LINE, be_lenient
from proctor.core.display import printable
from proctor.core.exceptions import ProctorError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "python -m proctor"

#: Exit codes; `validate` also has 1, for a matrix with problems.
DONE, BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 0, 2, 130, 141

EPILOG = """\
MATRIX is a path, an http(s) URL, or - for standard input.

exit codes:
  0  done; for validate: no problems
  1  validate found problems
  2  bad usage or input; one line on standard error says what
"""


class OneLineParser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments, and where the help is."""

    def __init__(self, **options: Any) -> None:
        # An option that is added later must not change what --co means.
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print the line and exit with 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {printable(message, MAX_LINE)} (see --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command."""
    parser = OneLineParser(
        prog=PROGRAM,
        description="Look into a Proctor test matrix: who gets which group, and why.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (groups, explain, validate, simulate, serve):
        module.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the result is its exit code."""
    if sys.stdout is None:
        return _complain("cannot write: standard output is closed", BAD_INPUT)
    be_lenient()
    try:
        options = build_parser().parse_args(arguments)
        code: int = options.run(options, sys.stdout)
        sys.stdout.flush()
    except (CommandError, ProctorError) as error:
        return _complain(str(error), BAD_INPUT)
    except BrokenPipeError:
        # Whoever read has enough.
        _drop_output()
        return BROKEN_PIPE
    except OSError as error:
        _drop_output()
        return _complain(f"cannot write: {error.strerror or error}", BAD_INPUT)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    return code


def _drop_output() -> None:
    # What is still in the buffer would fail once more when Python ends, and be shown.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"{PROGRAM}: {printable(message, MAX_LINE)}\n")
    return code

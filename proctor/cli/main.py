"""The entry point: it runs a sub-command, and reports errors in one line and in the exit code."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import proctor
from proctor.cli import (
    analyze,
    assign,
    build,
    explain,
    groups,
    manifest,
    power,
    ramp,
    review,
    schema,
    serve,
    simulate,
    sql,
    validate,
    verify,
)
from proctor.cli.errors import CommandError
from proctor.cli.printing import MAX_LINE, be_lenient
from proctor.cli.set_up import command as init
from proctor.core.exceptions import ProctorError
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The two names of the command: the module, and the script that pip installs.
PROGRAM, SCRIPT = "python -m proctor", "proctor"

#: Exit codes. Commands that look for problems return 1 if they find any.
DONE, BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 0, 2, 130, 141

EPILOG = """\
MATRIX is a path, an http(s) URL, an address of an object store such as s3://bucket/matrix.json,
or - for standard input.

exit codes:
  0  done; for validate: no problems; for review: below --fail-on
  1  validate or verify found problems, review found a risk, build left tests out, or
     analyze found a sample ratio mismatch
  2  bad usage or input; one line on standard error explains it
"""


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports invalid arguments in one line, and refers to the help."""

    def __init__(self, **options: Any) -> None:
        # Refuse abbreviations such as --co: an option added later could change their meaning.
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print the message in one line and exit with 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {printable(message, MAX_LINE)} (see --help)\n")


def build_parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """Return the parser for the whole command."""
    parser = OneLineParser(
        prog=program,
        description="Show which groups a Proctor test matrix assigns to visitors, and why.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"django-proctor {proctor.__version__}"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (
        init,
        groups,
        explain,
        validate,
        review,
        ramp,
        build,
        verify,
        simulate,
        assign,
        sql,
        analyze,
        power,
        manifest,
        schema,
        serve,
    ):
        module.add_parser(commands)
    return parser


def script() -> int:
    """Run the command as the `proctor` script. Return its exit code."""
    return main(program=SCRIPT)


def main(arguments: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
    """Run the command. Return its exit code."""
    complain = partial(_complain, program)
    if sys.stdout is None:
        return complain("cannot write: standard output is closed", BAD_INPUT)
    be_lenient()
    try:
        options = build_parser(program).parse_args(arguments)
        code: int = options.run(options, sys.stdout)
        sys.stdout.flush()
    except (CommandError, ProctorError) as error:
        return complain(str(error), BAD_INPUT)
    except BrokenPipeError:
        # The program at the other end of the pipe has read enough and closed it.
        _drop_output()
        return BROKEN_PIPE
    except OSError as error:
        _drop_output()
        return complain(f"cannot write: {error.strerror or error}", BAD_INPUT)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    return code


def _drop_output() -> None:
    # Otherwise, Python would try to write the rest of the buffer at exit, and print an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(program: str, message: str, code: int) -> int:
    sys.stderr.write(f"{program}: {printable(message, MAX_LINE)}\n")
    return code

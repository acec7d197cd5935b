"""The Sphinx directive `command-help`, which shows the help text of a command.

{command-help} groups            python -m proctor groups
{command-help} manage proctor_groups
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, ClassVar

from django.core.management import get_commands, load_command_class
from docutils import nodes
from docutils.parsers.rst import Directive

from proctor.cli.main import build_parser

if TYPE_CHECKING:
    from collections.abc import Callable

#: Options that Django adds to every `manage.py` command.
DJANGOS = {
    "version",
    "verbosity",
    "settings",
    "pythonpath",
    "traceback",
    "no_color",
    "force_color",
    "skip_checks",
}

WIDTH = 96


def sub_commands() -> dict[str, argparse.ArgumentParser]:
    """Return the sub-commands of `python -m proctor`: a dict that maps names to parsers."""
    parser = build_parser()
    (commands,) = [
        each
        for each in parser._actions  # noqa: SLF001 - argparse has no public list
        if isinstance(each, argparse._SubParsersAction)  # noqa: SLF001 - likewise
    ]
    return dict(commands.choices)


def management_commands() -> dict[str, Callable[[], argparse.ArgumentParser]]:
    """Return, for each of our `manage.py` commands, a function that creates its parser."""
    found = {name: app for name, app in get_commands().items() if app.startswith("proctor")}
    return {name: lambda name=name: _management(found[name], name) for name in sorted(found)}


def _management(app: str, name: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser
    parser = load_command_class(app, name).create_parser("manage.py", name)
    for action in parser._actions:  # noqa: SLF001 - as above
        if action.dest in DJANGOS:
            action.help = argparse.SUPPRESS
    return parser


def help_text(command: str) -> str:
    """Return the help text of *command*. Raise KeyError if the command is unknown."""
    program, _, name = command.rpartition(" ")
    parser = management_commands()[name]() if program == "manage" else sub_commands()[name]
    made = parser.formatter_class

    def formatter(prog: str) -> argparse.HelpFormatter:
        return made(prog, width=WIDTH, max_help_position=28)

    parser.formatter_class = formatter  # type: ignore[assignment]
    return parser.format_help()


class CommandHelp(Directive):
    """Shows the help text of the command that is named in its argument."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, object]] = {}

    def run(self) -> list[nodes.Node]:
        """Return a literal block with the help text."""
        try:
            text = help_text(self.arguments[0])
        except KeyError as error:
            raise self.error(f"unknown command {error}") from None
        block = nodes.literal_block(text, text)
        block["language"] = "text"
        return [block]

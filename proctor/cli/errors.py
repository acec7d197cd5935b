"""What the command says instead of going on."""

from __future__ import annotations


class CommandError(Exception):
    """Bad input. The message is the one line that is shown; the exit code is 2."""

"""The error that ends a command with a message."""

from __future__ import annotations


class CommandError(Exception):
    """Bad input. The message is printed on one line, and the exit code is 2."""

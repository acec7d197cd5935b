"""The error for a file that `init` does not change."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - the reason is not an error of the command
    """Raised if a file cannot be changed safely.

    The message states the reason and begins with a lower-case letter.
    """

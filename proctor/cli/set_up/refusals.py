"""The error for files of a project that are not changed."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - the reason is not an error of the command
    """A file that is not changed. The text is the reason, and begins with a lower-case letter."""

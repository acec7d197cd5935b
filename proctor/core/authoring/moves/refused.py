"""The error for a change that cannot be made."""

from __future__ import annotations

from proctor.core.exceptions import ProctorError

__all__ = ["ChangeRefused"]


class ChangeRefused(ProctorError, ValueError):  # noqa: N818 - says what happened to the change
    """Raised if a definition cannot be changed as requested. The message suggests a remedy."""

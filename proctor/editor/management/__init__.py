"""The editor's commands. They need no permission; --user sets the author for the history."""

from __future__ import annotations

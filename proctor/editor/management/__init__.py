"""The editor's commands. They need no permission. --user sets the author in the history."""

from __future__ import annotations

"""The commands of the editor. They need no permission; --user names their author."""

from __future__ import annotations

"""Import and export branches."""

from __future__ import annotations

"""Pages for reviewing proposals."""

from __future__ import annotations

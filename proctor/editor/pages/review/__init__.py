"""Pages on which people review proposals."""

from __future__ import annotations

"""Which visitors move between groups, and ramps and stops that move as few as possible."""

from __future__ import annotations

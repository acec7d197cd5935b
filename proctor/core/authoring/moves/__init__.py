"""Visitors' moves between groups, and ramps and stops that move as few visitors as possible."""

from __future__ import annotations

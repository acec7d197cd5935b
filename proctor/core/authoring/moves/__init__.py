"""Visitors' moves between groups, and ramps and stops that need as few of them as possible."""

from __future__ import annotations

"""Visitors who move between groups, and ramps and stops that move as few of them as possible."""

from __future__ import annotations

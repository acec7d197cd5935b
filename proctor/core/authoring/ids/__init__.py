"""Allocation ids: their base 26 letters, and when they are incremented."""

from __future__ import annotations

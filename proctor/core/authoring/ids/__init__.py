"""Allocation ids: their letters, which are a base 26 number, and when they are incremented."""

from __future__ import annotations

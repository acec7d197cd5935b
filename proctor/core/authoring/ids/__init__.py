"""Allocation ids: how they are written, and when they are incremented."""

from __future__ import annotations

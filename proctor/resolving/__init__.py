"""Determine the groups of a visitor: settings, source, cache and overrides."""

from __future__ import annotations

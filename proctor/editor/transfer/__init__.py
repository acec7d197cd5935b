"""Importing and exporting branches."""

from __future__ import annotations

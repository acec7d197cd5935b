"""The only app of the shop."""

from __future__ import annotations

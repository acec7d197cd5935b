"""The shop's only app."""

from __future__ import annotations

"""Promotion and deletion between trunk, qa and production."""

from __future__ import annotations

"""Proctor's directory of definitions, and the matrix built from it."""

from __future__ import annotations

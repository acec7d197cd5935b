"""Proctor's directory of definitions, and the matrix that is built from it."""

from __future__ import annotations

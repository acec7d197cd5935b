"""Serve the matrix of a branch to this process and to others."""

from __future__ import annotations

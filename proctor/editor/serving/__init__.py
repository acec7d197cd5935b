"""The matrix of a branch, for this process and for others."""

from __future__ import annotations

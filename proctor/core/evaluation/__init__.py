"""Find the groups of a visitor in a matrix: hashing, allocation, the engine, explanations."""

from __future__ import annotations

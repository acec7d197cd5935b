"""Find a visitor's groups in a matrix: hashing, allocation, the engine, explanations."""

from __future__ import annotations

"""The test matrix: reading it from JSON, validating it, and storing it as immutable values."""

from __future__ import annotations

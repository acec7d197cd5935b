"""The test matrix: reading JSON, validating it, and keeping it as immutable values."""

from __future__ import annotations

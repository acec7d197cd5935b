"""Tests of the analysis. Without its extra they are skipped."""

from __future__ import annotations

import pytest

for name in ("duckdb", "tea_tasting"):
    pytest.importorskip(name, reason="the extra [analysis] is not installed")

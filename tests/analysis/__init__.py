"""Tests of the analysis. They are skipped if its extra is not installed."""

from __future__ import annotations

import pytest

for name in ("duckdb", "tea_tasting"):
    pytest.importorskip(name, reason="the extra [analysis] is not installed")

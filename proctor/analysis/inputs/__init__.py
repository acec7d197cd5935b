"""Load files, data frames and queries into DuckDB tables, and check their columns."""

from __future__ import annotations

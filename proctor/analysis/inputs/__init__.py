"""Loads files, data frames and queries into DuckDB tables, and checks their columns."""

from __future__ import annotations

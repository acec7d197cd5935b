"""Loads files, data frames and queries into tables of DuckDB, and checks their columns."""

from __future__ import annotations

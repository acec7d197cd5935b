"""Compute reports of `proctor.analysis` from the tables."""

from __future__ import annotations

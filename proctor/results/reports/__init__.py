"""Compute reports with `proctor.analysis` from the recorded exposures and outcomes."""

from __future__ import annotations

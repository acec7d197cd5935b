"""The way from the tables to a report of `proctor.analysis`."""

from __future__ import annotations

"""The report in three formats: text for a terminal, JSON, and an HTML page."""

from __future__ import annotations

"""The results pages: all tests, the report of one test, its decision, and downloads."""

from __future__ import annotations

"""A small shop that runs tests: a working example, and the settings of the test suite."""

from __future__ import annotations

"""A small shop that runs tests: documentation that can be used, and the tests' settings."""

from __future__ import annotations

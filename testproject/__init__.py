"""A small shop that runs A/B tests: a working example, and the site that the test suite uses."""

from __future__ import annotations

"""Compare the site with its matrix, and find tests to clean up."""

from __future__ import annotations

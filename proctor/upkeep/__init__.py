"""Compare the site with its matrix, and find what can be cleaned up."""

from __future__ import annotations

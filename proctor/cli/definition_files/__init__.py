"""Read definitions and specifications from files or git, and edit definitions in place."""

from __future__ import annotations

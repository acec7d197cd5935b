"""Changes to a test: prepare, check and publish them."""

from __future__ import annotations

"""Java's numbers, strings and conversions. This is the lowest layer, independent of Proctor."""

from __future__ import annotations

"""Changes that are published at a set time: a single one, or a ramp of several steps."""

from __future__ import annotations

"""Changes that are published at a set time: a single change, or a ramp in several steps."""

from __future__ import annotations

"""Applications: register them, list them, and check changes against them."""

from __future__ import annotations

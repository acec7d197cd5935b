"""Applications' specifications, and checks of a matrix against them."""

from __future__ import annotations

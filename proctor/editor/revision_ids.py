"""Revision ids: short strings that can be read aloud."""

from __future__ import annotations

import secrets

__all__ = ["new_revision_id"]

#: Lower-case letters and digits, except those that look or sound alike (0 o, 1 l i, u v).
ALPHABET = "23456789abcdefghjkmnpqrstwxyz"
LENGTH = 10


def new_revision_id() -> str:
    """Return a new random id such as `k7m2q-p4xrt`; 4 x 10^14 are possible."""
    letters = [secrets.choice(ALPHABET) for _ in range(LENGTH)]
    return "".join([*letters[:5], "-", *letters[5:]])

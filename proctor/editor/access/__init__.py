"""Permissions, bearer tokens, and the sender of a request."""

from __future__ import annotations

"""Permissions, bearer tokens, and the user who sent a request."""

from __future__ import annotations

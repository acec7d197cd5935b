"""The form of the Edit page: its fields, its state between requests, and its checks."""

from __future__ import annotations

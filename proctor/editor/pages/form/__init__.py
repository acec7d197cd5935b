"""The Edit page's form: its fields, its state between requests, and its checks."""

from __future__ import annotations

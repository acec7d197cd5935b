"""Publish changes to tests: the transaction, and the work that follows its commit."""

from __future__ import annotations

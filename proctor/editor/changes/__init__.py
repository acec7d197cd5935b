"""Prepare, check and publish changes to a test."""

from __future__ import annotations

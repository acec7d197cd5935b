"""Sentences that describe how a change affects visitors, and how risky that is."""

from __future__ import annotations

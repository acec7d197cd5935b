"""Sentences that describe how a change affects visitors, each with the risk."""

from __future__ import annotations

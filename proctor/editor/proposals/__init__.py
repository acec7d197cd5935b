"""Proposals: changes that need other people's approval."""

from __future__ import annotations

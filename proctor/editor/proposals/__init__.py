"""Proposals: changes that wait for the approval of other people."""

from __future__ import annotations

"""Specifications of applications, and the effects of changes on them."""

from __future__ import annotations

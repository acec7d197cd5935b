"""Specifications of applications, and the effects of changes on applications."""

from __future__ import annotations

"""The rules for edits: Java Proctor's rules, followed by our own stricter ones."""

from __future__ import annotations

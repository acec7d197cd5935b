"""The rules for edits: first Java Proctor's, then our own, which are stricter."""

from __future__ import annotations

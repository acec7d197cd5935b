"""A definition in the editor's form: reading it, writing it byte for byte, comparing it."""

from __future__ import annotations

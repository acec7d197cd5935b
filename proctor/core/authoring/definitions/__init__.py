"""Read, write (byte for byte) and compare definitions in the editor's format."""

from __future__ import annotations

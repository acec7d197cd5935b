"""Read, write (byte for byte) and compare definitions in the editor's form."""

from __future__ import annotations

"""The JSON API of the editor."""

from __future__ import annotations

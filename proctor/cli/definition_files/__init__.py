"""Files with definitions and specifications: read them, edit them in place, or use git."""

from __future__ import annotations

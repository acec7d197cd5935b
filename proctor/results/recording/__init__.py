"""The recording of exposures and outcomes, and the thread that writes them."""

from __future__ import annotations

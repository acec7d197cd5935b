"""Record exposures and outcomes: the queue, and the thread that writes them to the database."""

from __future__ import annotations

"""Handle one request: its hooks, `proc`, forced groups, and the headers for HTTP caches."""

from __future__ import annotations

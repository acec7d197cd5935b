"""The editor's pages, rendered on the server."""

from __future__ import annotations

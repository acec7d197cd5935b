"""Tables of visitors: files, columns, and the worker processes of `assign`."""

from __future__ import annotations

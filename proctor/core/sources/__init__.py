"""Sources of groups: a matrix in this process, or a Pipet over HTTP."""

from __future__ import annotations

"""The sources of groups: a matrix in the process, or a Pipet over HTTP."""

from __future__ import annotations

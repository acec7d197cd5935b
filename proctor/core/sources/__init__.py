"""Sources of groups: a matrix that this process loads, or a Pipet that it calls over HTTP."""

from __future__ import annotations

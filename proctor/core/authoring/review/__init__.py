"""The effects of a change on visitors, in sentences, with their risks."""

from __future__ import annotations

"""The editor of the test matrix: a Django app."""

from __future__ import annotations

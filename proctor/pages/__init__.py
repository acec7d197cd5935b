"""Compute the content of the pages of `proctor.urls`; the views are in `proctor.views`."""

from __future__ import annotations

"""The bar that shows authorized visitors which groups a page has read."""

from __future__ import annotations

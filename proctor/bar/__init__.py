"""The bar on the site's pages: shows authorized visitors which groups the page has read."""

from __future__ import annotations

"""JSON Schemas of Proctor's documents, generated from the code that loads them."""

from __future__ import annotations

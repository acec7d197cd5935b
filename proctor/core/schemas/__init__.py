"""JSON Schemas of Proctor's documents, generated from what our own loaders read."""

from __future__ import annotations

"""JSON Schemas of Proctor's documents, generated from our own loaders."""

from __future__ import annotations

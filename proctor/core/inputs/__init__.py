"""The inputs of a call: identifiers, context, user agents, force groups."""

from __future__ import annotations

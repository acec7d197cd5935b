"""The inputs of a call: identifiers, context, user agents and force groups."""

from __future__ import annotations

"""The pages of the editor, rendered on the server."""

from __future__ import annotations

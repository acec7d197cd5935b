"""Turn the core's phrases into full sentences for check messages."""

from __future__ import annotations

__all__ = ["sentence"]


def sentence(text: object) -> str:
    """Return *text* with an initial capital and a final full stop."""
    words = str(text)
    end = "" if words.endswith((".", "?", "!")) else "."
    return f"{words[:1].upper()}{words[1:]}{end}"

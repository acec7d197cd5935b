"""From the core's words to the sentences of a check's message."""

from __future__ import annotations

__all__ = ["sentence"]


def sentence(text: object) -> str:
    """*text* with a capital letter in front and a full stop behind."""
    words = str(text)
    end = "" if words.endswith((".", "?", "!")) else "."
    return f"{words[:1].upper()}{words[1:]}{end}"

"""Remove comments from JSON. Jackson can be configured to skip them."""

from __future__ import annotations

import re

__all__ = ["without_comments"]

_COMMENT_START = re.compile("/[/*]")
_STRING_OR_COMMENT = re.compile(
    r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/|/\*.*',
    re.DOTALL,
)


def without_comments(text: str) -> str:
    """Return *text* with each comment outside strings replaced by spaces.

    Line numbers stay the same. An unterminated comment extends to the end of the text.
    """
    if _COMMENT_START.search(text) is None:
        return text
    return _STRING_OR_COMMENT.sub(_blanked, text)


def _blanked(found: re.Match[str]) -> str:
    part = found[0]
    return part if part.startswith('"') else re.sub(r"[^\r\n]", " ", part)

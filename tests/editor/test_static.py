"""The style sheet of the pages."""

from __future__ import annotations

import re
from pathlib import Path

from django.contrib.staticfiles import finders


def test_every_block_of_the_style_sheet_ends():
    path = Path(finders.find("proctor/editor/editor.css"))
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    depth = 0
    for line in text.splitlines():
        # A rule for narrow screens that does not end hides the rest from wide ones.
        assert not (depth and line.startswith("."))
        depth += line.count("{") - line.count("}")
    assert depth == 0

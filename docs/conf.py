"""Sphinx: `sphinx-build -W -b html docs docs/_build/html`."""

from __future__ import annotations

import re
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING

import django
from django.conf import settings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# The modules whose docstrings are shown want settings, and no particular ones.
settings.configure()
django.setup()

project = "django-proctor"
author = "The django-proctor authors"
copyright = "the django-proctor authors"  # noqa: A001 - Sphinx reads this name
release = installed_version("django-proctor")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"django-proctor {release}"

# Pages link to headings of each other: page.md#heading.
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"


def as_restructured_text(  # noqa: PLR0917 - Sphinx calls it so
    app: Sphinx, what: str, name: str, documented: object, options: object, lines: list[str]
) -> None:
    """Our docstrings are plain text: code stands in single backticks, examples are indented."""
    result: list[str] = []
    in_example = False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not in_example and not (result and result[-1].strip()):
            result += ["::", ""]
            in_example = True
        elif line.strip() and not indented:
            in_example = False
        result.append(line if in_example else re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line))
    lines[:] = result


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", as_restructured_text)

"""Configure Sphinx. To build the pages: `sphinx-build -W -b html docs docs/_build/html`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.conf import settings

import proctor

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# The pages show docstrings and commands of these apps, so the apps must be installed.
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "proctor",
        "proctor.editor",
        "proctor.results",
    ]
)
django.setup()

# For command_help.
sys.path.insert(0, str(Path(__file__).parent))

project = "django-proctor"
author = "The django-proctor authors"
copyright = "the django-proctor authors"  # noqa: A001 - Sphinx reads this name
release = proctor.__version__
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_static_path = ["_static"]
# This script is loaded before Sphinx's own search scripts, so that its listener is called first.
html_js_files = ["search.js"]
html_title = f"django-proctor {release}"

# Create anchors, because pages link to each other's headings: page.md#heading.
myst_heading_anchors = 3

# `type` in a signature is Python's own, but Sphinx finds two attributes with this name.
suppress_warnings = ["ref.python"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"


def as_restructured_text(  # noqa: PLR0917 - Sphinx passes all six
    app: Sphinx, what: str, name: str, documented: object, options: object, lines: list[str]
) -> None:
    """Convert our docstrings (plain text with code in single backticks) to reStructuredText."""
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
    """Register the directive and the docstring converter. Sphinx calls this function."""
    from command_help import CommandHelp  # noqa: PLC0415 - needs the settings

    app.add_directive("command-help", CommandHelp)
    app.connect("autodoc-process-docstring", as_restructured_text)

"""Sphinx: `sphinx-build -W -b html docs docs/_build/html`."""

from __future__ import annotations

from importlib.metadata import version as installed_version

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

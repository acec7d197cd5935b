"""Runs manage.py as if [analysis] were not installed: `demo_without_analysis demo PORT`."""

from __future__ import annotations

import importlib.util
import sys

from testproject.manage import main

HIDDEN = {"duckdb", "pyarrow", "tea_tasting"}


def hide():
    """Hide the packages of the extra from the results app."""
    find = importlib.util.find_spec
    importlib.util.find_spec = lambda name, package=None: (
        None if name in HIDDEN else find(name, package)
    )


if __name__ == "__main__":
    hide()
    main()
    sys.exit()

#!/usr/bin/env python
"""Django's command line for the shop: `python testproject/manage.py demo`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run a Django command, with DEBUG on unless the environment switches it off."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")
    os.environ.setdefault("SHOP_DEBUG", "1")
    os.environ.setdefault("SHOP_EDITOR", "1")
    if sys.argv[1:2] in (["demo"], ["demo_reports"]):
        from testproject.demo.database_file import find_database  # noqa: PLC0415 - needs the path

        os.environ.setdefault("SHOP_DEMO", "1")
        if "SHOP_DATABASE" not in os.environ:
            os.environ["SHOP_DATABASE"] = str(find_database(Path(__file__).resolve().parent))
    # Only in the first process, not in those that runserver starts when code changes.
    if sys.argv[1:2] == ["runserver"] and "RUN_MAIN" not in os.environ:
        import django  # noqa: PLC0415

        django.setup()
        from testproject.shop.first_start import prepare  # noqa: PLC0415 - needs the models

        prepare()
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""Django's command line for the shop: `python testproject/manage.py runserver`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run a command of Django, in DEBUG unless the environment says otherwise."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")
    os.environ.setdefault("SHOP_DEBUG", "1")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

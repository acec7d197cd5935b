"""Names the settings of the tests. Not in pyproject.toml: there, pytest-django's options would
be mistakes where it is not installed, and the core's tests run without it and without Django.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")

"""Django is set up here, and not by an option in pyproject.toml: there, pytest-django's options
would be mistakes where it is not installed, and the core's tests run without it and without
Django.
"""

from __future__ import annotations

import os

try:
    import django
except ImportError:
    pass
else:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")
    django.setup()

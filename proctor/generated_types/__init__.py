"""Generate the module that `manage.py proctor_types` writes: the types of a site's tests."""

from __future__ import annotations

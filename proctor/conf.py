"""The settings and their defaults.

Read them as `settings.PROCTOR_…` where they are used: then `override_settings` works.
The attributes of `ProctorConf` are what was set at its import, and do not follow it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from appconf import AppConf
from django.conf import settings

__all__ = ["NAMES", "settings"]


class ProctorConf(AppConf):  # type: ignore[misc]  # django-appconf has no types
    """All settings, each with its default."""

    #: The tests that the project uses: names, `ProctorTest`s, or a dict of name → options.
    TESTS: Any = ()

    #: Path or URL of the test matrix, which is evaluated in the process.
    MATRIX: Any = None
    #: URL of a Pipet, which decides instead.
    API_ROOT: str | None = None
    #: Who decides instead: dotted path of a class, see `proctor.core.sources.Source`.
    SOURCE: str | None = None
    #: Seconds between two looks at the matrix.
    MATRIX_RELOAD = 30.0
    #: Seconds that a page may wait for a source, for the whole of a call.
    TIMEOUT = 0.25

    #: Where the answers of a Pipet are kept: None, "cache" or "session".
    CACHE_METHOD: str | None = None
    #: The alias in CACHES for that; None means "default".
    CACHE_NAME: str | None = None
    #: Seconds that an answer is kept; None for ever.
    CACHE_TIMEOUT: float | None = 24 * 60 * 60
    #: Seconds until the version of a Pipet's matrix is asked for again; None for never.
    CACHE_VERSION_TIMEOUT: float | None = 300

    #: Source key → test type, for keys that are not the name of a type themselves.
    IDENTIFIERS: Any = MappingProxyType({})
    #: Source key → type of the variable, or {"name", "type", "default"}; None: not declared.
    CONTEXT: Any = None
    #: Path of a pipet-config.json, instead of the two above.
    PIPET_CONFIG: Any = None
    #: Test types besides Proctor's own.
    TEST_TYPES: tuple[str, ...] = ()
    #: None, or "noempty": empty identifiers go to tests with unitless allocations only.
    IDENTIFIER_VALIDATOR: str | None = None

    #: False: hooks run, and a source with I/O is asked, before the view; True: at the first
    #: read of a group.
    LAZY = False
    #: Headers that pages vary by, instead of being private; () means private.
    VARY: tuple[str, ...] = ()

    #: Whether signed-in staff may force groups, and see the pages of `proctor.urls`.
    STAFF_MAY_FORCE = False
    #: What these pages extend.
    BASE_TEMPLATE = "proctor/base.html"

    #: Name of the cookie of `proctor.middleware.ProctorMiddleware`.
    ID_COOKIE = "proctor_id"

    class Meta:
        """Read by django-appconf."""

        prefix = "proctor"


#: The full names of all settings. No values: django-appconf puts the project's own into the
#: class as it is made.
NAMES: tuple[str, ...] = tuple(f"PROCTOR_{name}" for name in vars(ProctorConf) if name.isupper())

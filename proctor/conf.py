"""The settings and their defaults.

Read them as `settings.PROCTOR_…` where they are used, so that `override_settings` works. The
attributes of `ProctorConf` keep the values that they had at import.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from appconf import AppConf
from django.conf import settings

__all__ = ["NAMES", "settings"]


class ProctorConf(AppConf):  # type: ignore[misc]  # django-appconf has no types
    """All settings, each with its default."""

    #: The tests that the project uses: names, `ProctorTest`s, or a dict that maps names to options.
    TESTS: Any = ()

    #: Path or URL of the test matrix, which is evaluated in this process.
    MATRIX: Any = None
    #: URL of a Pipet, which assigns the groups, so no matrix is needed.
    API_ROOT: str | None = None
    #: Dotted path of a class that assigns groups, in place of a matrix or a Pipet; see
    #: `proctor.core.Source`.
    SOURCE: str | None = None
    #: Seconds between two checks for a new matrix.
    MATRIX_RELOAD = 30.0
    #: Maximum size of the matrix in bytes.
    MATRIX_MAX_BYTES = 16 * 1024 * 1024
    #: Bearer token for the URL of the matrix.
    MATRIX_TOKEN: str | None = None
    #: Additional places to load a matrix from: scheme → dotted path of a `Location`.
    LOCATIONS: Any = MappingProxyType({})
    #: Maximum total time that a page waits for groups, in seconds.
    TIMEOUT = 0.25

    #: Where to cache a Pipet's answers: None, or a name in
    #: `proctor.resolving.cache_methods.METHODS`.
    CACHE_METHOD: str | None = None
    #: The alias in CACHES of the cache for a Pipet's answers; None means "default".
    CACHE_NAME: str | None = None
    #: How long a Pipet's answer is cached, in seconds; None means forever.
    CACHE_TIMEOUT: float | None = 24 * 60 * 60
    #: Seconds between two requests to a Pipet for the version of its matrix; None means never.
    CACHE_VERSION_TIMEOUT: float | None = 300

    #: Source key → test type, for keys that are not themselves the name of a test type.
    IDENTIFIERS: Any = MappingProxyType({})
    #: Source key → type of the variable, or {"name", "type", "default"}; None declares no
    #: variables.
    CONTEXT: Any = None
    #: Path of a pipet-config.json that replaces PROCTOR_IDENTIFIERS and PROCTOR_CONTEXT.
    PIPET_CONFIG: Any = None
    #: Test types in addition to Proctor's own.
    TEST_TYPES: tuple[str, ...] = ()
    #: The validator of identifiers: a function, None, or a name in
    #: `proctor.core.inputs.identifier_validators.VALIDATORS`.
    IDENTIFIER_VALIDATOR: str | None = None

    #: False to call hooks, and a source that needs I/O, before the view; True to call them when a
    #: group is first read.
    LAZY = False
    #: Request headers to list in the Vary header instead of making pages private; with (), pages
    #: are private.
    VARY: tuple[str, ...] = ()

    #: True if signed-in staff may force groups, and see the pages of `proctor.urls`.
    STAFF_MAY_FORCE = False
    #: The template that the pages of `proctor.urls` extend.
    BASE_TEMPLATE = "proctor/base.html"

    #: The token that OpenFeature clients must send to `proctor.ofrep.urls`, or a tuple of tokens.
    OFREP_TOKEN: Any = None
    #: True if `proctor.ofrep.urls` answers all clients, even without a token.
    OFREP_PUBLIC = False
    #: Origins whose pages may call `proctor.ofrep.urls`: "https://shop.example.com", or "*".
    OFREP_ORIGINS: tuple[str, ...] = ()
    #: The test type or source key whose identifier is the targeting key.
    OFREP_TARGETING_KEY = "USER"
    #: True if the middleware adds the bar at the end of pages; False if templates add it.
    BAR = False

    #: The branches of the editor, in order. Every edit starts in the first branch.
    EDITOR_BRANCHES: tuple[str, ...] = ("trunk", "qa", "production")
    #: Branch → number of other people who must approve a change before it is published there.
    EDITOR_APPROVALS: Any = MappingProxyType({})
    #: True if anyone may read the editor's matrices over HTTP.
    EDITOR_PUBLIC_MATRIX = False
    #: The name under which `proctor_register` registers the site; None means the package of
    #: ROOT_URLCONF.
    APPLICATION: str | None = None
    #: Bearer token for registering with the editor of another site.
    REGISTER_TOKEN: str | None = None
    #: Dotted paths of the guards that schedules may use.
    EDITOR_GUARDS: tuple[str, ...] = ()
    #: True to send mail to people who may approve a proposal. A string does the same, and is the
    #: base URL for links in the mail.
    EDITOR_EMAIL: bool | str = True

    #: The metrics that are computed from outcomes: a tuple of `proctor.Metric`.
    METRICS: Any = ()
    #: How identifiers are stored with results: "plain", or "digest" for keyed digests.
    RESULTS_IDENTIFIERS = "plain"
    #: The key for digests of identifiers; None means SECRET_KEY.
    RESULTS_DIGEST_KEY: str | None = None
    #: Maximum number of exposures and outcomes that wait to be written, in each process.
    RESULTS_QUEUE = 10_000
    #: What to do with exposures and outcomes while the database is unavailable: "keep" them in the
    #: queue, or "drop" them.
    RESULTS_OUTAGE = "keep"
    #: True if a thread writes exposures and outcomes; None means that a thread is used only if the
    #: server uses threads.
    RESULTS_THREAD: bool | None = None
    #: True if browsers may send outcomes of declared metrics.
    RESULTS_FROM_BROWSER = False

    #: Name of the id cookie that `proctor.middleware.ProctorMiddleware` sets.
    ID_COOKIE = "proctor_id"
    #: Lifetime of the id cookie in seconds. The default is a year, longer than any test
    #: should run.
    ID_COOKIE_AGE = 365 * 24 * 60 * 60
    #: Other attributes of the id cookie, as for Django's session cookie.
    ID_COOKIE_DOMAIN: str | None = None
    ID_COOKIE_PATH = "/"
    ID_COOKIE_SAMESITE: Any = "Lax"
    #: True to mark the cookie as secure; None to do so only if the request came over https.
    ID_COOKIE_SECURE: bool | None = None

    class Meta:
        """Options for django-appconf."""

        prefix = "proctor"


#: The full names of all settings. Only the names are taken from the class, because django-appconf
#: puts the project's own values into it when the class is created.
NAMES: tuple[str, ...] = tuple(f"PROCTOR_{name}" for name in vars(ProctorConf) if name.isupper())

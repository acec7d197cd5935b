"""What the settings say, made into objects once for as long as they say it."""

from __future__ import annotations

import threading
import time
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from proctor.caching import AnswerCache
from proctor.conf import settings
from proctor.core.declarations import Registry
from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.sources import MatrixSource
from proctor.core.variables import Variables
from proctor.once import OnceLog, described

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.declarations import ProctorTest
    from proctor.core.groups import GroupAssignment, Groups, Reason
    from proctor.core.sources import GroupsRequest, Source

__all__ = [
    "Configuration",
    "current_configuration",
    "current_variables",
    "variables_from_settings",
]

T = TypeVar("T")

#: On these the source depends.
_SOURCE_SETTINGS = (
    "PROCTOR_SOURCE",
    "PROCTOR_API_ROOT",
    "PROCTOR_MATRIX",
    "PROCTOR_MATRIX_RELOAD",
    "PROCTOR_TIMEOUT",
    "PROCTOR_IDENTIFIERS",
    "PROCTOR_CONTEXT",
    "PROCTOR_PIPET_CONFIG",
    "PROCTOR_TEST_TYPES",
    "PROCTOR_IDENTIFIER_VALIDATOR",
)


#: On these the cache of its answers does.
_CACHE_SETTINGS = (
    "PROCTOR_CACHE_METHOD",
    "PROCTOR_CACHE_NAME",
    "PROCTOR_CACHE_TIMEOUT",
    "PROCTOR_CACHE_VERSION_TIMEOUT",
)


class _Memo(Generic[T]):
    """Keeps what was made of settings, for as long as these are the same objects.

    So `override_settings` works, and no signal has to be connected at import. A few are
    kept, since tests go back and forth between settings.
    """

    KEPT = 4

    def __init__(self, names: tuple[str, ...], make: Callable[[], T]) -> None:
        self._values = attrgetter(*names)
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[tuple[tuple[object, ...], T], ...] = ()

    def get(self) -> T:
        # The settings object itself looks at each name twice, for each request ten times.
        values = self._values(settings._wrapped)  # noqa: SLF001 - what override_settings changes
        for known, made in self._made:
            if all(map(is_, known, values)):
                return made
        with self._lock:
            for known, made in self._made:
                if all(map(is_, known, values)):
                    return made
            made = self._make()
            self._made = ((values, made), *self._made[: self.KEPT - 1])
        return made


def _make_registry() -> Registry:
    try:
        return Registry(settings.PROCTOR_TESTS)
    except ConfigurationError as error:
        raise ImproperlyConfigured(f"PROCTOR_TESTS: {error}") from error


def variables_from_settings() -> Variables:
    """What source keys mean. Raises ConfigurationError."""
    from proctor.core.user_agents import user_agent_parser  # noqa: PLC0415 - rarely needed

    if settings.PROCTOR_PIPET_CONFIG is not None:
        return Variables.from_pipet_config(
            settings.PROCTOR_PIPET_CONFIG,
            test_types=settings.PROCTOR_TEST_TYPES,
            user_agent=user_agent_parser(),
        )
    return Variables.from_settings(
        settings.PROCTOR_IDENTIFIERS, settings.PROCTOR_CONTEXT, user_agent=user_agent_parser()
    )


def _make_source() -> Source | None:
    try:
        if settings.PROCTOR_SOURCE is not None:
            return _of_its_own(import_string(settings.PROCTOR_SOURCE))
        if settings.PROCTOR_MATRIX is None:
            return _make_pipet()
        return MatrixSource(
            settings.PROCTOR_MATRIX,
            variables_from_settings(),
            test_types=settings.PROCTOR_TEST_TYPES,
            identifier_validator=settings.PROCTOR_IDENTIFIER_VALIDATOR,
            reload_interval=settings.PROCTOR_MATRIX_RELOAD,
            wait=settings.PROCTOR_TIMEOUT,
        )
    except (ConfigurationError, ImportError) as error:
        raise ImproperlyConfigured(f"the source of Proctor's groups: {error}") from error


def _make_pipet() -> Source | None:
    if settings.PROCTOR_API_ROOT is None:
        return None
    from proctor.core.pipet_client import PipetSource  # noqa: PLC0415 - imports requests

    return PipetSource(
        settings.PROCTOR_API_ROOT,
        timeout=settings.PROCTOR_TIMEOUT,
        keep_empty=settings.PROCTOR_IDENTIFIER_VALIDATOR is not None,
    )


def _of_its_own(cls: Any) -> Source:
    """The site's own source. What it needs may be down just when a process begins."""
    if not isinstance(cls, type) or not hasattr(cls, "determine_groups"):
        raise ConfigurationError(
            f"PROCTOR_SOURCE is {settings.PROCTOR_SOURCE!r}, which is no class with a method "
            "determine_groups"
        )
    try:
        made: Source = cls()
    except Exception as error:  # noqa: BLE001 - the site's code, and no page's fault
        return _LateSource(cls, error)
    return made


class _LateSource:
    """Stands for a source that could not be made, and tries again from time to time."""

    #: Seconds between two tries.
    PAUSE = 10.0

    def __init__(self, cls: Callable[[], Source], error: Exception) -> None:
        self._cls = cls
        self._error = error
        self._made: Source | None = None
        self._due = time.monotonic() + self.PAUSE

    @property
    def waits(self) -> bool:
        """What the source says; and to make one may take long."""
        return self._made is None or getattr(self._made, "waits", True)

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """What the source says; SourceError while there is none."""
        if self._made is None and time.monotonic() >= self._due:
            self._due = time.monotonic() + self.PAUSE
            try:
                self._made = self._cls()
            except Exception as error:  # noqa: BLE001 - as above
                self._error = error
        if self._made is None:
            raise SourceError(f"the source cannot be made: {described(self._error)}")
        return self._made.determine_groups(request)

    def close(self) -> None:
        """Close the source, if there is one."""
        if self._made is not None:
            self._made.close()


def _make_cache(source: Any, log: OnceLog) -> AnswerCache | None:
    if settings.PROCTOR_CACHE_METHOD is None or not hasattr(source, "fingerprint"):
        return None
    return AnswerCache(source, log)


class Configuration:
    """The declared tests, who decides, and what was already logged about both."""

    __slots__ = ("_defaults", "cache", "log", "particular", "registry", "source", "viewed")

    registry: Registry
    #: None where nothing is configured.
    source: Source | None
    #: Who remembers its answers; None where nobody does, or need.
    cache: AnswerCache | None
    log: OnceLog
    #: The matrix of a Pipet, once somebody looks at it.
    viewed: MatrixSource | None
    #: The tests that do not take any group and payload, each with the assignments, by
    #: identity, that are known to be as declared.
    particular: tuple[tuple[ProctorTest, dict[int, GroupAssignment]], ...]

    #: How many are remembered for a test. Those of a matrix are shared by all visitors; new
    #: ones come with each of its versions.
    FITTING = 1000

    def __init__(self) -> None:
        self.registry = _make_registry()
        self.source = _make_source()
        self.log = OnceLog()
        self.viewed = None
        self.cache = _make_cache(self.source, self.log)
        tests = self.registry.values()
        self.particular = tuple((test, {}) for test in tests if not test.takes_all)
        self._defaults: dict[Reason, dict[str, GroupAssignment]] = {}

    def defaults(self, reason: Reason) -> dict[str, GroupAssignment]:
        """What every test gives who has no group, in a dict of the caller's own."""
        made = self._defaults.get(reason)
        if made is None:
            made = {name: test.default_for(reason) for name, test in self.registry.items()}
            self._defaults[reason] = made
        return made.copy()


_variables: _Memo[Variables] = _Memo(_SOURCE_SETTINGS, variables_from_settings)
_memo: _Memo[Configuration] = _Memo(
    ("PROCTOR_TESTS", *_SOURCE_SETTINGS, *_CACHE_SETTINGS), Configuration
)


def current_configuration() -> Configuration:
    """What the settings say now. Raises ImproperlyConfigured where they make no sense."""
    return _memo.get()


def current_variables() -> Variables:
    """`variables_from_settings`, made once for as long as they say the same."""
    return _variables.get()

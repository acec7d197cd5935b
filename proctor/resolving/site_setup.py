"""Create objects from the settings, and reuse the objects as long as the settings stay the same."""

from __future__ import annotations

import logging
import os
import threading
from functools import partial
from operator import is_
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from proctor.conf import settings
from proctor.core.declarations.registry import Registry
from proctor.core.exceptions import ConfigurationError
from proctor.core.inputs.variables import Variables
from proctor.core.messages import error_text, shown
from proctor.core.sources.matrix_report import report_missing, report_tests
from proctor.core.sources.source import MatrixSource
from proctor.django_internals import settings_reader
from proctor.resolving.answer_cache import AnswerCache
from proctor.resolving.fitted_answers import FittedAnswers
from proctor.resolving.forced_groups import ForcedGroups
from proctor.resolving.hook_keys import HookKeys
from proctor.resolving.late_source import LateSource
from proctor.resolving.matrix_locations import matrix_schemes
from proctor.resolving.once_log import OnceLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.groups import GroupAssignment, Reason
    from proctor.core.sources.source import Source

__all__ = [
    "SiteSetup",
    "current_setup",
    "current_variables",
    "variables_from_settings",
    "variables_without_parser",
]

logger = logging.getLogger("proctor.groups")

T = TypeVar("T")

#: The settings on which the source depends.
_SOURCE_SETTINGS = (
    "PROCTOR_SOURCE",
    "PROCTOR_API_ROOT",
    "PROCTOR_MATRIX",
    "PROCTOR_MATRIX_RELOAD",
    "PROCTOR_MATRIX_MAX_BYTES",
    "PROCTOR_MATRIX_TOKEN",
    "PROCTOR_LOCATIONS",
    "PROCTOR_EDITOR_BRANCHES",
    "PROCTOR_TIMEOUT",
    "PROCTOR_IDENTIFIERS",
    "PROCTOR_CONTEXT",
    "PROCTOR_PIPET_CONFIG",
    "PROCTOR_TEST_TYPES",
    "PROCTOR_IDENTIFIER_VALIDATOR",
)

#: The settings on which the cache of the source's answers depends.
_CACHE_SETTINGS = (
    "PROCTOR_CACHE_METHOD",
    "PROCTOR_CACHE_NAME",
    "PROCTOR_CACHE_TIMEOUT",
    "PROCTOR_CACHE_VERSION_TIMEOUT",
)


class _Memo(Generic[T]):
    """Keeps an object made from settings, as long as the settings' values are the same objects.

    This makes `override_settings` work without connecting a signal at import. Objects for several
    combinations of settings are kept, because test suites switch back and forth.
    """

    KEPT = 4

    def __init__(self, names: tuple[str, ...], make: Callable[[], T]) -> None:
        self._values = settings_reader(names)
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[tuple[tuple[object, ...], T], ...] = ()

    def get(self) -> T:
        values = self._values()
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


def _chosen(name: str) -> Any:
    """Return the value of a setting, or None if the value is "".

    A setting is "" if it is read from an environment variable that is empty.
    """
    value = getattr(settings, name)
    return None if isinstance(value, str) and not value else value


def _make_registry() -> Registry:
    try:
        return Registry(settings.PROCTOR_TESTS)
    except ConfigurationError as error:
        raise ImproperlyConfigured(f"PROCTOR_TESTS: {error}") from error


def variables_from_settings() -> Variables:
    """Return the variables that the settings declare. Raises ConfigurationError.

    If django-proctor[useragent] is not installed, variables of type UserAgent get no values.
    """
    from proctor.core.inputs.user_agents import user_agent_parser  # noqa: PLC0415 - rarely needed

    user_agent = user_agent_parser() or _no_user_agent
    config = _chosen("PROCTOR_PIPET_CONFIG")
    if config is not None:
        return Variables.from_pipet_config(
            config, test_types=settings.PROCTOR_TEST_TYPES, user_agent=user_agent
        )
    context: Any = settings.PROCTOR_CONTEXT
    return Variables.from_settings(settings.PROCTOR_IDENTIFIERS, context, user_agent=user_agent)


def _no_user_agent(header: str) -> object:
    raise ConfigurationError(
        "the type UserAgent requires an optional dependency. Run: "
        "pip install django-proctor[useragent]"
    )


def variables_without_parser(variables: Variables) -> list[str]:
    """Return the variables of type UserAgent if django-proctor[useragent] is not installed."""
    from proctor.core.inputs.user_agents import user_agent_parser  # noqa: PLC0415 - as above

    if user_agent_parser() is not None:
        return []
    declared = variables.context_variables or ()
    return [each.name for each in declared if each.type.name == "UserAgent"]


def _make_source() -> Source | None:
    try:
        if _chosen("PROCTOR_SOURCE") is not None:
            return _of_its_own(import_string(settings.PROCTOR_SOURCE))
        matrix: Any = _chosen("PROCTOR_MATRIX")
        if matrix is None:
            return _make_pipet()
        if not isinstance(matrix, (str, os.PathLike)):
            raise ConfigurationError(
                f"PROCTOR_MATRIX: expected a path or a URL (str), got {shown(matrix)}"
            )
        return MatrixSource(
            matrix,
            _told_variables(),
            test_types=settings.PROCTOR_TEST_TYPES,
            identifier_validator=settings.PROCTOR_IDENTIFIER_VALIDATOR,
            reload_interval=settings.PROCTOR_MATRIX_RELOAD,
            max_bytes=settings.PROCTOR_MATRIX_MAX_BYTES,
            token=settings.PROCTOR_MATRIX_TOKEN,
            locations=matrix_schemes(),
            wait=settings.PROCTOR_TIMEOUT,
        )
    except (ConfigurationError, ImportError) as error:
        raise ImproperlyConfigured(f"the source of Proctor's groups: {error}") from error
    except Exception as error:  # a value of an unexpected type, or an error in the site's module
        problem = f"the source of Proctor's groups: {error_text(error)}"
        raise ImproperlyConfigured(problem) from error


def _told_variables() -> Variables:
    """Return `variables_from_settings()`, and log which variables need an extra to be installed."""
    variables = variables_from_settings()
    lost = variables_without_parser(variables)
    if lost:
        logger.warning(
            "Rules get no value for %s, because the type UserAgent requires an optional "
            "dependency. Run: pip install django-proctor[useragent]",
            " and ".join(lost),
        )
    return variables


def _make_pipet() -> Source | None:
    root: Any = _chosen("PROCTOR_API_ROOT")
    if root is None:
        return None
    from proctor.core.sources.pipet_source import PipetSource  # noqa: PLC0415 - imports requests

    return PipetSource(
        root,
        timeout=settings.PROCTOR_TIMEOUT,
        keep_empty=settings.PROCTOR_IDENTIFIER_VALIDATOR is not None,
    )


def _of_its_own(cls: Any) -> Source:
    """Return the site's own source, or a placeholder if the source cannot be created yet."""
    if not isinstance(cls, type) or not hasattr(cls, "determine_groups"):
        raise ConfigurationError(
            f"PROCTOR_SOURCE is {settings.PROCTOR_SOURCE!r}, which is not a class with a "
            "determine_groups method"
        )
    try:
        made: Source = cls()
    except Exception as error:  # noqa: BLE001 - the site's code; never break a page for it
        return LateSource(cls, error)
    return made


def _make_cache(source: Any, log: OnceLog) -> AnswerCache | None:
    if _chosen("PROCTOR_CACHE_METHOD") is None or not hasattr(source, "fingerprint"):
        return None
    return AnswerCache(source, log)


class SiteSetup:
    """The declared tests, the source of their groups, and the messages already logged."""

    __slots__ = (
        "_bucket_values",
        "_defaults",
        "_noted",
        "_valueless",
        "cache",
        "fitted_answers",
        "forced_groups",
        "hook_keys",
        "log",
        "registry",
        "source",
        "viewed",
    )

    registry: Registry
    #: The source of the groups; None if no source is configured.
    source: Source | None
    #: The cache of the source's answers; None if the site has no cache for them, or the source
    #: needs none.
    cache: AnswerCache | None
    log: OnceLog
    #: The keys that hooks may return; None unless this process evaluates a matrix, because other
    #: sources define their own keys.
    hook_keys: HookKeys | None
    #: Reports forced groups that the matrix does not contain; None unless this process evaluates a
    #: matrix itself.
    forced_groups: ForcedGroups | None
    #: The source that loads a Pipet's matrix for display; None until a page needs the matrix.
    viewed: MatrixSource | None
    #: Remembers which of the source's assignments match the declarations.
    fitted_answers: FittedAnswers

    def __init__(self) -> None:
        self.registry = _make_registry()
        self.source = _make_source()
        self.hook_keys = None
        self.forced_groups = None
        if isinstance(self.source, MatrixSource):
            self.hook_keys = HookKeys(self.source)
            self.forced_groups = ForcedGroups(self.source)
            names = self.registry.names
            self.source.subscribe(
                on_change=partial(report_tests, declared=names, command="manage.py proctor_check")
            )
            self.source.subscribe(on_change=partial(report_missing, declared=names))
        self.log = OnceLog()
        self.viewed = None
        self.cache = _make_cache(self.source, self.log)
        tests = self.registry.values()
        self.fitted_answers = FittedAnswers(self.registry, self.default_of, self.log)
        self._defaults: dict[Reason, dict[str, GroupAssignment]] = {}
        #: Tests whose default bucket is declared without a value. The bucket then has the value
        #: that it last had in the matrix.
        self._valueless = tuple(test for test in tests if test.lacks_default_value)
        self._bucket_values: dict[str, int] = {}
        self._noted: object = None

    def defaults(self, reason: Reason) -> dict[str, GroupAssignment]:
        """Return the default of every test in a new dict. *reason* says why the default is used."""
        self.note_bucket_values()
        defaults, values = self._defaults, self._bucket_values
        made = defaults.get(reason)
        if made is None:
            made = {
                name: test.default_for(reason, values.get(name))
                for name, test in self.registry.items()
            }
            defaults[reason] = made
        return made.copy()

    def default_of(self, test: ProctorTest, reason: Reason) -> GroupAssignment:
        """Return the default of one declared test. *reason* says why the default is used."""
        self.note_bucket_values()
        return test.default_for(reason, self._bucket_values.get(test.name))

    def note_bucket_values(self) -> None:
        """If there is a new matrix, remember the values of the default buckets."""
        source = self.source
        if not self._valueless or not isinstance(source, MatrixSource):
            return
        version = source.latest_version
        if version is self._noted:
            return
        known = {
            test.name: value
            for test in self._valueless
            if (value := source.bucket_value(test.name, str(test.default))) is not None
        }
        # The dict is replaced and never changed, because other threads may be reading it.
        self._bucket_values = {**self._bucket_values, **known}
        self._defaults = {}
        self._noted = version


_variables: _Memo[Variables] = _Memo(_SOURCE_SETTINGS, variables_from_settings)
_memo: _Memo[SiteSetup] = _Memo(("PROCTOR_TESTS", *_SOURCE_SETTINGS, *_CACHE_SETTINGS), SiteSetup)


def current_setup() -> SiteSetup:
    """Return the setup for the current settings.

    Raises ImproperlyConfigured if they are invalid.
    """
    return _memo.get()


def current_variables() -> Variables:
    """Return the result of `variables_from_settings`, cached while the settings stay the same."""
    return _variables.get()

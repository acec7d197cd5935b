"""Report unused source keys of identifiers and context variables.

This works only if the process itself has the matrix: a Pipet defines its own keys.
"""

from __future__ import annotations

import difflib
import logging
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from proctor.conf import settings
from proctor.core.java.conversion import sent_text
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.messages import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.sources.source import GroupsRequest, MatrixSource
    from proctor.resolving.once_log import OnceLog

__all__ = ["HookKeys"]

logger = logging.getLogger("proctor.hooks")


class HookKeys:
    """The keys that hooks may return and `identify` may receive. Immutable."""

    __slots__ = ("_context", "_settings", "_test_types")

    def __init__(self, source: MatrixSource) -> None:
        variables = source.variables
        declared = {each.source_key: each.test_type for each in variables.identifier_variables}
        if variables.self_named:
            declared = {name: name for name in (*TEST_TYPES, *source.test_types)} | declared
        #: Maps each kind of key to the setting that declares such keys. With a pipet-config.json,
        #: the name of a test type is not automatically a key.
        self._settings = (
            {"identifier": "PROCTOR_IDENTIFIERS", "context": "PROCTOR_CONTEXT"}
            if variables.self_named
            else dict.fromkeys(("identifier", "context"), "PROCTOR_PIPET_CONFIG")
        )
        #: Maps each identifier key to its test type.
        self._test_types = declared
        #: The keys of the context; None if every key is allowed as the name of a variable.
        self._context = (
            None
            if variables.context_variables is None
            else frozenset(each.source_key for each in variables.context_variables)
        )

    def check(self, asked: GroupsRequest, log: OnceLog) -> None:
        """Log each unknown key once, with the nearest known one.

        In DEBUG, raise ImproperlyConfigured for an unknown key that resembles a known key.
        """
        identifiers = asked.identifiers
        if not self._test_types.keys() >= identifiers.keys():
            unknown = [key for key in identifiers if key not in self._test_types]
            self._report(log, "identifier", unknown, self._test_types)
        if self._context is not None and not self._context >= asked.context.keys():
            unknown = [key for key in asked.context if key not in self._context]
            self._report(log, "context", unknown, self._context)
        if len(identifiers) > 1:
            self._report_contradictions(identifiers, log)

    def _report(
        self, log: OnceLog, kind: str, unknown: Iterable[str], known: Iterable[str]
    ) -> None:
        for key in unknown:
            problem = (
                f"The {kind} key {shown(key)} is unknown and ignored: "
                f"{nearest(key, known)}. Declare new keys in {self._settings[kind]}"
            )
            if settings.DEBUG and _is_near_miss(key, known):
                raise ImproperlyConfigured(problem)
            log.log(logger, logging.WARNING, "%s", problem)

    def _report_contradictions(self, identifiers: Mapping[str, object], log: OnceLog) -> None:
        """Log once if two keys give different identifiers for the same test type."""
        found: dict[str, tuple[str, object]] = {}
        for key, value in identifiers.items():
            test_type = self._test_types.get(key)
            if test_type is None or value in (None, "", b""):
                continue
            other, known = found.setdefault(test_type, (key, value))
            if known != value and sent_text(known) != sent_text(value):
                log.log(
                    logger,
                    logging.WARNING,
                    "The keys %s and %s give different identifiers for the test type %s: "
                    "return only one of them",
                    other,
                    key,
                    test_type,
                )


def _is_near_miss(key: object, known: Iterable[str]) -> bool:
    lower = [each.lower() for each in known]
    return bool(difflib.get_close_matches(str(key).lower(), lower, n=1, cutoff=0.8))

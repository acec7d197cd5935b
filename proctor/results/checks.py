"""Django system checks for invalid metrics, and for data that would not be recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from proctor.checks import TAG
from proctor.checks.values import is_sound
from proctor.conf import settings
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.messages import error_text, nearest, shown
from proctor.core.sources.source import MatrixSource
from proctor.resolving.site_setup import SiteSetup, current_setup
from proctor.results.recording.recorder import has_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_results", "register_checks"]

_SETTINGS = (
    "PROCTOR_METRICS",
    "PROCTOR_RESULTS_IDENTIFIERS",
    "PROCTOR_RESULTS_DIGEST_KEY",
    "PROCTOR_RESULTS_THREAD",
)


def register_checks() -> None:
    """Register the checks with Django. Can be called more than once."""
    checks.register(check_results, TAG)


def check_results(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Return the problems that prevent results from being recorded or computed."""
    if not apps.is_installed("proctor.results") or not is_sound(*_SETTINGS):
        return []
    return [*_metrics(), *_identifiers(), *_threads(), *_digests()]


def _metrics() -> Iterator[checks.CheckMessage]:
    metrics = tuple(settings.PROCTOR_METRICS)
    names = Counter(metric.name for metric in metrics)
    for name, number in names.items():
        if number > 1:
            yield checks.Error(
                f"PROCTOR_METRICS declares the metric {name!r} {number} times.",
                hint="Give each metric a unique name.",
                id="proctor.E040",
            )
    for metric in metrics:
        for part in (metric.numerator, metric.denominator):
            if part is not None and part not in names:
                yield checks.Error(
                    f"The ratio {metric.name!r} uses the metric {part!r}, which PROCTOR_METRICS "
                    "does not declare.",
                    hint=f"Declare Metric({part!r}), or correct the name: {nearest(part, names)}",
                    id="proctor.E041",
                )
        if metric.source is not None:
            yield from _source(metric.name, metric.source)


def _source(name: str, path: str) -> Iterator[checks.CheckMessage]:
    try:
        found = import_string(path)
    except Exception as error:  # noqa: BLE001 - the site's module may raise anything
        problem = error_text(error)
    else:
        if callable(found):
            return
        problem = f"{shown(found)} is not callable"
    yield checks.Error(
        f"The source of the metric {name!r}, {path!r}, cannot be used: {problem}.",
        hint="Give the dotted path of a function that returns a QuerySet with the columns visitor, "
        "at and value.",
        id="proctor.E042",
    )


def _identifiers() -> Iterator[checks.CheckMessage]:
    try:
        setup = current_setup()
    except ImproperlyConfigured:
        return  # another check reports the invalid setting
    types = {*TEST_TYPES, *settings.PROCTOR_TEST_TYPES}
    for test in setup.registry.values():
        if test.identifier is not None and test.identifier not in types:
            yield checks.Warning(
                f"The test {test.name!r} declares the identifier {test.identifier!r}, which is "
                f"not a test type, so nothing is recorded for this test.",
                hint=f"{nearest(test.identifier, types)}. Or add {test.identifier!r} to "
                "PROCTOR_TEST_TYPES.",
                id="proctor.W041",
            )
    missing = _without_identifier(setup)
    if missing:
        shown_names = ", ".join(missing[:5]) + (" and others" if len(missing) > 5 else "")
        yield checks.Warning(
            f"No exposure is recorded for {shown_names}: the source does not say which identifier "
            "a test hashes.",
            hint="Declare it: ProctorTest(…, identifier='USER').",
            id="proctor.W040",
        )


def _without_identifier(setup: SiteSetup) -> list[str]:
    if setup.source is None or isinstance(setup.source, MatrixSource):
        return []
    return [test.name for test in setup.registry.values() if test.identifier is None]


def _threads() -> Iterator[checks.CheckMessage]:
    if not has_threads():
        yield checks.Warning(
            "Results are written at the end of each request, because this process runs no threads.",
            hint="Start uWSGI with enable-threads, or set PROCTOR_RESULTS_THREAD to True. Silence "
            "this check if the delay is acceptable.",
            id="proctor.W042",
        )


def _digests() -> Iterator[checks.CheckMessage]:
    if settings.PROCTOR_RESULTS_IDENTIFIERS == "digest" and not settings.PROCTOR_RESULTS_DIGEST_KEY:
        yield checks.Warning(
            "Identifiers are stored as digests that depend on SECRET_KEY. If this key changes, "
            "returning visitors are no longer recognized.",
            hint="Set PROCTOR_RESULTS_DIGEST_KEY to a random string, and do not change it.",
            id="proctor.W043",
        )

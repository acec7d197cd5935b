"""The report of one test, computed from the tables by `proctor.analysis`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from proctor.conf import settings
from proctor.core.exceptions import ConfigurationError, MatrixLoadError
from proctor.core.matrices.matrix import TestDefinition
from proctor.core.sentences import Sentence
from proctor.resolving.site_setup import current_setup
from proctor.results.models import Exposure, Split
from proctor.results.reports.latest import remember
from proctor.results.reports.payloads import payloads_of
from proctor.results.reports.selecting import Selection, exposures_of, forced_of, outcomes_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from proctor.analysis import Report

__all__ = ["NoReport", "Selections", "definitions_of", "is_installed", "report", "selections"]

#: The modules that the django-proctor[analysis] extra installs.
_NEEDED = ("duckdb", "pyarrow", "tea_tasting")


class NoReport(Exception):  # noqa: N818 - it is an answer
    """Raised if no report can be computed. The message gives the reason."""


@dataclass(frozen=True, slots=True)
class Selections:
    """The queries for the rows from which a report is computed."""

    exposures: Selection
    #: Forced exposures of visitors who have no other exposures, with the same columns as
    #: `exposures`.
    forced: Selection
    outcomes: tuple[Selection, ...]
    #: The distinct combinations of identifier type, version and split.
    labels: tuple[tuple[str, str, UUID], ...]


def is_installed() -> bool:
    """Return True if the [analysis] extra is installed."""
    return all(find_spec(name) is not None for name in _NEEDED)


def selections(test: str, *, lean: bool = False) -> Selections:
    """Return the queries for a test's rows. *lean* leaves out columns that have only one value."""
    labels = _labels(test)
    types = sorted({kind for kind, _version, _split in labels})
    lean = lean and len(types) == 1
    try:
        outcomes = outcomes_for(types, settings.PROCTOR_METRICS, lean=lean)
    except ConfigurationError as error:
        raise NoReport(str(error)) from error
    return Selections(
        exposures_of(test, lean=lean), forced_of(test, lean=lean), tuple(outcomes), labels
    )


def _labels(test: str) -> tuple[tuple[str, str, UUID], ...]:
    """Return the identifier types, versions and splits of a test's exposures."""
    rows = Exposure.objects.filter(test=test).order_by()
    found = rows.values_list("identifier_type", "version", "split").distinct()
    return tuple(sorted(found, key=str))


def definitions_of(
    test: str, labels: Sequence[tuple[str, str, UUID]] | None = None
) -> list[TestDefinition]:
    """Return a definition for each version of the test that has recorded exposures.

    Each definition contains the parts that determined groups when these exposures were recorded,
    and the payloads if they are in the editor's history.
    """
    pairs = {(version, split) for _kind, version, split in labels or _labels(test)}
    texts = dict(Split.objects.filter(test=test).values_list("id", "definition"))
    payloads = payloads_of(test, {version for version, _split in pairs})
    found = []
    for version, split in sorted(pairs, key=str):
        text = texts.get(split, "")
        if not text:
            continue
        try:
            entry = {**json.loads(text), "version": version}
            for bucket in entry.get("buckets", ()):
                payload = payloads.get(version, {}).get(bucket["name"])
                bucket.update({} if payload is None else {"payload": payload})
            found.append(TestDefinition.from_dict(test, entry))
        except (MatrixLoadError, ValueError):
            continue  # a different version of this package stored the definition
    return found


def report(test: str, rows: Selections | None = None, **options: Any) -> Report:
    """Return the current report of a test. Raises NoReport.

    *options* are the options of `proctor.analysis.analyze`.
    """
    if not is_installed():
        raise NoReport(_("Reports need the [analysis] extra."))
    from proctor.analysis import AnalysisError, analyze  # noqa: PLC0415 - an extra
    from proctor.results.reports.tables import read_table  # noqa: PLC0415 - likewise

    rows = rows or selections(test, lean=True)
    if not rows.labels:
        raise NoReport(_("No visitor has been exposed to this test yet."))
    exposures = _with_test(_exposures(rows), test)
    outcomes = _joined([read_table(each) for each in rows.outcomes])
    declared = current_setup().registry.get(test)
    given = {
        "until": timezone.now(),
        "timezone": settings.TIME_ZONE,
        "default": None if declared is None else declared.default,
        **options,
    }
    try:
        found = analyze(
            test,
            exposures,
            outcomes,
            definitions_of(test, rows.labels),
            settings.PROCTOR_METRICS,
            **given,
        )
    except AnalysisError as error:
        raise NoReport(_in_language(error)) from error
    if not options:
        remember(found)
    return found


def _in_language(error: Exception) -> str:
    """Return the text of an error in the active language, if it is a Sentence."""
    (text,) = error.args
    return text.translated(translation) if isinstance(text, Sentence) else str(text)


def _exposures(rows: Selections) -> Any:
    """Return the exposures, including those of forced visitors."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    from proctor.results.reports.tables import read_table  # noqa: PLC0415 - likewise

    tables = [read_table(rows.exposures), read_table(rows.forced)]
    if not len(tables[1]):
        return tables[0]
    if "forced" not in tables[0].column_names:
        tables = [
            each.append_column("forced", pa.repeat(pa.scalar(forced), len(each)))
            for each, forced in zip(tables, (False, True), strict=True)
        ]
    return pa.concat_tables(tables)


def _with_test(table: Any, test: str) -> Any:
    """Return the table with a `test` column; add the column if it is missing."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    if "test" in table.column_names:
        return table
    names = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), len(table)), [test])
    return table.append_column("test", names)


def _joined(tables: Sequence[Any]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    return pa.concat_tables(tables)

"""SQL that reads the columns for the analysis, checks types and reports invalid values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.analysis.errors import AnalysisError
from proctor.analysis.inputs.workspace import quoted
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from proctor.analysis.inputs.workspace import Workspace

__all__ = ["EXPOSURES", "OUTCOMES", "exposure_columns", "outcome_columns", "time_column"]

EXPOSURES = ("at", "visitor", "test", "group", "allocation", "version")
EXPOSURES_OPTIONAL = ("forced", "identifier_type")
OUTCOMES = ("at", "visitor", "metric", "value")
OUTCOMES_OPTIONAL = ("id", "identifier_type")


def _require(space: Workspace, table: str, about: str, wanted: Collection[str]) -> dict[str, str]:
    found = space.columns(table)
    missing = [name for name in wanted if name not in found]
    if missing:
        have = ", ".join(printable(name) for name in list(found)[:12])
        raise AnalysisError(
            f"{about}: expected the columns {', '.join(wanted)}; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing (got {have})"
        )
    return found


def _text(name: str) -> str:
    return f"CAST({quoted(name)} AS VARCHAR)"


def _error(about: str, message: str, value: str) -> str:
    start = f"{about}: {message}, got ".replace("'", "''")
    return f"error('{start}' || coalesce('''' || left({value}, 60) || '''', 'nothing'))"


def time_column(about: str, kind: str) -> str:
    """Return SQL that converts `at` to microseconds since 1970; it fails if a row has no time."""
    if kind.startswith(("TIMESTAMP", "DATE")):
        value = 'CAST("at" AS TIMESTAMPTZ)'
    elif kind == "VARCHAR":
        value = 'TRY_CAST("at" AS TIMESTAMPTZ)'
    else:
        raise AnalysisError(
            f"{about}: expected times or strings such as 2026-03-01T09:30:00+00:00 in the column "
            f"'at', got {kind}"
        )
    expected = "expected a time such as 2026-03-01T09:30:00+00:00 in the column 'at'"
    problem = _error(about, expected, _text("at"))
    # The range of years that Python's datetime supports.
    possible = f"isfinite({value}) AND {value} BETWEEN '0001-01-02' AND '9999-12-30'"
    return f"CASE WHEN {possible} THEN epoch_us({value}) ELSE {problem} END"


def _visitor(found: Collection[str], *, typed: bool) -> str:
    text = _text("visitor")
    if typed and "identifier_type" in found:
        return f"{_text('identifier_type')} || ':' || {text}"
    return text


def exposure_columns(
    space: Workspace, table: str, about: str, *, typed: bool, segments: Collection[str] = ()
) -> dict[str, str]:
    """Return SQL for each column of exposures, by name.

    With *typed*, equal identifiers of different types belong to different visitors. Raises
    AnalysisError if a column is missing.
    """
    found = _require(space, table, about, [*EXPOSURES, *segments])
    forced = "false"
    if found.get("forced") == "BOOLEAN":
        forced = 'coalesce("forced", false)'
    elif "forced" in found:
        text = f"lower(trim({_text('forced')}))"
        problem = _error(about, "expected true or false in the column 'forced'", _text("forced"))
        forced = (
            f"CASE WHEN {text} IN ('true', 't', '1', 'yes') THEN true "
            f"WHEN coalesce({text}, '') IN ('', 'false', 'f', '0', 'no') THEN false "
            f"ELSE {problem} END"
        )
    return {
        "t": time_column(about, found["at"]),
        "visitor": _visitor(found, typed=typed),
        "test": _text("test"),
        "group": _text("group"),
        "allocation": f"nullif({_text('allocation')}, '')",
        "version": f"nullif({_text('version')}, '')",
        "forced": forced,
        **{name: _text(name) for name in segments},
    }


def outcome_columns(space: Workspace, table: str, about: str, *, typed: bool) -> dict[str, str]:
    """Return SQL for each column of outcomes, by name. Raises AnalysisError if one is missing."""
    found = _require(space, table, about, OUTCOMES)
    number = 'TRY_CAST("value" AS DOUBLE)'
    problem = _error(about, "expected a finite number in the column 'value'", _text("value"))
    columns = {
        "t": time_column(about, found["at"]),
        "visitor": _visitor(found, typed=typed),
        "metric": _text("metric"),
        # The sum of squares of larger values would overflow.
        "value": f"CASE WHEN isfinite({number}) AND abs({number}) < 1e100 THEN {number} "
        f"ELSE {problem} END",
    }
    if "id" in found:
        columns["id"] = f"nullif({_text('id')}, '')"
    return columns


def has_types(space: Workspace, table: str) -> bool:
    """Return whether a table contains the identifier types of its visitors."""
    if "identifier_type" not in space.columns(table):
        return False
    return space.run(f"SELECT count(identifier_type) > 0 FROM {table}")[0][0] is True

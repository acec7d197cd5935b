"""Compute a verdict from exposures and outcomes.

This package needs the [analysis] extra, but not Django.

- `inputs/`: load files, data frames and queries into DuckDB tables.
- `strata`: find the split that applied to each exposure, and which visitors move if a split
  changes.
- `exposures`: find the first exposure of each visitor in each stratum.
- `windows`: the windows in which a visitor's outcomes count, and the sums of these outcomes.
- `moments`: counts, means and covariances of the sums.
- `effects` and the remaining modules: statistics.
- `report/`: text, JSON and HTML.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.analysis.analyzing import analyze
    from proctor.analysis.errors import AnalysisError
    from proctor.analysis.inputs.sources import Files, Query
    from proctor.analysis.report.report import Report

__all__ = ["AnalysisError", "Files", "Query", "Report", "analyze"]

_MODULES = {
    "AnalysisError": "errors",
    "Files": "inputs.sources",
    "Query": "inputs.sources",
    "Report": "report.report",
    "analyze": "analyzing",
}


def __getattr__(name: str) -> Any:
    # Imported lazily, because DuckDB and SciPy take a second to import.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"proctor.analysis.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

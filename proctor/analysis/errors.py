"""The exception that the analysis raises, and a function to import optional modules."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from proctor.core.exceptions import ProctorError

__all__ = ["HINT", "AnalysisError", "needed"]

HINT = "pip install 'django-proctor[analysis]'"


class AnalysisError(ProctorError):
    """Raised if exposures, outcomes or options cannot be analyzed. The message is one line."""


def needed(name: str) -> Any:
    """Import and return a module that the [analysis] extra installs, or raise AnalysisError."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise AnalysisError(
            f"The analysis needs DuckDB and tea-tasting, and {error.name} is missing: {HINT}"
        ) from error

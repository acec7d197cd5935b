"""Assign whole tables of visitors with NumPy and Arrow. Django is not needed.

    from proctor.bulk import assign_batches

    for batch in assign_batches(proctor, batches, identifiers={"USER": "user_id"}):
        ...

`assign_batches` and `schema` need NumPy and PyArrow, which come with `pip install
'django-proctor[bulk]'`. `proctor.bulk.sql` needs neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.bulk.summary import Summary
    from proctor.bulk.tables import assign_batches, schema

__all__ = ["Summary", "assign_batches", "schema"]

_MODULES = {
    "Summary": "proctor.bulk.summary",
    "assign_batches": "proctor.bulk.tables",
    "schema": "proctor.bulk.tables",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use, because importing NumPy and PyArrow takes half a second."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_MODULES[name])
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "pyarrow"):
            raise
        raise ImportError(
            f"proctor.bulk.{name} needs NumPy and PyArrow: pip install 'django-proctor[bulk]'"
        ) from error
    return getattr(module, name)

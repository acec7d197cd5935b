"""A/B tests, feature toggles and gradual rollouts with Proctor's test matrices.

This module contains the names that settings modules and annotations need. It does not import
Django, so a settings module can import it. Any Python program can use the engine, `proctor.core`,
as well as `proctor.bulk` and `proctor.analysis`. Most other modules need Django.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.groups import GroupAssignment, Reason
    from proctor.core.evaluation.typed_assignment import Assignment
    from proctor.metrics import Metric

__all__ = ["Assignment", "GroupAssignment", "Metric", "ProctorTest", "Reason", "__version__"]

#: The version of django-proctor. pyproject.toml reads it from here.
__version__ = "2.0.0rc1"

_MODULES = {
    "Assignment": "core.evaluation.typed_assignment",
    "GroupAssignment": "core.evaluation.groups",
    "Metric": "metrics",
    "ProctorTest": "core.declarations.proctor_test",
    "Reason": "core.evaluation.groups",
}


def __getattr__(name: str) -> Any:
    # Importing any part of proctor runs this module, so it must be fast.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"proctor.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

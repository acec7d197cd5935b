"""A/B tests, feature toggles and gradual rollouts with Proctor's test matrices.

Here is what settings and annotations need. The engine is `proctor.core`, which any Python
program can use; the Django side is in the modules beside it. This one imports no Django,
so that a settings module can import it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.core.declarations import ProctorTest
    from proctor.core.groups import GroupAssignment, Reason

__all__ = ["GroupAssignment", "ProctorTest", "Reason"]

_MODULES = {
    "GroupAssignment": "groups",
    "ProctorTest": "declarations",
    "Reason": "groups",
}


def __getattr__(name: str) -> Any:
    # Every import of a part of proctor runs this module: it stays cheap.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"proctor.core.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

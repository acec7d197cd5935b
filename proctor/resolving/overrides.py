"""Groups that a test suite has set for the whole process; see `proctor.testing`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["active", "is_active", "pop", "push"]

#: The innermost layer is last. The tuple is replaced, never changed, so readers need no lock.
_layers: tuple[Mapping[str, GroupAssignment], ...] = ()
_writing = threading.Lock()


def push(layer: Mapping[str, GroupAssignment]) -> None:
    """Add *layer*, which takes precedence over earlier layers."""
    global _layers  # noqa: PLW0603 - like override_settings, this is for the process
    with _writing:
        _layers = (*_layers, layer)


def pop(layer: Mapping[str, GroupAssignment]) -> None:
    """Remove *layer*, and keep the others."""
    global _layers  # noqa: PLW0603
    with _writing:
        _layers = tuple(each for each in _layers if each is not layer)


def active() -> Mapping[str, GroupAssignment]:
    """Return the current overrides; usually there are none. Inner layers take precedence."""
    merged: dict[str, GroupAssignment] = {}
    for layer in _layers:
        merged.update(layer)
    return merged


def is_active() -> bool:
    """Return True if a test case has set any group."""
    return bool(_layers)

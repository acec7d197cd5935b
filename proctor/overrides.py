"""Groups that tests have set, for the whole process; see `proctor.testing`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.groups import GroupAssignment

__all__ = ["active", "pop", "push"]

#: Innermost last. Replaced and never changed, so that a reader needs no lock.
_layers: tuple[Mapping[str, GroupAssignment], ...] = ()
_writing = threading.Lock()


def push(layer: Mapping[str, GroupAssignment]) -> None:
    """Lay *layer* over those that are there."""
    global _layers  # noqa: PLW0603 - like override_settings, this is for the process
    with _writing:
        _layers = (*_layers, layer)


def pop(layer: Mapping[str, GroupAssignment]) -> None:
    """Take *layer* away, and no other."""
    global _layers  # noqa: PLW0603
    with _writing:
        _layers = tuple(each for each in _layers if each is not layer)


def active() -> Mapping[str, GroupAssignment]:
    """What is set now, inner layers over outer ones; nearly always empty."""
    merged: dict[str, GroupAssignment] = {}
    for layer in _layers:
        merged.update(layer)
    return merged

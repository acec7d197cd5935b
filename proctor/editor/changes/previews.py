"""Preview the effects of a ramp, a stop, a finish, a rollback or a deletion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.moves.stopping import stop
from proctor.core.sentences import sentence_of
from proctor.editor.changes import finishing
from proctor.editor.changes.preparing import (
    Prepared,
    prepare_restored,
    prepare_stopped,
    prepare_written,
)
from proctor.editor.errors import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.authoring.moves.ramping import Share

__all__ = ["finished", "ramped", "restored", "stopped"]


def ramped(
    branch: str, test: str, known: Definition, allocation: int, shares: Mapping[int, Share]
) -> Prepared:
    """Return the effects of changing an allocation's shares. Raises Refused for invalid shares."""
    try:
        new = replace(known, test=ramp(known.test, allocation, shares))
    except ChangeRefused as error:
        raise refused(test, "change-refused", sentence_of(error)) from error
    return prepare_written(branch, test, new, known)


def stopped(branch: str, test: str, known: Definition, value: int) -> Prepared:
    """Return the effects of a stop. Raises Refused if the group cannot get all visitors."""
    try:
        new = replace(known, test=stop(known.test, value))
    except ChangeRefused as error:
        raise refused(test, "change-refused", sentence_of(error)) from error
    return prepare_stopped(branch, test, new, known)


def finished(branch: str, test: str, known: Definition, value: int) -> Prepared:
    """Return the effects of putting every visitor into the same group.

    Raises Refused for an unknown group.
    """
    try:
        new = finishing.finished(known, value)
    except ChangeRefused as error:
        raise refused(test, "change-refused", sentence_of(error)) from error
    return prepare_written(branch, test, new, known)


def restored(branch: str, test: str, definition: Definition | None) -> Prepared:
    """Return the effects of publishing an older definition, or of deleting the test (None)."""
    return prepare_restored(branch, test, definition)

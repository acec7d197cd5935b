"""Guards: functions in the site's code that are called before a scheduled step is published.

A guard takes a `GuardedStep` and returns None to let the step pass, or a `Verdict`:

    from proctor.editor.schedules.guards import GuardedStep, Verdict

    def enough_orders(step: GuardedStep) -> Verdict | None:
        if orders_per_hour() < 100:
            return Verdict.hold("fewer than 100 orders in the last hour")
        return None

The PROCTOR_EDITOR_GUARDS setting lists the dotted paths of all guards that a step may name. A path
is imported only when the step is due, so an import error does not affect the rest of the editor. A
guard is called outside any transaction, in the thread that loads the matrix or in a command, so a
slow guard does not delay requests or other processes. If a guard raises an exception, the step is
held.
"""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from proctor.conf import settings
from proctor.core.messages import error_place, nearest, printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from datetime import datetime

    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["Action", "GuardedStep", "Verdict", "ask", "check_guard", "guard_paths"]

logger = logging.getLogger("proctor.editor")

#: Maximum stored length of a reason, in characters.
_REASON = 1000


class Action(enum.Enum):
    """What to do with a step."""

    #: Publish it.
    GO = "go"
    #: Hold the step and all later steps until a person decides.
    HOLD = "hold"
    #: Stop the test: move everyone to a group with a value of 0 or less, and hold the test.
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A guard's decision about a step. Hold and stop need a reason, for the history."""

    action: Action
    reason: str = ""

    @classmethod
    def go(cls) -> Verdict:
        """Let the step be published, which is the same as returning None."""
        return cls(Action.GO)

    @classmethod
    def hold(cls, reason: str) -> Verdict:
        """Hold the step."""
        return cls(Action.HOLD, reason)

    @classmethod
    def stop(cls, reason: str) -> Verdict:
        """Stop the test."""
        return cls(Action.STOP, reason)


@dataclass(frozen=True, slots=True)
class GuardedStep:
    """A step that is due: the argument with which its guard is called."""

    #: The name of the test, and the branch of the step.
    test: str
    branch: str
    #: The number of the step (from 1) and the number of steps in its schedule.
    number: int
    steps: int
    #: The test as it is on the branch now, and as it will be if the step is published. Both are in
    #: the editor's format.
    before: TestDefinition
    after: TestDefinition
    #: The time of the last change to the test on the branch.
    since: datetime
    #: The time when the step was due, by the database's clock.
    due: datetime
    #: The name of the user who created the schedule.
    person: str


def guard_paths() -> tuple[str, ...]:
    """Return the dotted paths of the guards that steps may name."""
    return tuple(settings.PROCTOR_EDITOR_GUARDS)


def check_guard(path: str) -> str:
    """Return *path*. Raises ValueError unless it is "" or in PROCTOR_EDITOR_GUARDS."""
    paths = guard_paths()
    if path and path not in paths:
        known = Sentence(gettext_noop("the setting is empty"))
        text = gettext_noop("PROCTOR_EDITOR_GUARDS has no guard {guard!r}: {known}")
        names = nearest(path, paths) if paths else known
        raise ValueError(Sentence(text, guard=printable(path, 200), known=names))
    return path


def ask(path: str, step: GuardedStep) -> Verdict:
    """Return the verdict of the guard at *path*.

    If the guard fails, the verdict is to hold the step.
    """
    try:
        answer = import_string(check_guard(path))(step)
    except Exception as error:
        logger.exception("The guard %s failed for a step of %s", path, printable(step.test))
        return Verdict.hold(f"the guard {path} failed: {error_place(error)}")
    if answer is None or answer == Action.GO.value:
        return Verdict.go()
    if isinstance(answer, Verdict) and isinstance(answer.action, Action):
        reason = printable(answer.reason, _REASON) or f"the guard {path} gave no reason"
        return Verdict(answer.action, reason)
    shown = printable(repr(answer), 200)
    return Verdict.hold(f"the guard {path} returned {shown}; expected None or a Verdict")

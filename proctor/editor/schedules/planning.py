"""Turn requested steps into exact definitions, each based on the previous one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.refusals import Refusal
from proctor.core.sentences import Sentence, gettext_noop, sentence_of
from proctor.editor.changes.preparing import parse_sent, prepare_edit, prepare_written
from proctor.editor.errors import Refused, refused
from proctor.editor.models import Kind, ScheduledStep
from proctor.editor.publishing.texts import write
from proctor.editor.schedules.guards import check_guard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.authoring.moves.ramping import Share
    from proctor.editor.changes.preparing import Prepared
    from proctor.editor.models import Branch

__all__ = ["MOST", "Planned", "Wanted", "kind_of", "plan", "refuse_times", "step_rows"]

#: Maximum number of steps in a schedule.
MOST = 50
#: Maximum time until a step is due.
FURTHEST = timedelta(days=36525)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A requested step: either new shares for an allocation or a whole definition."""

    #: The time of publication, or None to publish as soon as the schedule is accepted. It is
    #: timezone-aware, or naive if USE_TZ is False.
    due: datetime | None
    #: Maps bucket values to shares from 0 to 1, as for `ramp`.
    shares: Mapping[int, Share] | None = None
    #: The index of the allocation that gets the shares.
    allocation: int = 0
    #: A definition as JSON in the editor's format, if the step has no shares.
    text: str | None = None
    #: A definition from an older schedule, where it has already been checked.
    definition: Definition | None = None
    message: str = ""
    #: The dotted path of a guard, or "" for none.
    guard: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A step with the exact definition that it publishes, and its effects."""

    wanted: Wanted
    prepared: Prepared

    @property
    def definition(self) -> Definition:
        """The definition that the step publishes."""
        assert self.prepared.definition is not None
        return self.prepared.definition


def plan(branch: str, test: str, known: Definition, wanted: Sequence[Wanted]) -> list[Planned]:
    """Return the steps, each with the exact definition that it publishes and its effects.

    *known* is the current definition on the branch. The definitions are not checked for problems
    yet. Raises Refused for impossible shares, an unreadable definition or an unknown guard.
    """
    if not 0 < len(wanted) <= MOST:
        text = gettext_noop("expected 1 to {limit} steps, got {count}")
        raise refused(test, "schedule-steps", Sentence(text, limit=MOST, count=len(wanted)))
    found: list[Planned] = []
    earlier: list[Definition] = []
    previous = known
    for number, each in enumerate(wanted, 1):
        try:
            check_guard(each.guard)
        except ValueError as error:
            text = gettext_noop("step {number}: {problem}")
            sentence = Sentence(text, number=number, problem=sentence_of(error))
            raise refused(test, "schedule-guard", sentence) from error
        prepared = _prepared(branch, test, previous, each, earlier)
        if prepared.definition is None:  # pragma: no cover - steps delete nothing
            break
        previous = prepared.definition
        earlier.append(previous)
        found.append(Planned(each, prepared))
    return found


def _prepared(
    branch: str, test: str, previous: Definition, wanted: Wanted, earlier: Sequence[Definition]
) -> Prepared:
    if wanted.definition is not None:
        return prepare_written(branch, test, wanted.definition, previous, earlier)
    if wanted.shares is None:
        sent = parse_sent(wanted.text or "null", test, previous)
        return prepare_edit(branch, test, sent, previous, earlier)
    try:
        new = replace(previous, test=ramp(previous.test, wanted.allocation, wanted.shares))
        if new.test is previous.test:
            text = gettext_noop("a step has the same shares as the previous one")
            raise refused(test, "unchanged", Sentence(text))
        return prepare_written(branch, test, new, previous, earlier)
    except ChangeRefused as error:
        raise refused(test, "change-refused", sentence_of(error)) from error
    except Refusal as refusal:
        raise Refused([refusal.problem]) from refusal


def refuse_times(test: str, wanted: Sequence[Wanted], now: datetime) -> None:
    """Raise Refused unless the times are in order and later than *now*, the database's time.

    Times more than a hundred years ahead are refused too, because a time near the end of the year
    9999 cannot be converted to every time zone.
    """
    before = now
    for number, each in enumerate(wanted, 1):
        if each.due is None:
            if number > 1:
                text = gettext_noop(
                    "step {number} has no time; only the first step can be published immediately"
                )
                raise refused(test, "schedule-time", Sentence(text, number=number))
        elif each.due > now + FURTHEST:
            text = gettext_noop("step {number}: {due} is more than a hundred years ahead")
            raise refused(test, "schedule-time", Sentence(text, number=number, due=each.due))
        elif each.due <= now:
            text = gettext_noop(
                "step {number}: {due} is in the past; it is now {now:%Y-%m-%d %H:%M:%S}"
            )
            sentence = Sentence(text, number=number, due=each.due, now=now)
            raise refused(test, "schedule-time", sentence)
        elif number > 1 and each.due <= before:
            text = gettext_noop("step {number}: {due} is not after the time of the previous step")
            raise refused(test, "schedule-time", Sentence(text, number=number, due=each.due))
        before = each.due or before


def kind_of(wanted: Sequence[Wanted]) -> Kind:
    """Return the kind of the revisions that the steps publish."""
    return Kind.RAMP if all(each.shares is not None for each in wanted) else Kind.EDIT


def step_rows(branch: Branch, test: str, planned: Sequence[Planned]) -> list[ScheduledStep]:
    """Return the rows to store; their proposal is not set yet."""
    return [
        ScheduledStep(
            position=position,
            branch=branch,
            test=test,
            at_once=each.wanted.due is None,
            due=each.wanted.due,
            definition=write(each.definition.with_version(None)),
            allocation_ids=json.dumps(
                sorted({part.id for part in each.definition.test.allocations if part.id})
            ),
            message=each.wanted.message,
            guard=each.wanted.guard,
        )
        for position, each in enumerate(planned)
    ]

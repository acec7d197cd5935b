"""The form for a ramp: an allocation, and rows with a share and a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.forms import DateTimeField
from django.utils import timezone
from django.utils.translation import gettext as _

from proctor.editor.pages.form.form_shares import percent_text, raised, share_of, summed
from proctor.editor.publishing.texts import parse
from proctor.editor.schedules.planning import MOST, Wanted

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import QueryDict

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.models import ScheduledStep

__all__ = ["RampForm", "Row", "live_share"]

#: The percentages that a new form proposes, and the number of days until each step is due.
#: Percentages that do not exceed the current share are left out.
_PROPOSED = (10, 25, 50, 100)
_DAYS = (0, 1, 3, 7)
_HOUR = 9
_SHOWN = "%Y-%m-%dT%H:%M"


@dataclass(slots=True)
class Row:
    """A step as the user typed it."""

    share: str
    #: The time in the current time zone, in the format that browsers send; "" to publish
    #: immediately.
    when: str
    problem: str = ""


def live_share(definition: Definition, index: int) -> Fraction:
    """Return the share of visitors in an allocation's live groups."""
    lengths = _lengths(definition, index)
    return sum((share for value, share in lengths.items() if value >= 0), Fraction(0))


def _lengths(definition: Definition, index: int) -> dict[int, Fraction]:
    test = definition.test
    lengths = dict(summed(each.to_dict() for each in test.allocations[index].ranges))
    for bucket in test.buckets:
        lengths.setdefault(bucket.value, Fraction(0))
    return lengths


@dataclass(slots=True)
class RampForm:
    """A ramp as the user typed it."""

    #: The index of the allocation.
    allocation: int = 0
    rows: list[Row] = field(default_factory=list)
    guard: str = ""
    message: str = ""

    @classmethod
    def proposed(cls, definition: Definition, allocation: int) -> RampForm:
        """Return a new form with proposed steps."""
        now = live_share(definition, allocation) * 100
        shares = [each for each in _PROPOSED if each > now][:3]
        today = _local(timezone.now()).replace(hour=_HOUR, minute=0)
        times = ["", *((today + timedelta(days=each)).strftime(_SHOWN) for each in _DAYS[1:])]
        rows = [Row(str(share), when) for share, when in zip(shares, times, strict=False)]
        return cls(allocation, rows or [Row("", "")])

    @classmethod
    def of_steps(cls, steps: list[ScheduledStep], known: Definition) -> RampForm:
        """Return a form with the remaining steps of a schedule.

        *known* is the current definition on the branch. Raises Refusal if a step cannot be read,
        and ValueError if a step's allocations differ from those of *known*.
        """
        definitions = [parse(each.definition, each.test) for each in steps]
        allocations = known.test.allocations
        after = definitions[0].test.allocations if definitions else ()
        pairs = zip(allocations, after, strict=True)
        index = next((i for i, (old, new) in enumerate(pairs) if old.ranges != new.ranges), 0)
        rows = [
            Row(
                percent_text(live_share(definition, index)),
                "" if step.due is None else _local(step.due).strftime(_SHOWN),
            )
            for step, definition in zip(steps, definitions, strict=True)
        ]
        return cls(index, rows, steps[-1].guard, steps[0].proposal.message)

    @classmethod
    def posted(cls, sent: QueryDict, allocations: int) -> RampForm:
        """Return the form that the browser sent."""
        number = sent.get("allocation", "1")
        index = int(number) - 1 if number.isdecimal() and len(number) < 5 else 0
        rows = []
        for each in range(MOST):
            if f"share-{each}" not in sent:
                break
            rows.append(
                Row(sent.get(f"share-{each}", "").strip(), sent.get(f"when-{each}", "").strip())
            )
        return cls(
            min(max(index, 0), allocations - 1),
            rows or [Row("", "")],
            sent.get("guard", ""),
            sent.get("message", "").replace("\r\n", "\n").strip(),
        )

    def apply(self, step: str) -> str:
        """Add or remove a row, and return the id of the field that gets the focus."""
        word, _dash, number = step.partition("-")
        if word == "add" and len(self.rows) < MOST:
            self.rows.append(Row(self._next_share(), self._next_time()))
            return f"share-{len(self.rows) - 1}"
        if word == "remove" and number.isdecimal() and len(self.rows) > 1:
            index = min(int(number), len(self.rows) - 1)
            del self.rows[index]
            return f"share-{min(index, len(self.rows) - 1)}"
        return ""

    def _next_share(self) -> str:
        share = share_of(self.rows[-1].share) or Fraction(0)
        return next((str(each) for each in _PROPOSED if each > share * 100), "")

    def _next_time(self) -> str:
        due, _problem = _time(self.rows[-1].when)
        try:
            return _local((due or timezone.now()) + timedelta(days=1)).strftime(_SHOWN)
        except OverflowError:
            return ""

    def wanted(self, definition: Definition) -> list[Wanted]:
        """Return the steps of the rows above the first invalid row.

        Each invalid row gets a message that describes its problem.
        """
        lengths = _lengths(definition, self.allocation)
        found: list[Wanted] = []
        for number, row in enumerate(self.rows):
            share = share_of(row.share) if row.share else None
            due, problem = _time(row.when)
            shares = None
            if share is None or not 0 <= share <= 1:
                row.problem = _("Give a share from 0 to 100 %.")
            elif problem or (number and due is None):
                row.problem = problem or _("Only the first step can be published immediately.")
            else:
                shares = raised(lengths, share)
            if shares is not None and len(found) == number:
                guard = self.guard if number else ""
                found.append(Wanted(due, shares, self.allocation, guard=guard))
        return found


def _time(text: str) -> tuple[datetime | None, str]:
    """Return the time that the user typed, and a message if it is invalid."""
    try:
        due: datetime | None = DateTimeField(required=False).clean(text)
    except ValidationError as error:
        return None, " ".join(error.messages)
    return due, ""


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment

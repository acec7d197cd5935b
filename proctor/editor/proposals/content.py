"""The content of a proposal, and its hash, which approvals refer to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING

from django.utils.timezone import get_default_timezone, is_naive, make_aware

from proctor.editor.models import Kind, Proposal
from proctor.editor.publishing.texts import parse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.models import ScheduledStep

__all__ = ["Content", "current_hash", "definition_of_proposal"]


@dataclass(frozen=True, slots=True)
class Content:
    """A change that someone proposes."""

    revision_kind: Kind
    branch: str
    test: str
    #: The id of the head that the change is based on; None if there is no head or if the head is a
    #: deletion.
    base: str | None
    #: The text of the definition without its version; None for a deletion, and for a schedule,
    #: which has steps instead.
    definition: str | None
    promoted_from: str | None = None
    message: str = ""
    override_reason: str = ""
    is_schedule: bool = False

    @property
    def kind(self) -> Proposal.Change:
        """The kind of the proposal."""
        if self.is_schedule:
            return Proposal.Change.SCHEDULE
        if self.definition is None:
            return Proposal.Change.DELETE
        is_promotion = self.revision_kind == Kind.PROMOTE
        return Proposal.Change.PROMOTE if is_promotion else Proposal.Change.EDIT

    def hash(self, steps: Iterable[ScheduledStep] = ()) -> str:
        """Return the SHA-256 of everything that would be published, excluding the base."""
        return _hash(
            self.kind.value,
            Kind(self.revision_kind).value,
            self.branch,
            self.test,
            self.definition,
            self.promoted_from,
            self.message,
            self.override_reason,
            *map(_step, steps),
        )


def current_hash(proposal: Proposal) -> str:
    """Compute the hash of the proposal's current content, without using the stored hash.

    *proposal* must be loaded with its branch.
    """
    is_schedule = proposal.kind == Proposal.Change.SCHEDULE
    steps = proposal.steps.select_related("branch").order_by("position") if is_schedule else ()
    content = Content(
        Kind(proposal.revision_kind),
        proposal.branch.name,
        proposal.test,
        proposal.base_id,
        proposal.definition,
        proposal.promoted_from_id,
        proposal.message,
        proposal.override_reason,
        is_schedule,
    )
    return content.hash(steps)


def definition_of_proposal(proposal: Proposal) -> Definition | None:
    """Return the proposed definition, or None for a deletion or a schedule."""
    text = proposal.definition
    return None if text is None else parse(text, proposal.test)


def _step(step: ScheduledStep) -> list[object]:
    due = None if step.at_once or step.due is None else _instant(step.due)
    return [
        step.position,
        step.branch.name,
        step.test,
        due,
        step.definition,
        step.message,
        step.guard,
    ]


def _instant(due: datetime) -> str:
    aware = make_aware(due, get_default_timezone()) if is_naive(due) else due
    return aware.astimezone(timezone.utc).isoformat()


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()

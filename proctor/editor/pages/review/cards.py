"""The cards that represent proposals in lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctor.editor.access.permissions import APPROVE, writing
from proctor.editor.branches import approvals_needed
from proctor.editor.models import Kind, Proposal
from proctor.editor.proposals.approvals import counting_approvals, wrote_part_of
from proctor.editor.proposals.finding import moved_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import Approval

__all__ = ["Card", "cards_of", "title_of"]

_TITLES = {
    Kind.CREATE: gettext_lazy("Create %(test)s on %(branch)s"),
    Kind.EDIT: gettext_lazy("Edit %(test)s on %(branch)s"),
    Kind.PROMOTE: gettext_lazy("Promote %(test)s to %(branch)s"),
    Kind.REVERT: gettext_lazy("Undo the last change to %(test)s on %(branch)s"),
    Kind.ROLL_BACK: gettext_lazy("Roll back %(test)s on %(branch)s"),
    Kind.RAMP: gettext_lazy("Change the shares of %(test)s on %(branch)s"),
    Kind.FINISH: gettext_lazy("Finish %(test)s on %(branch)s"),
    Kind.DELETE: gettext_lazy("Delete %(test)s from %(branch)s"),
}
_SCHEDULE = gettext_lazy("Schedule changes to %(test)s on %(branch)s")


def title_of(proposal: Proposal) -> str:
    """Return a title that describes a proposal."""
    is_schedule = proposal.kind == Proposal.Change.SCHEDULE
    form = (
        _SCHEDULE if is_schedule else _TITLES.get(Kind(proposal.revision_kind), _TITLES[Kind.EDIT])
    )
    return form % {"test": proposal.test, "branch": proposal.branch.name}


@dataclass(frozen=True, slots=True)
class Card:
    """A proposal and its progress, as one user sees it."""

    proposal: Proposal
    title: str
    approvals: list[Approval]
    needed: int
    is_mine: bool
    has_moved: bool
    #: True if the user may approve the proposal and has not done so yet.
    may_approve: bool
    may_publish: bool

    @property
    def is_approved(self) -> bool:
        """True if enough people have approved."""
        return len(self.approvals) >= self.needed

    @property
    def waits_for_me(self) -> bool:
        """True if the user can take the next step."""
        if not self.proposal.is_open or self.has_moved:
            return self.proposal.is_open and self.is_mine
        return self.may_publish if self.is_approved else self.may_approve

    @property
    def state(self) -> str:
        """The state, as a CSS class."""
        if not self.proposal.is_open:
            return str(self.proposal.state)
        if self.has_moved:
            return "moved"
        return "approved" if self.is_approved else "waiting"

    @property
    def state_name(self) -> str:
        """The proposal's progress, in a few words."""
        is_schedule = self.proposal.kind == Proposal.Change.SCHEDULE
        words = {
            "waiting": _("%(given)s of %(needed)s approvals")
            % {"given": len(self.approvals), "needed": self.needed},
            "approved": _("ready to start") if is_schedule else _("ready to publish"),
            "moved": _("base has moved"),
        }
        return words.get(self.state) or str(self.proposal.get_state_display())


def cards_of(actor: Actor, found: Iterable[Proposal]) -> list[Card]:
    """Return a card for each proposal, in the same order."""
    known = list(found)
    models.prefetch_related_objects(known, "approvals")
    moved = moved_keys(known)
    return [_card(actor, each, each.pk in moved) for each in known]


def _card(actor: Actor, proposal: Proposal, moved: bool) -> Card:
    test, branch = proposal.test, proposal.branch.name
    approvals = counting_approvals(proposal) if proposal.is_open else []
    is_mine = wrote_part_of(proposal, actor)
    has_approved = any(each.approver_key == str(actor.user_id) for each in approvals)
    can = actor.may(APPROVE, test=test, branch=branch)
    return Card(
        proposal,
        title_of(proposal),
        approvals,
        approvals_needed(branch),
        is_mine,
        moved,
        can and not is_mine and not has_approved,
        actor.may(writing(branch), test=test, branch=branch),
    )

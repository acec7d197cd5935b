"""Text about approvals: whether they are needed, and who can give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctor.editor.proposals.approvals import possible_approvers

if TYPE_CHECKING:
    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import Proposal

__all__ = ["Asking", "asking", "people_for"]

#: Maximum number of people to name.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """The approvals that a change needs before it can be published."""

    needed: int
    people: str

    @property
    def text(self) -> str:
        """Return a sentence that says how many people must approve."""
        return ngettext(
            "%(count)s other person must approve before this is published.",
            "%(count)s other people must approve before this is published.",
            self.needed,
        ) % {"count": self.needed}


def asking(actor: Actor, test: str, branch: str) -> Asking | None:
    """Return the approvals that are needed, or None if the actor can publish without approval."""
    needed = actor.approvals_needed(branch)
    if not needed:
        return None
    names = [
        user.get_username() for user in possible_approvers(test, branch) if user.pk != actor.user_id
    ]
    return Asking(needed, _named(names))


def people_for(proposal: Proposal) -> str:
    """Return the names of people who may approve a proposal, or "" if Django finds nobody."""
    users = possible_approvers(proposal.test, proposal.branch.name, proposal)
    return _named([user.get_username() for user in users])


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        return _("%(names)s and others") % {"names": shown}
    return shown

"""Actions on a proposal other than publishing it: approve, reject, comment, withdraw.

All of these functions take the `Actor` as the first argument. They raise PermissionMissing, Closed,
the errors named in their docstrings, and NotFound for a proposal that does not exist or that the
user may not see.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from proctor.core.sentences import Sentence, gettext_noop, listed
from proctor.database.retrying import retried
from proctor.editor.access.permissions import APPROVE, writing
from proctor.editor.errors import (
    Changed,
    Closed,
    Conflict,
    OwnApproval,
    PermissionMissing,
    refused,
)
from proctor.editor.models import Approval, Comment, Proposal
from proctor.editor.proposals.approvals import wrote_part_of
from proctor.editor.proposals.content import current_hash
from proctor.editor.proposals.events import note
from proctor.editor.proposals.finding import find_proposal, state_word
from proctor.editor.publishing.heads import find_head
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.written import legible, refuse_long

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.editor.access.permissions import Actor

__all__ = [
    "approve",
    "comment",
    "has_moved",
    "locked",
    "match_content",
    "refuse_moved",
    "reject",
    "require_open",
    "withdraw",
]


def require_open(proposal: Proposal) -> None:
    """Raise Closed unless the proposal is open."""
    if not proposal.is_open:
        raise Closed(
            Sentence(
                gettext_noop("proposal {number} is {state} and can no longer be changed"),
                number=proposal.pk,
                state=state_word(proposal.state),
            )
        )


def match_content(proposal: Proposal, content: str | None, base: str | None) -> None:
    """Raise Changed unless the proposal still has the content and base that the user saw."""
    if (content, base) != (current_hash(proposal), proposal.base_id):
        raise Changed(
            Sentence(
                gettext_noop("proposal {number} was changed after you opened it; review it again"),
                number=proposal.pk,
            )
        )


@contextlib.contextmanager
def locked(actor: Actor, number: int) -> Iterator[Proposal]:
    """Yield an open proposal in a transaction that locks it against other changes."""
    using = write_alias()
    with transaction.atomic(using=using):
        # Begin with a write, because that takes the lock in every database, including SQLite.
        Proposal.objects.using(using).filter(pk=number).update(turn=F("turn") + 1)
        proposal = find_proposal(actor, number)
        require_open(proposal)
        yield proposal


@retried(write_alias)
def approve(
    actor: Actor, number: int, *, content: str, base: str | None, message: str = ""
) -> Proposal:
    """Approve a proposal as the user saw it.

    *content* is the hash of the content that the user saw, and *base* is the base that they saw.
    Raises OwnApproval if the user wrote any part of the proposal, Changed if its content has
    changed since, and Conflict if the proposal's base is no longer the test's head.
    """
    with locked(actor, number) as proposal:
        branch = proposal.branch.name
        _require_person(actor, proposal)
        actor.require(APPROVE, test=proposal.test, branch=branch)
        refuse_long(proposal.test, message=message)
        if wrote_part_of(proposal, actor):
            raise OwnApproval(
                Sentence(
                    gettext_noop(
                        "another person must approve proposal {number}: {name} wrote part of it"
                    ),
                    number=number,
                    name=actor.name,
                )
            )
        match_content(proposal, content, base)
        refuse_moved(proposal)
        Approval.objects.using(write_alias()).update_or_create(
            proposal=proposal,
            approver=actor.name,
            defaults={
                "approver_key": str(actor.user_id),
                "content_hash": content,
                "base_id": base,
                "time": timezone.now(),
            },
        )
        note(proposal, Comment.Event.APPROVED, actor, message.strip())
    return proposal


def has_moved(proposal: Proposal) -> bool:
    """Return whether the proposal's base is no longer the test's head."""
    return _head(proposal) != proposal.base_id


def _head(proposal: Proposal) -> str | None:
    head = find_head(proposal.test, proposal.branch.name)
    return None if head is None or head.definition is None else head.id


def refuse_moved(proposal: Proposal) -> None:
    """Raise Conflict unless the proposal's base is still the test's head."""
    current = _head(proposal)
    if current != proposal.base_id:
        raise Conflict(
            proposal.test,
            proposal.branch.name,
            base=proposal.base_id,
            yours=proposal.definition,
            head=current,
        )


@retried(write_alias)
def reject(actor: Actor, number: int, *, reason: str) -> Proposal:
    """Close a proposal that should not be published.

    Requires the permission to approve, and a reason.
    """
    with locked(actor, number) as proposal:
        _require_person(actor, proposal)
        actor.require(APPROVE, test=proposal.test, branch=proposal.branch.name)
        if not legible(reason):
            raise refused(
                proposal.test,
                "reason-required",
                Sentence(gettext_noop("a rejection needs a reason")),
            )
        refuse_long(proposal.test, reason=reason)
        _close(proposal, Proposal.State.REJECTED)
        note(proposal, Comment.Event.REJECTED, actor, reason.strip())
    return proposal


@retried(write_alias)
def withdraw(actor: Actor, number: int, *, message: str = "") -> Proposal:
    """Close a proposal without publishing it.

    Only the people who wrote the proposal can withdraw it, as long as they may publish on its
    branch.
    """
    with locked(actor, number) as proposal:
        permission = writing(proposal.branch.name)
        actor.require(permission, test=proposal.test, branch=proposal.branch.name)
        if not actor.is_command and not wrote_part_of(proposal, actor):
            raise PermissionMissing(
                Sentence(
                    gettext_noop(
                        "only the people who wrote proposal {number} can withdraw it: "
                        "{names}. Others can reject it"
                    ),
                    number=number,
                    names=listed(proposal.contributor_names),
                ),
                permission,
            )
        refuse_long(proposal.test, message=message)
        _close(proposal, Proposal.State.WITHDRAWN)
        note(proposal, Comment.Event.WITHDRAWN, actor, message.strip())
    return proposal


def comment(actor: Actor, number: int, *, text: str) -> Comment:
    """Comment on a proposal, even if it is closed.

    Anyone who can see the proposal may comment. With a token, this is possible only if the token
    allows publishing on the branch.
    """
    proposal = find_proposal(actor, number)
    if actor.allowed is not None:
        branch = proposal.branch.name
        actor.require(writing(branch), test=proposal.test, branch=branch)
    if not legible(text):
        raise refused(
            proposal.test, "text-required", Sentence(gettext_noop("a comment must not be empty"))
        )
    refuse_long(proposal.test, comment=text)
    with transaction.atomic(using=write_alias()):
        return note(proposal, Comment.Event.COMMENTED, actor, text.strip())


def _close(proposal: Proposal, state: Proposal.State) -> None:
    proposal.state, proposal.closed = state, timezone.now()
    proposal.save(using=write_alias(), update_fields=["state", "closed"])


def _require_person(actor: Actor, proposal: Proposal) -> None:
    """Raise PermissionMissing for a token or a command, because only people may decide."""
    if actor.user is None or actor.allowed is not None:
        text = gettext_noop(
            "A token cannot approve or reject proposal {number}: only a signed-in person can"
        )
        if actor.user is None:
            text = gettext_noop(
                "A command cannot approve or reject proposal {number}: only a signed-in person can"
            )
        raise PermissionMissing(Sentence(text, number=proposal.pk), APPROVE)

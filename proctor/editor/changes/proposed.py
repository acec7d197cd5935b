"""Publication of approved proposals."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone

from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.access.permissions import DELETE, OVERRIDE, writing
from proctor.editor.changes.outcomes import Published
from proctor.editor.changes.overriding import with_override
from proctor.editor.changes.preparing import prepare_exact
from proctor.editor.errors import refused
from proctor.editor.models import Comment, Kind, Proposal
from proctor.editor.proposals.approvals import counting_approvals
from proctor.editor.proposals.content import current_hash, definition_of_proposal
from proctor.editor.proposals.deciding import match_content, require_open
from proctor.editor.proposals.events import note
from proctor.editor.proposals.finding import find_proposal
from proctor.editor.publishing.publishing import Change, Signature, publish, write_alias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import Revision

__all__ = ["Gate", "publish_proposal"]


def publish_proposal(
    actor: Actor, number: int, *, content: str | None = None, base: str | None = None
) -> Published:
    """Publish a proposal that enough other people have approved.

    *content* is the hash of the content that the user saw, and *base* is the base that they saw. If
    *content* is given, the proposal must still have this content and this base. The author of the
    revision is the author of the proposal.

    Raises NotFound, PermissionMissing, ApprovalNeeded, Closed, Changed, Refused, and the same
    errors as `publish`: Held, and Conflict if the base is no longer the head.
    """
    proposal = find_proposal(actor, number)
    require_open(proposal)
    if proposal.kind == Proposal.Change.SCHEDULE:
        raise refused(
            proposal.test,
            "scheduled",
            Sentence(
                gettext_noop("a schedule is published step by step, each step when it is due")
            ),
        )
    if content is not None:
        match_content(proposal, content, base)
    gate = Gate(actor, number, current_hash(proposal), proposal.base_id)
    gate.require(proposal)
    branch, definition = proposal.branch.name, definition_of_proposal(proposal)
    override = proposal.override_reason
    prepared = prepare_exact(branch, proposal.test, definition).checked(override=bool(override))
    change = Change(
        branch,
        proposal.test,
        proposal.base_id,
        definition,
        Kind(proposal.revision_kind),
        promoted_from=proposal.promoted_from_id,
    )
    message = with_override(proposal.message, override, prepared.broken)
    signature = Signature(proposal.author, message, user_id=actor.user_id)
    (revision,) = publish([change], signature, inside=gate)
    return Published(revision, prepared.moves, prepared.problems)


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks a proposal again in the transaction that publishes it, while the lock is held."""

    actor: Actor
    number: int
    #: The hash of the proposal's content, and the base, as read before the lock was taken.
    content: str
    base: str | None

    def require(self, proposal: Proposal) -> list[str]:
        """Return the approvers of a proposal.

        Raises ApprovalNeeded unless enough people have approved the proposal, and PermissionMissing
        unless the actor may publish it.
        """
        test, branch = proposal.test, proposal.branch.name
        self.actor.require(writing(branch), test=test, branch=branch)
        if proposal.is_deletion:
            self.actor.require(DELETE, test=test, branch=branch)
        if proposal.override_reason:
            self.actor.require(OVERRIDE, test=test, branch=branch)
        approvers = [each.approver for each in counting_approvals(proposal)]
        self.actor.require_approvals(branch, approvers)
        return approvers

    @contextlib.contextmanager
    def __call__(self, revisions: list[Revision]) -> Iterator[None]:
        """Ensure that an approved proposal is published only once."""
        rows = Proposal.objects.using(write_alias()).filter(pk=self.number)
        rows.update(turn=F("turn") + 1)  # locks the row against approvals and changes
        proposal = find_proposal(self.actor, self.number)
        require_open(proposal)
        match_content(proposal, self.content, self.base)
        approvers = self.require(proposal)
        for revision in revisions:
            revision.approvers = "\n".join(approvers)
        yield
        rows.update(
            state=Proposal.State.PUBLISHED,
            closed=timezone.now(),
            revision=revisions[-1],
            published_by=self.actor.name,
        )
        proposal.refresh_from_db()
        note(proposal, Comment.Event.PUBLISHED, self.actor)

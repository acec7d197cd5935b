"""One person's change to one test: check it, then publish or propose it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.problems import Severity
from proctor.editor.access.permissions import OVERRIDE, writing
from proctor.editor.changes.outcomes import Proposed, Published
from proctor.editor.changes.overriding import with_override
from proctor.editor.errors import Conflict
from proctor.editor.proposals.content import Content
from proctor.editor.proposals.opening import propose
from proctor.editor.publishing.publishing import Change, Signature, publish
from proctor.editor.publishing.texts import write
from proctor.editor.specifications.verdicts import BREAKS
from proctor.editor.written import legible, refuse_long

if TYPE_CHECKING:
    from proctor.editor.access.permissions import Actor
    from proctor.editor.changes.preparing import Prepared
    from proctor.editor.models import Kind, Revision

__all__ = ["Act"]


@dataclass(frozen=True, slots=True)
class Act:
    """The author, test, branch, base and message of a publication."""

    actor: Actor
    test: str
    branch: str
    base: str | None
    kind: Kind
    message: str = ""
    #: True to ask for approval even if the branch does not require it.
    review: bool = False
    promoted_from: str | None = None
    #: The reason for publishing the change even if it breaks applications, or "" if it must not
    #: break any application.
    override: str = ""

    def require(self) -> None:
        """Raise PermissionMissing unless the actor may publish the change or propose it.

        Raises Refused for a message or a reason that is too long.
        """
        self.actor.require(writing(self.branch), test=self.test, branch=self.branch)
        if legible(self.override):
            self.actor.require(OVERRIDE, test=self.test, branch=self.branch)
        refuse_long(self.test, message=self.message, reason=self.override)

    def match(self, head: Revision | None, yours: str | None = None) -> Revision | None:
        """Return *head*. Raises Conflict unless *head* is the base of the change."""
        current = None if head is None or head.definition is None else head.id
        if current != self.base:
            raise Conflict(self.test, self.branch, base=self.base, yours=yours, head=current)
        return head

    def carry_out_checked(self, prepared: Prepared) -> Published | Proposed:
        """Carry out a prepared change. Raises Refused for any problem that is not a warning.

        The change may break applications only if `override` gives a reason.
        """
        return self.carry_out(prepared.checked(override=bool(legible(self.override))))

    def carry_out(self, prepared: Prepared) -> Published | Proposed:
        """Publish a prepared change, or propose it if other people must approve."""
        if self.review or self.actor.approvals_needed(self.branch):
            proposal = propose(self.actor, self.content(prepared))
            return Proposed(proposal, prepared.moves, prepared.problems)
        return self.publish(prepared)

    def content(self, prepared: Prepared) -> Content:
        """Return this change as the content of a proposal."""
        definition = prepared.definition
        return Content(
            self.kind,
            self.branch,
            self.test,
            self.base,
            None if definition is None else write(definition.with_version(None)),
            self.promoted_from,
            self.message,
            self.override.strip(),
        )

    def publish(self, prepared: Prepared) -> Published:
        """Publish a prepared change, even if the branch needs approvals."""
        change = Change(
            self.branch,
            self.test,
            self.base,
            prepared.definition,
            self.kind,
            promoted_from=self.promoted_from,
        )
        signature = Signature(
            self.actor.name,
            with_override(self.message, self.override, prepared.broken),
            on_behalf_of=self.actor.on_behalf_of,
            user_id=self.actor.user_id,
        )
        (revision,) = publish([change], signature)
        # The override allows the change to break applications, so the problem is only a warning
        # now.
        problems = tuple(
            replace(each, severity=Severity.WARNING) if each.code == BREAKS else each
            for each in prepared.problems
        )
        return Published(revision, prepared.moves, problems)

"""Changes that are waiting for approval or for their scheduled time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from proctor.database.exact_text import ExactCharField, ExactTextField
from proctor.editor.revision_models import NAME_LENGTH, Branch, Kind, Revision

__all__ = ["Approval", "Comment", "Proposal", "ScheduledStep"]


class Proposal(models.Model):
    """A change that is waiting for approval: an edit, a promotion, a deletion or a schedule."""

    class State(models.TextChoices):
        """The state of a proposal."""

        OPEN = "open", _("open")
        #: Used only for a schedule: its steps are published when they are due.
        ACCEPTED = "accepted", _("accepted")
        PUBLISHED = "published", _("published")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Change(models.TextChoices):
        """The kind of change that a proposal makes."""

        EDIT = "edit", _("edit")
        PROMOTE = "promote", _("promote")
        DELETE = "delete", _("delete")
        SCHEDULE = "schedule", _("schedule")

    kind = models.CharField(_("kind"), max_length=16, choices=Change.choices)
    #: The kind of the revision, once the change is published.
    revision_kind = models.CharField(max_length=16, choices=Kind.choices)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="proposals")
    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    #: The head that the change is based on, or None if there was no head.
    base = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")
    promoted_from = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")
    #: The proposed definition; None for a deletion, and for a schedule, which has steps instead.
    definition = models.TextField(null=True)
    #: SHA-256 of everything that would be published. An approval counts only while this hash and
    #: the base are unchanged.
    content_hash = models.CharField(max_length=64)
    #: The names of the people who wrote any part of the proposal, one per line. Their approvals do
    #: not count.
    contributors = models.TextField()
    #: The primary keys of the same people, one per line, because a user name can be reassigned.
    contributor_keys = models.TextField(blank=True)
    author = models.CharField(_("author"), max_length=NAME_LENGTH)
    message = ExactTextField(_("message"), blank=True)
    override_reason = ExactTextField(blank=True)
    state = models.CharField(
        _("state"), max_length=16, choices=State.choices, default=State.OPEN, db_index=True
    )
    #: The number of approvals that an accepted schedule needed. Before each step, the approvals are
    #: checked again.
    approvals_needed = models.PositiveIntegerField(default=0)
    #: The running schedule that this one replaces.
    replaces = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(_("created"))
    closed = models.DateTimeField(null=True)
    #: Number of events in the proposal's history. Every decision starts by updating this number,
    #: which locks the row against other decisions.
    turn = models.PositiveIntegerField(default=0)
    #: The revision and the user who published it; None and "" until the proposal is published.
    revision = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="proposals")
    published_by = models.CharField(max_length=NAME_LENGTH, blank=True)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["test", "state"], name="proctor_proposal_test"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.test} on {self.branch}"

    @property
    def is_open(self) -> bool:
        """True until the proposal is published, rejected or withdrawn."""
        return self.state == self.State.OPEN

    @property
    def is_deletion(self) -> bool:
        """True if publishing the proposal deletes the test."""
        return self.definition is None and self.kind != self.Change.SCHEDULE

    @property
    def contributor_names(self) -> list[str]:
        """The names of the people who wrote any part of the proposal, author first."""
        return self.contributors.splitlines()


class Approval(models.Model):
    """A user's approval of a proposal, valid only until the proposal's content or base changes."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="approvals")
    approver = ExactCharField(max_length=NAME_LENGTH)
    #: The primary key of the user who approved, as a string.
    approver_key = models.CharField(max_length=NAME_LENGTH)
    content_hash = models.CharField(max_length=64)
    base = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")
    time = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "approver"], name="proctor_approval_once"),
        ]

    def __str__(self) -> str:
        return f"{self.approver}: {self.proposal}"


class Comment(models.Model):
    """A comment on a proposal, or a record of an action on it. Never changed or deleted."""

    class Event(models.TextChoices):
        """The kind of action on a proposal that a comment records."""

        OPENED = "opened", _("opened")
        UPDATED = "updated", _("updated")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        COMMENTED = "commented", _("commented")
        WITHDRAWN = "withdrawn", _("withdrawn")
        PUBLISHED = "published", _("published")
        #: Used only for a schedule: it was accepted, or one of its steps was blocked or resumed.
        ACCEPTED = "accepted", _("accepted")
        BLOCKED = "blocked", _("blocked")
        RESUMED = "resumed", _("resumed")

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="comments")
    event = models.CharField(max_length=16, choices=Event.choices, default=Event.COMMENTED)
    author = models.CharField(max_length=NAME_LENGTH)
    text = models.TextField(blank=True)
    time = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["time", "id"]

    def __str__(self) -> str:
        return f"{self.author} {self.event}: {self.text[:60]}"


class ScheduledStep(models.Model):
    """One step of a schedule: an exact definition, published at a set time."""

    class State(models.TextChoices):
        """The state of a step."""

        #: The proposal is not approved yet.
        PROPOSED = "proposed", _("proposed")
        WAITING = "waiting", _("waiting")
        PUBLISHED = "published", _("published")
        CANCELLED = "cancelled", _("cancelled")
        #: The step waits until a person acts; `blocked_by` and `problem` contain the reason.
        BLOCKED = "blocked", _("blocked")

    class Block(models.TextChoices):
        """A reason why a step cannot be published."""

        BASE = "base", _("the test has changed")
        HOLD = "hold", _("the test is held")
        APPROVAL = "approval", _("an approval is no longer valid")
        GUARD = "guard", _("a guard holds it")
        INVALID = "invalid", _("the engine would not load it")
        ERROR = "error", _("an error")

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="steps")
    #: Starts at 0.
    position = models.PositiveIntegerField()
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="steps")
    test = ExactCharField(max_length=NAME_LENGTH)
    #: True if the step is due as soon as the schedule is accepted.
    at_once = models.BooleanField(default=False)
    #: The earliest time, by the database's clock, at which the step can be published. If it is to
    #: be published immediately, this is None until the schedule is accepted.
    due = models.DateTimeField(null=True)
    #: The earliest time at which a process may publish the step: its due time, or later while a
    #: guard is running. None if another step comes first or a person must act. A branch's
    #: `next_due` is the earliest of these times.
    try_at = models.DateTimeField(null=True)
    definition = models.TextField()
    #: The allocation ids that are reserved for the step until it is published. A JSON list.
    allocation_ids = ExactTextField(default="[]")
    #: The head that this step is based on, or None until the previous step is published.
    base = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")
    revision = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")
    message = models.TextField(blank=True)
    #: Dotted path of a callable that can hold the step, or "" for none.
    guard = models.CharField(max_length=NAME_LENGTH, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PROPOSED)
    blocked_by = models.CharField(max_length=16, choices=Block.choices, blank=True)
    #: The reason why the step is blocked, as a sentence.
    problem = models.TextField(blank=True)
    #: The time when the state last changed.
    since = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["proposal", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "position"], name="proctor_step_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["branch", "try_at"], name="proctor_step_due"),
            models.Index(fields=["test", "state"], name="proctor_step_test"),
        ]

    def __str__(self) -> str:
        return f"{self.test} on {self.branch} at {self.due}"

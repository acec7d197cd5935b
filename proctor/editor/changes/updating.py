"""Changes to an open proposal: replace its definition, or rebase it.

A user who changes a proposal becomes a contributor, and earlier approvals are no longer valid.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.placement import pieces_of
from proctor.core.authoring.moves.placement import shares as shares_of
from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.sentences import Sentence, gettext_noop, sentence_of
from proctor.database.retrying import retried
from proctor.editor.access.permissions import DELETE, writing
from proctor.editor.branches import first_branch
from proctor.editor.changes.finishing import finished
from proctor.editor.changes.outcomes import Proposed
from proctor.editor.changes.preparing import (
    Prepared,
    parse_sent,
    prepare_edit,
    prepare_restored,
    prepare_written,
)
from proctor.editor.errors import Changed, Conflict, refused
from proctor.editor.models import Comment, Kind, Proposal
from proctor.editor.proposals.content import Content, current_hash, definition_of_proposal
from proctor.editor.proposals.deciding import locked, require_open
from proctor.editor.proposals.events import note
from proctor.editor.proposals.finding import find_proposal, kind_word
from proctor.editor.proposals.opening import refuse_held
from proctor.editor.publishing.heads import definition_of, find_head
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import write
from proctor.editor.written import refuse_long

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.access.permissions import Actor

__all__ = ["can_be_edited", "rebase_proposal", "update_proposal"]


def can_be_edited(proposal: Proposal) -> bool:
    """Return True for an edit; no other kind of proposal can be changed."""
    return (
        proposal.kind == Proposal.Change.EDIT
        and proposal.revision_kind in (Kind.CREATE, Kind.EDIT)
        and proposal.branch.name == first_branch()
    )


def update_proposal(
    actor: Actor,
    number: int,
    text: str,
    *,
    content: str,
    base: str | None,
    message: str | None = None,
) -> Proposed:
    """Replace the definition and the base of an open edit. The new *base* must be the head.

    *content* is the hash of the content that the user started from. Raises Changed if the
    proposal's content has changed since then, Conflict if *base* is not the head, and the same
    errors as `services.edit`.
    """
    proposal = _writable(actor, number)
    refuse_long(proposal.test, message=message or "")
    branch = proposal.branch.name
    if not can_be_edited(proposal):
        raise refused(
            proposal.test,
            "not-an-edit",
            Sentence(
                gettext_noop(
                    "only an edit can be changed, but this proposal is a {kind}; withdraw it and "
                    "open a new proposal"
                ),
                kind=kind_word(proposal.revision_kind),
            ),
        )
    previous = _matching(proposal, base, text)
    sent = parse_sent(text, proposal.test, previous)
    prepared = prepare_edit(branch, proposal.test, sent, previous, proposal=number).checked()
    kind = Kind.CREATE if base is None else Kind.EDIT
    words = proposal.message if message is None else message
    return _replaced(
        actor, proposal, content, prepared, _content(proposal, prepared, base, kind, words)
    )


def rebase_proposal(actor: Actor, number: int, *, content: str, base: str | None) -> Proposed:
    """Apply a proposal's change to *base*, the current head of the test on its branch.

    Raises the same errors as `update_proposal`, and Refused if a change of this kind cannot be
    rebased.
    """
    proposal = _writable(actor, number)
    head = _matching(proposal, base, proposal.definition)
    kind = Kind(proposal.revision_kind)
    if kind in (Kind.CREATE, Kind.EDIT):
        kind = Kind.CREATE if base is None else Kind.EDIT
    override = bool(proposal.override_reason)
    prepared = _made_again(proposal, kind, head).checked(override=override)
    new = _content(proposal, prepared, base, kind, proposal.message)
    return _replaced(actor, proposal, content, prepared, new)


def _writable(actor: Actor, number: int) -> Proposal:
    proposal = find_proposal(actor, number)
    require_open(proposal)
    test, branch = proposal.test, proposal.branch.name
    actor.require(writing(branch), test=test, branch=branch)
    if proposal.is_deletion:
        actor.require(DELETE, test=test, branch=branch)
    refuse_held(test, branch)
    return proposal


def _matching(proposal: Proposal, base: str | None, yours: str | None) -> Definition | None:
    """Return the head's definition. Raises Conflict unless the head is *base*."""
    test, branch = proposal.test, proposal.branch.name
    head = find_head(test, branch)
    current = None if head is None or head.definition is None else head.id
    if current != base:
        raise Conflict(test, branch, base=base, yours=yours, head=current)
    return definition_of(head)


def _made_again(proposal: Proposal, kind: Kind, head: Definition | None) -> Prepared:
    branch, test, number = proposal.branch.name, proposal.test, proposal.pk
    wanted = definition_of_proposal(proposal)
    if proposal.kind == Proposal.Change.SCHEDULE or kind == Kind.REVERT:
        raise _again(proposal)
    if kind in (Kind.CREATE, Kind.EDIT):
        assert wanted is not None
        return prepare_edit(branch, test, wanted, head, proposal=number)
    if kind not in (Kind.RAMP, Kind.FINISH):
        return prepare_restored(branch, test, wanted, proposal=number)
    if head is None or wanted is None:
        raise _again(proposal)
    try:
        new = _finished(head, wanted) if kind == Kind.FINISH else _ramped(proposal, head, wanted)
    except (ChangeRefused, ValueError) as error:
        raise refused(test, "change-refused", sentence_of(error)) from error
    return prepare_written(branch, test, new, head, proposal=number)


def _again(proposal: Proposal) -> Exception:
    return refused(
        proposal.test,
        "made-anew",
        Sentence(
            gettext_noop(
                "the base has moved, and this change cannot be moved to a new base; withdraw "
                "it and propose it again"
            )
        ),
    )


def _finished(head: Definition, wanted: Definition) -> Definition:
    return finished(head, wanted.test.allocations[0].ranges[0].bucket_value)


def _ramped(proposal: Proposal, head: Definition, wanted: Definition) -> Definition:
    """Apply the shares from the proposal to the head."""
    base = definition_of(proposal.base)
    if base is None or len(head.test.allocations) != len(wanted.test.allocations):
        raise _again(proposal)
    test = head.test
    pairs = zip(base.test.allocations, wanted.test.allocations, strict=True)
    for index, (before, after) in enumerate(pairs):
        if before.ranges == after.ranges:
            continue
        if (before.rule, before.name) != (
            test.allocations[index].rule,
            test.allocations[index].name,
        ):
            raise _again(proposal)
        shares = shares_of(pieces_of(after.ranges))
        values = {bucket.value for bucket in test.buckets}
        test = ramp(test, index, {each: shares.get(each, Fraction(0)) for each in values})
    return replace(head, test=test)


def _content(
    proposal: Proposal, prepared: Prepared, base: str | None, kind: Kind, message: str
) -> Content:
    definition = prepared.definition
    return Content(
        kind,
        proposal.branch.name,
        proposal.test,
        base,
        None if definition is None else write(definition.with_version(None)),
        proposal.promoted_from_id,
        message,
        proposal.override_reason,
    )


@retried(write_alias)
def _replaced(
    actor: Actor, seen: Proposal, content: str, prepared: Prepared, new: Content
) -> Proposed:
    """Store the new content, unless the proposal has changed since the user read it."""
    digest = new.hash()
    with locked(actor, seen.pk) as proposal:
        known = current_hash(proposal)
        if known != content:
            raise Changed(
                Sentence(
                    gettext_noop(
                        "proposal {number} was changed after you opened it; review it again"
                    ),
                    number=proposal.pk,
                )
            )
        if (digest, new.base) == (known, proposal.base_id):
            raise refused(proposal.test, "unchanged", Sentence(gettext_noop("nothing was changed")))
        proposal.kind, proposal.revision_kind = new.kind, new.revision_kind
        proposal.base_id, proposal.definition = new.base, new.definition
        proposal.content_hash, proposal.message = digest, new.message
        proposal.contributors = _with(proposal.contributors, actor.name)
        if actor.user_id is not None:
            proposal.contributor_keys = _with(proposal.contributor_keys, str(actor.user_id))
        proposal.save(using=write_alias())
        proposal.approvals.all().delete()
        note(proposal, Comment.Event.UPDATED, actor)
    return Proposed(find_proposal(actor, seen.pk), prepared.moves, prepared.problems)


def _with(lines: str, line: str) -> str:
    known = lines.splitlines()
    return lines if line in known else "\n".join([*known, line])

"""Proposals as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.editor.api.documents import (
    definition_document,
    moves_document,
    problems_document,
)
from proctor.editor.branches import approvals_needed
from proctor.editor.changes.preparing import prepare_exact
from proctor.editor.changes.sentences import proposed_sentences
from proctor.editor.proposals.approvals import counting_approvals
from proctor.editor.proposals.content import current_hash, definition_of_proposal
from proctor.editor.proposals.deciding import has_moved
from proctor.editor.publishing.texts import parse

if TYPE_CHECKING:
    from proctor.editor.models import Proposal, ScheduledStep

__all__ = ["proposal_document", "whole_document"]


def proposal_document(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as JSON. *proposal* must be loaded with its branch."""
    counting = {each.pk for each in counting_approvals(proposal)} if proposal.is_open else set()
    return {
        "id": proposal.pk,
        "state": proposal.state,
        "kind": proposal.kind,
        "revision_kind": proposal.revision_kind,
        "test": proposal.test,
        "branch": proposal.branch.name,
        "base": proposal.base_id,
        "hash": current_hash(proposal),
        "from": proposal.promoted_from_id,
        "definition": definition_document(definition_of_proposal(proposal)),
        "message": proposal.message,
        "author": proposal.author,
        "contributors": proposal.contributor_names,
        "created": proposal.created.isoformat(),
        "closed": None if proposal.closed is None else proposal.closed.isoformat(),
        "needed": approvals_needed(proposal.branch.name),
        "approvals": [
            {
                "approver": each.approver,
                "time": each.time.isoformat(),
                "counts": each.pk in counting,
            }
            for each in proposal.approvals.order_by("time", "pk")
        ],
        "revision": proposal.revision_id,
        "published_by": proposal.published_by or None,
        "steps": _steps(proposal),
    }


def _steps(proposal: Proposal) -> list[dict[str, Any]]:
    """Return the steps if the proposal is a schedule, otherwise an empty list."""
    if proposal.kind != proposal.Change.SCHEDULE:
        return []
    return [_step_document(each) for each in proposal.steps.order_by("position")]


def _step_document(step: ScheduledStep) -> dict[str, Any]:
    """Return a step of a schedule as JSON."""
    return {
        "number": step.position + 1,
        "state": step.state,
        "due": None if step.due is None else step.due.isoformat(),
        "definition": definition_document(parse(step.definition, step.test)),
        "message": step.message,
        "guard": step.guard or None,
        "revision": step.revision_id,
        "blocked_by": step.blocked_by or None,
        "problem": step.problem or None,
    }


def whole_document(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as JSON, with its history and the effects of publishing it now."""
    found = {
        **proposal_document(proposal),
        "sentences": proposed_sentences(proposal),
        "comments": [
            {
                "event": each.event,
                "author": each.author,
                "text": each.text,
                "time": each.time.isoformat(),
            }
            for each in proposal.comments.all()
        ],
        "moved": None,
        "moves": [],
        "problems": [],
    }
    if proposal.is_open and proposal.kind != proposal.Change.SCHEDULE:
        definition = definition_of_proposal(proposal)
        prepared = prepare_exact(proposal.branch.name, proposal.test, definition)
        found["moved"] = has_moved(proposal)
        found["moves"] = moves_document(proposal.test, prepared.moves)
        found["problems"] = problems_document(prepared.problems)
    return found

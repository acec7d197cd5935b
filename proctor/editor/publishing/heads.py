"""Read the heads and revisions that changes are based on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from proctor.core.matrices.matrix import Allocation, TestDefinition
from proctor.editor.branches import check_branch
from proctor.editor.errors import NoSuchRevision, NoSuchTest
from proctor.editor.models import Head, Proposal, Revision, ScheduledStep
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import parse

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition

__all__ = ["definition_of", "find_head", "head_of", "published_ids", "revision_of", "used_ids"]


def find_head(test: str, branch: str, *, using: str | None = None) -> Revision | None:
    """Return the newest revision of a test on a branch, or None. It can be a deletion.

    The revision is read from the database that publications write to, unless *using* names a
    different one.
    """
    check_branch(branch)
    heads = Head.objects.using(using or write_alias()).select_related("revision__branch")
    head = heads.filter(branch__name=branch, test=test).first()
    return None if head is None else head.revision


def head_of(test: str, branch: str, *, using: str | None = None) -> Revision:
    """Return the current revision of a test on a branch. Raises NoSuchTest if there is none."""
    found = find_head(test, branch, using=using)
    if found is None or found.definition is None:
        raise NoSuchTest(test, branch)
    return found


def revision_of(test: str, branch: str, revision: str, *, using: str | None = None) -> Revision:
    """Return a revision of a test on a branch, by its id. Raises NoSuchRevision."""
    check_branch(branch)
    rows = Revision.objects.using(using or write_alias()).select_related("branch")
    found: Revision | None = rows.filter(id=revision, test=test, branch__name=branch).first()
    if found is None:
        raise NoSuchRevision(test, branch, revision)
    return found


def definition_of(revision: Revision | None) -> Definition | None:
    """Return a revision's definition. Return None for a deletion, or if there is no revision."""
    if revision is None or revision.definition is None:
        return None
    return parse(revision.definition, revision.test)


#: States of proposals whose content or steps may still be published.
_LIVE = (Proposal.State.OPEN, Proposal.State.ACCEPTED)
_OVER = (ScheduledStep.State.PUBLISHED, ScheduledStep.State.CANCELLED)


def published_ids(test: str, branch: str) -> set[str]:
    """Return all allocation ids that the test has ever had on a branch."""
    rows = Revision.objects.using(write_alias()).filter(test=test, branch__name=branch)
    texts = rows.order_by().values_list("allocation_ids", flat=True).distinct()
    return {each for text in texts for each in json.loads(text)}


def used_ids(test: str, *, proposal: int | None = None) -> list[TestDefinition]:
    """Return definitions that contain all allocation ids the test has had on any branch.

    Ids in open proposals and scheduled steps are included, because proposals and steps are
    published unchanged. Ids in the proposal with the number *proposal* are left out.
    """
    using = write_alias()
    rows = Revision.objects.using(using).filter(test=test)
    texts = rows.values_list("allocation_ids", flat=True)
    steps = ScheduledStep.objects.using(using).filter(test=test, proposal__state__in=_LIVE)
    ahead = steps.exclude(state__in=_OVER).exclude(proposal=proposal).order_by()
    found = set()
    for text in texts.union(ahead.values_list("allocation_ids", flat=True)):
        found.update(json.loads(text))
    proposals = Proposal.objects.using(using).filter(test=test, state=Proposal.State.OPEN)
    for key, proposed in proposals.exclude(definition=None).values_list("pk", "definition"):
        if key != proposal and proposed is not None:
            found.update(each.id for each in parse(proposed, test).test.allocations if each.id)
    return [TestDefinition(test, allocations=tuple(Allocation(id=each) for each in sorted(found)))]

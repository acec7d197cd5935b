"""Describe the changes that a revision makes, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.review.reviewing import review
from proctor.core.sentences import Sentence, gettext_noop, sentence_of
from proctor.editor.proposals.content import definition_of_proposal
from proctor.editor.publishing.heads import definition_of, find_head
from proctor.resolving.site_setup import current_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.models import Proposal, Revision

__all__ = ["proposed_sentences", "sentences", "sentences_between"]


def sentences(revision: Revision) -> list[str]:
    """Return the changes between *revision* and its base, most serious first.

    Only the test itself is compared, not the tests that depend on it.
    """
    return sentences_between(
        lambda: definition_of(revision.made_from), lambda: definition_of(revision)
    )


def proposed_sentences(proposal: Proposal) -> list[str]:
    """Return the changes that publishing a proposal now would make, most serious first.

    For a closed proposal, the changes are relative to its base. For a schedule, the list is empty,
    because only the schedule's steps change the test.
    """
    if proposal.kind == proposal.Change.SCHEDULE:
        return []
    old = proposal.base
    if proposal.is_open:
        old = find_head(proposal.test, proposal.branch.name)
    return sentences_between(lambda: definition_of(old), lambda: definition_of_proposal(proposal))


def sentences_between(
    read_old: Callable[[], Definition | None], read_new: Callable[[], Definition | None]
) -> list[str]:
    """Return the changes between two definitions, either of which may be unreadable."""
    try:
        old, new = _consumable(read_old()), _consumable(read_new())
    except Refusal as refusal:
        text = gettext_noop("The change cannot be shown: {problem}")
        return [Sentence(text, problem=sentence_of(refusal))]
    found = review(
        old,
        new,
        context_types=current_variables().context_types,
        test_types=settings.PROCTOR_TEST_TYPES,
    )
    # Every revision has a new version, so the change of version is not worth showing.
    return [
        sentence
        for test in found.tests
        for sentence in test.sentences
        if not sentence.startswith("The version changed ")
    ]


def _consumable(definition: Definition | None) -> TestDefinition | None:
    """Return the test in the matrix's format. Raises Refusal if it cannot be converted."""
    return None if definition is None else definition.consumable()

"""Promotion of several tests in one transaction: either all tests are published or none is.

This way, a test can be promoted together with the test that it depends on. If other people must
approve, each test becomes a proposal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.jumping import jumping_allocations
from proctor.core.authoring.moves.who_moves import moves_between
from proctor.core.authoring.refusals import Refusal
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.access.permissions import OVERRIDE, writing
from proctor.editor.changes.family import examined, family
from proctor.editor.changes.overriding import with_override
from proctor.editor.changes.preparing import Prepared, ids_moved_on
from proctor.editor.changes.services import check_direction
from proctor.editor.errors import Conflict, refused
from proctor.editor.models import Kind
from proctor.editor.proposals.content import Content
from proctor.editor.proposals.opening import propose
from proctor.editor.publishing.heads import definition_of, find_head, revision_of
from proctor.editor.publishing.publishing import Change, Signature, publish
from proctor.editor.publishing.texts import write
from proctor.editor.specifications.known import read_applications
from proctor.editor.specifications.verdicts import application_problems, verdicts
from proctor.editor.written import legible, refuse_long

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import Proposal, Revision

__all__ = ["Promotion", "Together", "prepare_together", "promote_together"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """A revision to publish on a later branch."""

    test: str
    revision: str
    #: The head that the user saw on the later branch, or None if the test did not exist there.
    base: str | None


@dataclass(frozen=True, slots=True)
class Together:
    """The effects of publishing several definitions on a branch together."""

    #: Maps each test to the definition to publish, with its new allocation ids.
    definitions: Mapping[str, Definition]
    #: The change to all tests together. Its `definition` is None, because several definitions
    #: change.
    prepared: Prepared


def prepare_together(branch: str, definitions: Mapping[str, Definition]) -> Together:
    """Return the effects of publishing *definitions* on a branch, without writing anything.

    *definitions* maps each test to its new definition.
    """
    applications = read_applications()
    before: dict[str, TestDefinition] = {}
    for name, definition in definitions.items():
        parent = definition.test.depends_on
        parents = [parent.test_name] if parent is not None and parent.test_name else []
        before |= family(name, branch, parents)
    loaded = examined(before, applications).loaded
    problems: list[Problem] = []
    after = dict(before)
    for name, definition in definitions.items():
        try:
            after[name] = definition.consumable()
        except Refusal as refusal:
            problems.append(refusal.problem)
    if problems:
        return Together(definitions, Prepared(None, {}, {}, tuple(problems)))
    examination = examined(after, applications)
    numbered = _numbered(branch, definitions, loaded, examination.loaded)
    for name, problem in examination.dropped.items():
        if name in loaded or name not in before:
            problems.append(_dropped(name, problem, name in definitions))
    says = verdicts(applications.on(branch), before, after, [*definitions])
    if not problems:
        problems += application_problems(says, None)
    prepared = Prepared(None, loaded, examination.loaded, tuple(problems), tuple(says))
    return Together(numbered, prepared)


def _may_break(test: str, definitions: Mapping[str, Definition], prepared: Prepared) -> bool:
    """Return whether promoting this test may be the reason why an application breaks."""
    broken = {name for each in prepared.says for name in each.breaks}
    # If an application can no longer load a test that is not being promoted, any of the promoted
    # tests may be the cause.
    return test in broken or not broken <= definitions.keys()


def _dropped(name: str, problem: Problem, is_changed: bool) -> Problem:
    if is_changed:
        return replace(problem, severity=Severity.FATAL)
    message = Sentence(
        gettext_noop("{name!r} would be dropped: {problem}; change that test first"),
        name=name,
        problem=problem.message,
    )
    return Problem(Severity.FATAL, message, name, code="breaks-dependent")


def _numbered(
    branch: str,
    definitions: Mapping[str, Definition],
    before: Mapping[str, TestDefinition],
    after: Mapping[str, TestDefinition],
) -> dict[str, Definition]:
    """Return the definitions with allocation ids assigned as in `prepare_restored`."""
    moves = moves_between(before, after)
    found = {}
    for name, definition in definitions.items():
        jumping = jumping_allocations(moves.get(name, ()))
        found[name] = ids_moved_on(branch, name, definition, jumping)
    return found


def promote_together(
    actor: Actor,
    promotions: Sequence[Promotion],
    source: str,
    target: str,
    *,
    message: str = "",
    override: str = "",
) -> list[Revision] | list[Proposal]:
    """Publish revisions of several tests on a later branch, either all or none.

    The revisions come from the branch *source*; *target* is the later branch. Return proposals
    instead if other people must approve. For *override* and the exceptions, see `services.promote`.
    """
    definitions: dict[str, Definition] = {}
    for each in promotions:
        check_direction(each.test, source, target)
        actor.require(writing(target), test=each.test, branch=target)
        if legible(override):
            actor.require(OVERRIDE, test=each.test, branch=target)
        refuse_long(each.test, message=message, reason=override)
    for each in promotions:
        definition = definition_of(revision_of(each.test, source, each.revision))
        if definition is None:
            text = gettext_noop("revision {revision} is a deletion; delete the test instead")
            sentence = Sentence(text, revision=each.revision)
            raise refused(each.test, "promoted-deletion", sentence)
        head = find_head(each.test, target)
        current = None if head is None or head.definition is None else head.id
        if current != each.base:
            raise Conflict(each.test, target, base=each.base, yours=None, head=current)
        definitions[each.test] = definition
    together = prepare_together(target, definitions)
    prepared = together.prepared.checked(override=bool(legible(override)))
    if actor.approvals_needed(target):
        return [
            propose(
                actor,
                Content(
                    Kind.PROMOTE,
                    target,
                    each.test,
                    each.base,
                    write(together.definitions[each.test].with_version(None)),
                    each.revision,
                    message,
                    override.strip() if _may_break(each.test, definitions, prepared) else "",
                ),
            )
            for each in promotions
        ]
    words = with_override(message, override, prepared.broken)
    changes = [
        Change(
            target,
            each.test,
            each.base,
            together.definitions[each.test],
            Kind.PROMOTE,
            promoted_from=each.revision,
        )
        for each in promotions
    ]
    return publish(changes, Signature(actor.name, words, user_id=actor.user_id))

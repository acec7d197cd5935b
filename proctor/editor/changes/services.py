"""Services that change a test: each checks the permission and the change, then publishes it.

All take the `Actor` as the first argument. They raise PermissionMissing, NotFound for an unknown
branch, test or revision, Refused for an invalid change, and the errors that `publish` raises:
Conflict and Held. A base is the id of the revision that the user saw, or None if the test did not
exist. If other people must approve, or if *review* is True, the change is proposed instead of
published. From then on, `proposals.deciding` and `changes.proposed` handle the proposal.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from proctor.core.authoring.definitions.sameness import same_definition
from proctor.core.authoring.moves.ramping import ramp as ramped
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.moves.stopping import stop as stopped
from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of
from proctor.database.retrying import retried
from proctor.editor.access.permissions import DELETE, STOP, VIEW, Actor
from proctor.editor.branches import branch_names, check_branch, first_branch
from proctor.editor.changes.acts import Act
from proctor.editor.changes.finishing import finished
from proctor.editor.changes.outcomes import Proposed, Published
from proctor.editor.changes.preparing import (
    Prepared,
    parse_sent,
    prepare_edit,
    prepare_restored,
    prepare_stopped,
    prepare_written,
)
from proctor.editor.errors import Conflict, NotFound, refused
from proctor.editor.models import Hold, Kind, Revision
from proctor.editor.publishing.heads import definition_of, find_head, head_of, revision_of
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.queue import lock_branch, resume_held
from proctor.editor.written import legible, refuse_long

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.authoring.moves.ramping import Share
    from proctor.core.matrices.matrix import TestDefinition

__all__ = [
    "Proposed",
    "Published",
    "check",
    "check_direction",
    "delete",
    "edit",
    "finish",
    "promote",
    "ramp",
    "release",
    "revert",
    "roll_back",
    "stop",
]

#: Maximum number of attempts to stop a test while other people publish changes to the test.
_STOP_TRIES = 5


def check(
    actor: Actor, branch: str, test: str, text: str, *, proposal: int | None = None
) -> Prepared:
    """Return the effects of an edit, including all problems. Nothing is written.

    If the edit would replace the content of an open proposal, pass its number as *proposal*.
    """
    actor.require(VIEW, test=test, branch=check_branch(branch))
    previous = definition_of(find_head(test, branch))
    sent = parse_sent(text, test, previous)
    return prepare_edit(branch, test, sent, previous, proposal=proposal)


def edit(
    actor: Actor,
    test: str,
    text: str,
    *,
    base: str | None,
    message: str = "",
    branch: str | None = None,
    review: bool = False,
) -> Published | Proposed:
    """Create or change a test on the first branch. Tests on other branches cannot be edited."""
    kind = Kind.CREATE if base is None else Kind.EDIT
    act = Act(actor, test, _entered(branch, test), base, kind, message, review)
    act.require()
    previous = definition_of(act.match(find_head(test, act.branch), text))
    sent = parse_sent(text, test, previous)
    return act.carry_out(prepare_edit(act.branch, test, sent, previous).checked())


def delete(
    actor: Actor,
    test: str,
    branch: str,
    *,
    base: str | None,
    message: str = "",
    review: bool = False,
) -> Published | Proposed:
    """Delete a test from a branch. Its history is kept."""
    act = Act(actor, test, check_branch(branch), base, Kind.DELETE, message, review)
    actor.require(DELETE, test=test, branch=branch)
    act.require()
    act.match(head_of(test, branch))
    return act.carry_out(prepare_restored(branch, test, None).checked())


def promote(
    actor: Actor,
    test: str,
    source: str,
    target: str,
    *,
    revision: str,
    base: str | None,
    message: str = "",
    review: bool = False,
    override: str = "",
) -> Published | Proposed:
    """Publish a revision from one branch on a later branch.

    *override* is the reason for publishing even though the change breaks applications on the later
    branch. An override requires the `override` permission, and its reason is recorded in the
    revision's message.
    """
    check_direction(test, source, target)
    act = Act(actor, test, target, base, Kind.PROMOTE, message, review, revision, override)
    act.require()
    origin = revision_of(test, source, revision)
    definition = definition_of(origin)
    if definition is None:
        raise refused(
            test,
            "promoted-deletion",
            Sentence(
                gettext_noop("revision {revision} is a deletion; delete the test instead"),
                revision=revision,
            ),
        )
    _refuse_same(
        test, definition_of(act.match(find_head(test, target), origin.definition)), definition
    )
    return act.carry_out_checked(prepare_restored(target, test, definition))


def ramp(
    actor: Actor,
    test: str,
    branch: str,
    allocation: int,
    shares: Mapping[int, Share],
    *,
    base: str,
    message: str = "",
    review: bool = False,
) -> Published | Proposed:
    """Change the shares in the allocation at this index, and move as few visitors as possible."""
    act = Act(actor, test, check_branch(branch), base, Kind.RAMP, message, review)
    return _rewrite(act, _on_test(lambda each: ramped(each, allocation, shares)))


def finish(
    actor: Actor,
    test: str,
    branch: str,
    value: int,
    *,
    base: str,
    message: str = "",
    review: bool = False,
) -> Published | Proposed:
    """Finish a test: give every visitor the group whose bucket value is *value*."""
    act = Act(actor, test, check_branch(branch), base, Kind.FINISH, message, review)
    return _rewrite(act, lambda definition: finished(definition, value))


def _rewrite(act: Act, change: Callable[[Definition], Definition]) -> Published | Proposed:
    act.require()
    head = head_of(act.test, act.branch)
    act.match(head)
    known = definition_of(head)
    assert known is not None
    definition = _changed(known, change)
    if definition == known:
        raise refused(act.test, "unchanged", Sentence(gettext_noop("nothing would change")))
    return act.carry_out(prepare_written(act.branch, act.test, definition, known).checked())


def stop(
    actor: Actor, test: str, branch: str, *, value: int | None = None, reason: str
) -> Published:
    """Move everyone to a group with a value of 0 or less, and hold the test on the branch.

    If *value* is not given, the core's `stop_value` chooses the group. A stop needs neither
    approval nor a base: it applies to the current head.
    """
    actor.require(STOP, test=test, branch=check_branch(branch))
    if not legible(reason):
        raise refused(
            test, "reason-required", Sentence(gettext_noop("a stop needs a reason; write why"))
        )
    refuse_long(test, reason=reason)
    for _ in range(_STOP_TRIES - 1):
        with contextlib.suppress(Conflict):
            return _stop_once(actor, test, branch, value, reason)
    return _stop_once(actor, test, branch, value, reason)


def _stop_once(actor: Actor, test: str, branch: str, value: int | None, reason: str) -> Published:
    head = head_of(test, branch)
    known = definition_of(head)
    assert known is not None
    definition = _changed(known, _on_test(lambda each: stopped(each, value)))
    act = Act(actor, test, branch, head.id, Kind.STOP, reason)
    # A stop is published even if the definition has other problems.
    return act.publish(prepare_stopped(branch, test, definition, known))


def _on_test(
    change: Callable[[TestDefinition], TestDefinition],
) -> Callable[[Definition], Definition]:
    def changed(definition: Definition) -> Definition:
        return replace(definition, test=change(definition.test))

    return changed


def _changed(known: Definition, change: Callable[[Definition], Definition]) -> Definition:
    try:
        return change(known)
    except ChangeRefused as error:
        raise refused(known.name, "change-refused", sentence_of(error)) from error


@retried(write_alias)
def release(actor: Actor, test: str, branch: str, *, message: str = "") -> Hold:
    """Lift the hold of a stopped test. Nothing is published."""
    check_branch(branch)
    actor.require(STOP, test=test, branch=branch)
    refuse_long(test, message=message)
    using = write_alias()
    with transaction.atomic(using=using):
        lock_branch(branch, using)
        rows = Hold.objects.using(using).filter(branch__name=branch, test=test, released=None)
        hold = rows.first()
        if hold is None:
            raise NotFound(
                Sentence(
                    gettext_noop("{test!r} is not held on {branch!r}"), test=test, branch=branch
                )
            )
        hold.released, hold.released_by, hold.release_message = timezone.now(), actor.name, message
        hold.head = None
        fields = ["head", "released", "released_by", "release_message"]
        hold.save(using=using, update_fields=fields)
        resume_held(test, branch, hold.released, using)
    return hold


def roll_back(
    actor: Actor,
    test: str,
    branch: str,
    revision: str,
    *,
    base: str | None,
    message: str = "",
    review: bool = False,
    override: str = "",
) -> Published | Proposed:
    """Publish an older revision of the branch again.

    *override* has the same meaning as for `promote`.
    """
    kind = Kind.ROLL_BACK
    act = Act(actor, test, check_branch(branch), base, kind, message, review, None, override)
    act.require()
    return _restore(act, revision_of(test, branch, revision))


def revert(
    actor: Actor,
    test: str,
    branch: str,
    revision: str,
    *,
    base: str | None,
    message: str = "",
    review: bool = False,
) -> Published | Proposed:
    """Undo the newest revision by publishing the revision that it was based on."""
    act = Act(actor, test, check_branch(branch), base, Kind.REVERT, message, review)
    act.require()
    undone = revision_of(test, branch, revision)
    head = find_head(test, branch)
    if head is None or head.id != undone.id:
        raise refused(
            test,
            "not-newest",
            Sentence(
                gettext_noop(
                    "only the newest revision can be undone, and {revision} is older; roll "
                    "back instead"
                ),
                revision=revision,
            ),
        )
    return _restore(act, None if undone.made_from_id is None else undone.made_from)


def _restore(act: Act, origin: Revision | None) -> Published | Proposed:
    definition = definition_of(origin)
    if definition is None:
        act.actor.require(DELETE, test=act.test, branch=act.branch)
    yours = None if origin is None else origin.definition
    head = act.match(find_head(act.test, act.branch), yours)
    _refuse_same(act.test, definition_of(head), definition)
    return act.carry_out_checked(prepare_restored(act.branch, act.test, definition))


def check_direction(test: str, source: str, target: str) -> None:
    """Raise NotFound if a branch is unknown, and Refused unless *target* comes after *source*."""
    names = branch_names()
    if names.index(check_branch(source)) >= names.index(check_branch(target)):
        raise refused(
            test,
            "promotion-direction",
            Sentence(
                gettext_noop(
                    "a promotion goes from one branch to a later one, not from {source!r} "
                    "to {target!r}; the branches are {names}"
                ),
                source=source,
                target=target,
                names=listed(names),
            ),
        )


def _entered(branch: str | None, test: str) -> str:
    """Return the first branch, on which tests are edited. Raises Refused for any other *branch*."""
    first = first_branch()
    if branch is not None and check_branch(branch) != first:
        raise refused(
            test,
            "first-branch",
            Sentence(
                gettext_noop(
                    "tests are edited on {first!r}; edit the test there, then promote it to "
                    "{branch!r}"
                ),
                first=first,
                branch=branch,
            ),
        )
    return first


def _refuse_same(test: str, known: Definition | None, new: Definition | None) -> None:
    if known is None or new is None:
        same = known is new
    else:
        same = same_definition(known.with_version(None), new.with_version(None))
    if same:
        raise refused(
            test,
            "unchanged",
            Sentence(gettext_noop("the branch already has exactly this definition")),
        )

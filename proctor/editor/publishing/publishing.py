"""Publications: each is one transaction, on one branch or several.

The first statement updates a branch's version. The update takes a lock that every other publication
on the branch waits for. Reading first would fail in SQLite, which cannot upgrade a read transaction
to a write transaction, and would cause a race in other databases: in MySQL's REPEATABLE READ, the
first read determines the snapshot for all later reads. So nothing is read before all locks are
taken.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.db import router, transaction
from django.db.models import F
from django.utils import timezone

from proctor.database.retrying import retried
from proctor.editor.branches import branch_names, check_branch, ensure_rows
from proctor.editor.errors import Conflict, Held
from proctor.editor.models import Branch, Head, Hold, Kind, Revision
from proctor.editor.publishing.after_commit import after_commit, note_publication
from proctor.editor.publishing.clock import database_time
from proctor.editor.publishing.texts import write
from proctor.editor.revision_ids import new_revision_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.publishing.texts import Imported

    Inside = Callable[[list[Revision]], AbstractContextManager[None]]

__all__ = ["Change", "Signature", "publish", "write_alias"]

#: Maximum number of rows read or written by one statement.
_BATCH = 400
#: Maximum number of characters, and of bytes, in the definitions that one statement writes. A
#: larger definition gets a statement by itself. By default, MariaDB rejects statements of 16 MiB or
#: more.
_LARGEST = 2**21


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one test on one branch."""

    branch: str
    test: str
    #: The id of the head that the change is based on; None if there is no head or if the head is a
    #: deletion.
    base: str | None
    #: The new definition, or None to delete the test.
    definition: Definition | None
    kind: Kind
    promoted_from: str | None = None
    #: The imported text to keep, or None to write the definition with its new version.
    imported: Imported | None = None
    #: Allocation ids that were used before an import but are not in any revision.
    older_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The author and the message of a publication."""

    author: str
    message: str = ""
    approvers: tuple[str, ...] = ()
    on_behalf_of: str = ""
    #: The time when a scheduled step was due.
    due: datetime | None = None
    #: The primary key of the user who publishes, for the log of Django's admin.
    user_id: object = None


class _HeadRow(NamedTuple):
    id: int
    test: str
    revision: str
    is_deletion: bool


def write_alias() -> str:
    """Return the alias of the database that publications write to."""
    return str(router.db_for_write(Branch))


def publish(
    changes: Sequence[Change],
    signature: Signature,
    *,
    inside: Inside | None = None,
    waits: bool = True,
) -> list[Revision]:
    """Publish all *changes*, or none, and return the revisions in the same order.

    *inside* is a context manager that is entered in the transaction once all branches are locked,
    and exited when everything is written. It can raise an exception to cancel the publication, and
    can change the revisions before they are written. If it locks more rows, it must do so before it
    reads. After a deadlock, the whole transaction is repeated, including *inside*. If *waits* is
    false, return before this process has loaded the new matrix.

    A test can occur at most once for each branch. Raises Conflict if a head is no longer the base
    of its change, Held if a test is held on the branch and the change is not a stop, NotFound for
    an unknown branch, Refusal for a definition that cannot be written, RuntimeError if called
    inside another transaction, and database errors.
    """
    names = {check_branch(change.branch) for change in changes}
    ordered = [name for name in branch_names() if name in names]
    using = write_alias()
    known = Branch.objects.using(using).filter(name__in=ordered).values_list("name", flat=True)
    ensure_rows(sorted({*ordered} - {*known}), using)
    revisions = _write(ordered, changes, signature, inside, waits=waits)
    note_publication()
    return revisions


@retried(write_alias)
def _write(
    branches: Sequence[str],
    changes: Sequence[Change],
    signature: Signature,
    inside: Inside | None,
    *,
    waits: bool,
) -> list[Revision]:
    """Publish changes on existing *branches*, in the order of PROCTOR_EDITOR_BRANCHES."""
    using = write_alias()
    revisions = [_revision(change, signature) for change in changes]
    pairs = list(zip(changes, revisions, strict=True))
    with transaction.atomic(using=using, durable=True):
        # All branches are locked before anything is read, always in the same order to prevent
        # deadlocks.
        for name in branches:
            _lock(name, [rev for change, rev in pairs if change.branch == name], using)
        # Schedules use the database's clock, not this process's clock.
        now = timezone.now() if signature.due is None else database_time(using)
        with nullcontext() if inside is None else inside(revisions):
            for name in branches:
                own = [(change, rev) for change, rev in pairs if change.branch == name]
                _write_branch(Branch.objects.using(using).get(name=name), own, now, using)
        transaction.on_commit(
            lambda: after_commit(revisions, signature.user_id, waits=waits),
            using=using,
            robust=True,
        )
    return revisions


def _revision(change: Change, signature: Signature) -> Revision:
    """Return the revision for a change, without the fields that depend on the locked branch."""
    identifier = new_revision_id()
    definition, text, original = change.definition, None, None
    if change.imported is not None:
        text, original = change.imported.text, change.imported.original
    elif definition is not None:
        text = write(definition.with_version(identifier))
    ids = [] if definition is None else [each.id for each in definition.test.allocations]
    return Revision(
        id=identifier,
        test=change.test,
        definition=text,
        original=original,
        allocation_ids=json.dumps(sorted({*filter(None, ids), *change.older_ids})),
        promoted_from_id=change.promoted_from,
        kind=change.kind,
        author=signature.author,
        on_behalf_of=signature.on_behalf_of,
        approvers="\n".join(signature.approvers),
        message=signature.message,
        due=signature.due,
    )


def _lock(name: str, revisions: Iterable[Revision], using: str) -> None:
    """Increment the branch's version, which blocks all other publications on the branch."""
    latest = min(revision.id for revision in revisions)
    branches = Branch.objects.using(using).filter(name=name)
    branches.update(version=F("version") + 1, latest=latest)


def _write_branch(
    branch: Branch, pairs: Sequence[tuple[Change, Revision]], now: datetime, using: str
) -> None:
    """Write the revisions of a locked branch, and update its heads."""
    _refuse_held(branch, [change for change, _ in pairs], using)
    heads = _heads(branch, [change.test for change, _ in pairs], using)
    for change, revision in pairs:
        head = heads.get(change.test)
        _refuse_moved(change, revision, head)
        revision.branch, revision.version, revision.time = branch, branch.version, now
        revision.made_from_id = None if head is None else head.revision
    for batch in _batches([each for _, each in pairs]):
        Revision.objects.using(using).bulk_create(batch)
    made = []
    for change, revision in pairs:
        head = heads.get(change.test)
        fields = {
            "revision": revision,
            "is_deletion": revision.definition is None,
            "depends_on": _parent(change.definition),
        }
        if head is None:
            made.append(Head(branch=branch, test=change.test, **fields))
            continue
        rows = Head.objects.using(using).filter(id=head.id, revision=head.revision)
        if rows.update(**fields) != 1:  # some other code wrote to the table without taking the lock
            raise _conflict(change, revision, head)
    Head.objects.using(using).bulk_create(made, batch_size=_BATCH)
    _hold(branch, [each for _, each in pairs if each.kind == Kind.STOP], using)


def _batches(revisions: Iterable[Revision]) -> Iterator[list[Revision]]:
    """Divide revisions into batches that are small enough for a statement in any database."""
    batch: list[Revision] = []
    size = 0
    for each in revisions:
        own = len(each.definition or "") + len(each.original or b"") + len(each.allocation_ids)
        if batch and (len(batch) == _BATCH or size + own > _LARGEST):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += own
    if batch:
        yield batch


def _hold(branch: Branch, stops: Iterable[Revision], using: str) -> None:
    """Hold the tests that were stopped. Existing holds are left unchanged."""
    holds = Hold.objects.using(using)
    for each in stops:
        if not holds.filter(branch=branch, test=each.test, released=None).exists():
            holds.create(
                branch=branch,
                test=each.test,
                head=Head.objects.using(using).get(branch=branch, test=each.test),
                revision=each,
                reason=each.message,
                author=each.author,
                time=each.time,
            )


def _refuse_held(branch: Branch, changes: Iterable[Change], using: str) -> None:
    tests = {change.test for change in changes if change.kind != Kind.STOP}
    for hold in Hold.objects.using(using).filter(branch=branch, released=None):
        if hold.test in tests:
            raise Held(hold.test, branch.name, author=hold.author, reason=hold.reason)


def _heads(branch: Branch, tests: Sequence[str], using: str) -> dict[str, _HeadRow]:
    heads = Head.objects.using(using).filter(branch=branch)
    found: dict[str, _HeadRow] = {}
    for start in range(0, len(tests), _BATCH):
        rows = heads.filter(test__in=tests[start : start + _BATCH])
        for row in rows.values_list("id", "test", "revision_id", "is_deletion"):
            found[row[1]] = _HeadRow(*row)
    return found


def _refuse_moved(change: Change, revision: Revision, head: _HeadRow | None) -> None:
    """Raise Conflict unless the head is the base of the change."""
    current = None if head is None or head.is_deletion else head.revision
    if current != change.base:
        raise _conflict(change, revision, head)


def _conflict(change: Change, revision: Revision, head: _HeadRow | None) -> Conflict:
    return Conflict(
        change.test,
        change.branch,
        base=change.base,
        yours=revision.definition,
        head=None if head is None or head.is_deletion else head.revision,
    )


def _parent(definition: Definition | None) -> str:
    parent = None if definition is None else definition.test.depends_on
    return (parent and parent.test_name) or ""

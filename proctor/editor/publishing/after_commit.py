"""After a publication, refresh this process's matrix and notify signal receivers."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils.translation import gettext as _

from proctor.core.messages import error_place
from proctor.core.sources.source import MatrixSource
from proctor.django_internals import test_transactions
from proctor.editor.models import Head, Kind, Revision
from proctor.editor.signals import published
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SCHEME", "after_commit", "epoch", "note_publication"]

logger = logging.getLogger("proctor.matrix")

#: The prefix of locations that name a branch of the editor, such as `editor:production`.
SCHEME = "editor"

#: Maximum number of entries that one publication adds to the Django admin's log.
_LOGGED = 50


class _Publications:
    """The number of publications and of database flushes in this process."""

    count = 0


def note_publication(**_kwargs: object) -> None:
    """Record that a matrix may have changed. Needed only in test runs, which never commit."""
    _Publications.count += 1


def epoch(using: str) -> tuple[object, ...]:
    """Return a value that changes whenever the matrix in a test database may have changed.

    It changes with each publication and with each test case, because Django runs each test case in
    a new transaction.
    """
    return (_Publications.count, *test_transactions(using))


def after_commit(revisions: Sequence[Revision], user_id: object, *, waits: bool = True) -> None:
    """Write to the admin's log, call the receivers of `published`, and refresh the matrix.

    If *waits* is false, return before the new matrix is loaded: the thread that loads it must not
    wait for itself.
    """
    note_publication()
    for act in (
        partial(_write_log, revisions, user_id),
        partial(_send, revisions),
        partial(_refresh, None if waits else 0.0),
    ):
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the publication stands, whatever happens now
            logger.error("Could not finish the work after a publication: %s", error_place(error))


def _write_log(revisions: Sequence[Revision], user_id: object) -> None:
    if user_id is None or not apps.is_installed("django.contrib.admin"):
        return
    # Imported here, because django.contrib.admin may not be installed.
    from django.contrib.admin import models as admin  # noqa: PLC0415
    from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415

    flags = {Kind.CREATE: admin.ADDITION, Kind.DELETE: admin.DELETION}
    using = revisions[0]._state.db  # noqa: SLF001 - documented as part of Model._state
    content_type = ContentType.objects.db_manager(using).get_for_model(Head)
    admin.LogEntry.objects.using(using).bulk_create(
        admin.LogEntry(
            user_id=user_id,
            content_type=content_type,
            object_id=each.id,
            object_repr=f"{each.test} ({each.branch.name})"[:200],
            action_flag=flags.get(Kind(each.kind), admin.CHANGE),
            change_message=_("%(kind)s: %(message)s")
            % {"kind": Kind(each.kind).label, "message": each.message},
        )
        for each in revisions[:_LOGGED]
    )


def _send(revisions: Sequence[Revision]) -> None:
    for receiver, answer in published.send_robust(Revision, revisions=list(revisions)):
        if isinstance(answer, Exception):
            logger.error(
                "A receiver of the 'published' signal, %r, failed: %s",
                receiver,
                error_place(answer),
            )


def _refresh(timeout: float | None) -> None:
    setup = current_setup()
    for source in (setup.source, setup.viewed):
        if isinstance(source, MatrixSource) and source.location.startswith(f"{SCHEME}:"):
            source.refresh(timeout)

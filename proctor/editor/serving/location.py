"""The location `editor:BRANCH` for `MatrixSource`: the matrix that the editor publishes."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connections

from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.messages import nearest, printable
from proctor.core.sources.locations import ReadMatrix
from proctor.editor.branches import branch_names
from proctor.editor.models import Branch
from proctor.editor.publishing.after_commit import epoch
from proctor.editor.schedules.due import DuePublisher
from proctor.editor.serving.branch_matrix import (
    BranchMatrix,
    Lagging,
    read_alias,
    read_matrix,
    read_newest,
)

__all__ = ["EditorLocation", "is_test_run"]


@dataclass(frozen=True, slots=True)
class _Token:
    """The matrix that was read last, and the `epoch` at that time."""

    matrix: BranchMatrix
    epoch: tuple[object, ...]


def is_test_run() -> bool:
    """Return whether Django's test environment is set up."""
    utils = sys.modules.get("django.test.utils")
    return utils is not None and hasattr(getattr(utils, "_TestState", None), "saved_data")


def _close_others(was_open: set[str]) -> None:
    """Close this thread's database connections, except those with an alias in *was_open*."""
    for each in connections.all(initialized_only=True):
        if each.alias not in was_open:
            each.close()


class EditorLocation:
    """One branch of the editor, read from the database.

    The loader thread reads the branch, then closes the connections that it opened. If a scheduled
    step is due, the same thread publishes it. In a test run, the matrix is read only after a
    publication, and on the caller's connection, because other connections cannot see the
    transaction of a test.
    """

    slow = True
    #: Polls are not spread out, so that all processes notice a publication at about the same time.
    #: A poll is a single short query.
    spread = False

    def __init__(self, location: str) -> None:
        """Parse `editor:BRANCH`. Raises ConfigurationError if the branch does not exist."""
        self.shown = printable(location)
        self._branch = location.partition(":")[2]
        if self._branch not in branch_names():
            raise ConfigurationError(
                f"the editor has no branch {self._branch!r}: "
                f"{nearest(self._branch, branch_names())}"
            )
        self._publisher = DuePublisher()

    @property
    def inline(self) -> bool:
        """True if Django's test environment is set up."""
        return is_test_run()

    def changed(self, token: object) -> bool:
        """Return True if the matrix should be read.

        Outside test runs, this is always True, because only a read shows whether anything changed.
        """
        if not self.inline or not isinstance(token, _Token):
            return True
        return token.epoch != epoch(read_alias())

    def read(self, token: object) -> ReadMatrix | None:
        """Return the matrix, or None if it is unchanged since *token*. Raises SourceError."""
        known = token if isinstance(token, _Token) else None
        previous = None if known is None else known.matrix
        inline = self.inline
        alias = read_alias()
        known_connections = connections.all(initialized_only=True)
        was_open = {each.alias for each in known_connections if each.connection is not None}
        now = epoch(alias)
        try:
            newest = read_newest(self._branch, alias)
            # The first matrix is read before steps are published, because visitors are waiting for
            # it. In a test run, steps are published only if the test publishes them.
            may_publish = known is not None and not inline
            if newest.is_due and may_publish and self._publisher.publish():
                newest = read_newest(self._branch, alias)
            matrix = read_matrix(self._branch, previous, using=alias, newest=newest)
        except Lagging:
            if known is not None:
                return None
            raise SourceError(
                f"Cannot read {self.shown!r}: the database {alias!r} does not have all rows yet"
            ) from None
        except (DatabaseError, InterfaceError, RuntimeError) as error:
            raise SourceError(self._words(error, alias)) from error
        finally:
            if not inline:
                _close_others(was_open)
        if matrix is None:
            # A new test case has begun, but the matrix is the same: return it with a new token.
            if known is not None and known.epoch != now:
                return ReadMatrix(known.matrix.matrix, _Token(known.matrix, now))
            return None
        return ReadMatrix(matrix.matrix, _Token(matrix, now))

    def _words(self, error: Exception, alias: str) -> str:
        if isinstance(error, DatabaseError) and self._is_table_missing(alias):
            return (
                f"Cannot read {self.shown!r}: the editor has no tables yet; run manage.py migrate"
            )
        text = printable(str(error).strip().partition("\n")[0] or type(error).__name__, 300)
        return f"Cannot read {self.shown!r}: {text}"

    def _is_table_missing(self, alias: str) -> bool:
        try:
            table = Branch._meta.db_table  # noqa: SLF001 - Model._meta is documented
            return table not in connections[alias].introspection.table_names()
        except (DatabaseError, InterfaceError):
            return False

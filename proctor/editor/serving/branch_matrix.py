"""The matrix of a branch, read from the database.

Matrix *v* contains, for each test, the newest revision whose branch version is at most *v*. All
reads use one database alias. The heads are read in one statement, which sees only whole
publications; the newest revision among the heads identifies the matrix. Later reads fetch only
newer publications; the objects of all other definitions are reused.

A definition is parsed only when it is first used, because a page shows only a few of 10,000 tests.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.db import connections, router

from proctor.core.authoring.refusals import Refusal
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.messages import printable
from proctor.editor.branches import branch_names
from proctor.editor.models import Branch, Head, Revision
from proctor.editor.publishing.clock import clock_sql, is_past
from proctor.editor.publishing.texts import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from proctor.core.matrices.matrix import TestDefinition

__all__ = [
    "BranchMatrix",
    "Entry",
    "Lagging",
    "Newest",
    "matrix_json",
    "read_alias",
    "read_matrix",
    "read_newest",
]

logger = logging.getLogger("proctor.matrix")


class Lagging(Exception):  # noqa: N818 - a state of a replica, not a fault
    """The branch's row refers to a publication whose revisions the replica does not have yet."""


class Entry:
    """A test in a branch's matrix. Immutable; equal entries have equal definitions."""

    __slots__ = ("_name", "_test", "_text", "content", "digest", "revision", "time")

    def __init__(self, name: str, revision: str, text: str, time: datetime) -> None:
        """Store the *text* of a definition until it is parsed."""
        self.revision = revision
        #: SHA-256 of the text.
        self.digest = _sha256(text)
        #: SHA-256 of the text without the test's version, which is the id of the revision that
        #: published it. If two of these hashes are equal, so are the definitions. The converse is
        #: not true: equal definitions can be written differently.
        self.content = _sha256(text.replace(revision, "", 1))
        #: The time when the revision was published.
        self.time = time
        self._name = name
        self._test: TestDefinition | None = None
        #: The text, or None once it has been parsed.
        self._text: str | None = text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return NotImplemented
        return self is other or self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, bytes, datetime]:
        return self.revision, self.digest, self.time

    @property
    def test(self) -> TestDefinition | None:
        """The definition, or None if it cannot be converted to the matrix's format."""
        # Two threads can parse the same text. The text is removed last, so once it is None, the
        # test is already set.
        text = self._text
        if text is not None:
            self._test = _consumable(self._name, text)
            self._text = None
        return self._test


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _consumable(name: str, text: str) -> TestDefinition | None:
    try:
        return parse(text, name).consumable()
    except Refusal as refusal:
        logger.warning("The test %s is left out: %s", printable(name), printable(refusal, 400))
        return None


class LazyDefinitions(Mapping[str, "TestDefinition"]):
    """The tests of a matrix, each parsed on first use."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        """Store the *entries*. Those that cannot be converted count as missing."""
        self._entries = entries

    def __getitem__(self, name: str) -> TestDefinition:
        found = self._entries[name].test
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name, each in self._entries.items() if each.test is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class BranchMatrix:
    """The matrix of a branch after one publication."""

    branch: str
    version: int
    #: The smallest revision id in the newest publication, as in `Branch.latest`.
    latest: str
    audit: Audit
    entries: Mapping[str, Entry]

    @property
    def name(self) -> str:
        """The version in the matrix's audit, such as `v-1a2b3c4d`; also used as the ETag."""
        return str(self.audit.version)

    @property
    def tests(self) -> LazyDefinitions:
        """The tests in the matrix, for callers that need only a few of them."""
        return LazyDefinitions(self.entries)

    @cached_property
    def matrix(self) -> Matrix:
        """The whole matrix. This parses every definition."""
        return Matrix(self.audit, FrozenDict(self.tests))


class _Row(NamedTuple):
    """The fields of a revision that a matrix needs."""

    test: str
    id: str
    definition: str | None
    version: int
    author: str
    time: datetime


class Newest(NamedTuple):
    """The result of a poll: the branch's newest publication, and whether a step is due."""

    version: int
    latest: str
    #: True if a scheduled step on any branch is due, by the database's clock.
    is_due: bool


#: All branches are checked, because a site can serve one branch and schedule steps on another.
_NEWEST = "SELECT name, version, latest, next_due, {clock} FROM proctor_editor_branch"
_FIELDS = ("test", "id", "definition", "version", "author", "time")


def read_alias() -> str:
    """Return the alias of the database from which matrices are read."""
    return str(router.db_for_read(Branch))


def read_matrix(
    branch: str,
    previous: BranchMatrix | None = None,
    *,
    using: str | None = None,
    newest: Newest | None = None,
) -> BranchMatrix | None:
    """Return the matrix of a branch, or None if *previous* is still current.

    Return an empty matrix if nothing has ever been published. If `read_newest` was already called,
    pass its result as *newest*. Raises Lagging if a replica does not have all rows yet, and
    database errors.
    """
    alias = using or read_alias()
    version, latest, _ = newest or read_newest(branch, alias)
    if previous is not None:
        if (previous.version, previous.latest) == (version, latest):
            return None
        changed = _since(branch, previous, version, alias)
        if changed is not None:
            return _with(branch, previous.entries, changed)
    return _all(branch, version, alias)


def read_newest(branch: str, alias: str) -> Newest:
    """Return the row of a branch, and whether anything is due on any branch.

    Every process calls this at every poll, so it runs a single fixed statement, without the ORM.
    """
    version, latest, is_due = 0, "", False
    with connections[alias].cursor() as cursor:
        cursor.execute(_NEWEST.format(clock=clock_sql(alias)))
        for name, known, newest, next_due, clock in cursor.fetchall():
            if name == branch:
                version, latest = known, newest
            if next_due is not None and name in branch_names():
                is_due = is_due or is_past(next_due, clock, alias)
    return Newest(version, latest, is_due)


def _all(branch: str, version: int, alias: str) -> BranchMatrix:
    heads = Head.objects.using(alias).filter(branch__name=branch)
    rows = heads.values_list(*(f"revision__{name}" for name in _FIELDS))
    found = [_Row(*row) for row in rows.iterator(chunk_size=2000)]
    if max((row.version for row in found), default=0) < version:
        raise Lagging
    return _with(branch, {}, found)


def _since(branch: str, previous: BranchMatrix, version: int, alias: str) -> list[_Row] | None:
    """Return the revisions after *previous*, or None if it is not in the branch's history."""
    revisions = Revision.objects.using(alias).filter(branch__name=branch)
    if (
        version <= previous.version
        or not revisions.filter(id=previous.latest, version=previous.version).exists()
    ):
        return None
    newer = revisions.filter(version__gt=previous.version, version__lte=version)
    found = [_Row(*row) for row in newer.order_by("version").values_list(*_FIELDS)]
    if not any(row.version == version for row in found):
        raise Lagging
    return found


def _with(branch: str, old: Mapping[str, Entry], rows: Iterable[_Row]) -> BranchMatrix:
    """Return a matrix with the *old* entries, updated with the *rows* one after the other."""
    entries, newest, latest = dict(old), None, ""
    for row in rows:
        if newest is None or row.version > newest.version:
            newest, latest = row, row.id
        elif row.version == newest.version:
            latest = min(latest, row.id)
        if row.definition is None:
            entries.pop(row.test, None)
        else:
            entries[row.test] = Entry(row.test, row.id, row.definition, row.time)
    entries = dict(sorted(entries.items()))
    digest = hashlib.sha256()
    for name, entry in entries.items():
        digest.update(name.encode("utf-8", "surrogatepass") + b"\0" + entry.digest)
    audit = Audit(
        f"v-{digest.hexdigest()[:8]}",
        0 if newest is None else round(newest.time.timestamp() * 1000),
        "" if newest is None else newest.author,
    )
    return BranchMatrix(branch, 0 if newest is None else newest.version, latest, audit, entries)


def matrix_json(matrix: Matrix, *, indent: int | None = None) -> str:
    """Return a matrix as ASCII JSON, compact unless *indent* is given."""
    separators = (",", ":") if indent is None else None
    return json.dumps(matrix.to_dict(), indent=indent, separators=separators, allow_nan=False)

"""Find declared buckets that were removed or renamed, or that have a new value.

Java Proctor does not check this. An application that declares such a bucket still loads the test,
but no longer recognizes the bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.authoring.compatibility.specifications import ExpectedTest
    from proctor.core.matrices.matrix import TestDefinition

__all__ = [
    "BUCKET_CODES",
    "REMOVED",
    "RENAMED",
    "REVALUED",
    "ChangedBucket",
    "bucket_problem",
    "changed_buckets",
]

REMOVED = "declared-bucket-removed"
RENAMED = "declared-bucket-renamed"
REVALUED = "declared-bucket-revalued"
#: The codes of the problems with changed buckets.
BUCKET_CODES = frozenset((REMOVED, RENAMED, REVALUED))


class ChangedBucket(NamedTuple):
    """A declared bucket that changed."""

    #: The code of the problem, which says what changed: one of `BUCKET_CODES`.
    code: str
    #: The declared name.
    name: str
    #: The bucket's value before the change.
    value: int | None
    #: The new value or the new name; None if the bucket was removed.
    after: int | str | None = None


def changed_buckets(
    before: TestDefinition, after: TestDefinition, expected: ExpectedTest
) -> Iterator[ChangedBucket]:
    """Yield the buckets in *expected* that *after* removes, renames or gives a new value."""
    old_names = {each.name: each.value for each in before.buckets}
    names = {each.name: each.value for each in after.buckets}
    old_values = {each.value for each in before.buckets}
    values = {each.value: each.name for each in after.buckets}
    for name, value in expected.buckets.items():
        if name in old_names and name in names and names[name] != old_names[name]:
            yield ChangedBucket(REVALUED, name, old_names[name], names[name])
        elif value in old_values and value not in values:
            yield ChangedBucket(REMOVED, name, value)
        elif value is not None and old_names.get(name) == value and name not in names:
            yield ChangedBucket(RENAMED, name, value, values[value])


def bucket_problem(test: str, changed: ChangedBucket) -> Problem:
    """Return the problem that a changed bucket causes in an application that declares it."""
    if changed.code == REVALUED:
        message = Sentence(
            gettext_noop(
                "bucket {name!r}, which the application declares, changes its value from {before} "
                "to {after}; keep the value, or add a bucket"
            ),
            name=changed.name,
            before=changed.value,
            after=changed.after,
        )
    elif changed.code == REMOVED:
        message = Sentence(
            gettext_noop(
                "bucket {name!r} ({value}), which the application declares, is removed; keep the "
                "bucket, and give its ranges to a different one"
            ),
            name=changed.name,
            value=changed.value,
        )
    else:
        message = Sentence(
            gettext_noop(
                "bucket {value}, which the application declares, changes its name from {before!r} "
                "to {after!r}; keep the name, or add a bucket"
            ),
            value=changed.value,
            before=changed.name,
            after=changed.after,
        )
    return Problem(Severity.FATAL, message, test, code=changed.code)

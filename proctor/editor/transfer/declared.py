"""Warn about imports that change or remove buckets which applications declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.authoring.compatibility.declared_buckets import bucket_problem, changed_buckets
from proctor.core.authoring.refusals import Refusal
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.serving.kept_matrices import kept_matrix
from proctor.editor.specifications.known import read_applications

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proctor.core.authoring.definitions.definition import Definition

__all__ = ["bucket_warnings"]


def bucket_warnings(definitions: Mapping[str, Definition], branch: str) -> list[Sentence]:
    """Return a warning for each declared bucket that the *definitions* would change on a branch."""
    return list(_warnings(definitions, branch))


def _warnings(definitions: Mapping[str, Definition], branch: str) -> Iterator[Sentence]:
    text = gettext_noop("{test}: {application}: {problem}")
    for application in read_applications(branch).on(branch):
        declared = application.specification.tests
        current = kept_matrix(branch).matrix.tests if declared else {}
        for name in sorted(definitions.keys() & declared.keys() & current.keys()):
            expected = declared[name]
            if expected is None:
                continue
            try:
                after = definitions[name].consumable()
            except Refusal:  # the import warns about this test anyway
                continue
            for changed in changed_buckets(current[name], after, expected):
                yield Sentence(
                    text,
                    test=printable(name),
                    application=application.label,
                    problem=bucket_problem(name, changed).message,
                )

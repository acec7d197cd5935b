"""Find forced tests that do not exist but whose names resemble a declared test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctor.core.messages import closest

if TYPE_CHECKING:
    from collections.abc import Collection

    from proctor.core.inputs.force_groups import ForceGroups
    from proctor.pages.shown_matrix import ShownMatrix

__all__ = ["foreign_tests", "mistyped_tests"]

#: Maximum number of names to compare with the declared ones, because comparing is slow.
MAX_NAMES = 20

#: How similar a name must be, from 0 to 1. Names of different tests often share their ending.
CUTOFF = 0.8


def mistyped_tests(
    force: ForceGroups, declared: Collection[str], matrix: ShownMatrix
) -> dict[str, str]:
    """Return a sentence for each forced test that neither the site nor the *matrix* has.

    The sentence names the closest *declared* test. If none is close, there is no sentence, because
    the test may belong to an application with a different matrix that shares the cookie.
    """
    if matrix.proctor is None:
        return {}
    known = matrix.proctor.matrix.tests
    unknown = [name for name in force.groups if name not in declared and name not in known]
    found = {}
    for name in unknown[:MAX_NAMES]:
        guess = closest(name, declared, CUTOFF)
        if guess is not None:
            text = _("The matrix has no test %(test)s; did you mean %(guess)s?")
            found[name] = text % {"test": name, "guess": guess}
    return found


def foreign_tests(
    force: ForceGroups, declared: Collection[str], mistyped: Collection[str]
) -> tuple[str, ...]:
    """Return the names of the forced tests of other applications."""
    return tuple(sorted({*force.groups} - {*declared} - {*mistyped}))

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

#: Maximum number of forced names to compare with the declared names. Comparing names is slow.
MAX_NAMES = 20

#: How similar a name must be, from 0 to 1. It is high, because different tests often share an
#: ending.
CUTOFF = 0.8


def mistyped_tests(
    force: ForceGroups, declared: Collection[str], matrix: ShownMatrix
) -> dict[str, str]:
    """Return a sentence for each forced test that exists neither on the site nor in the *matrix*.

    The sentence names the closest *declared* test. If no name is close, there is no sentence,
    because the forced test may belong to a different application, which shares the cookie but has
    its own matrix.
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
    """Return the names of the forced tests that belong to other applications."""
    return tuple(sorted({*force.groups} - {*declared} - {*mistyped}))

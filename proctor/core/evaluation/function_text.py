"""Show the functions that a matrix was compiled to, as text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from proctor.core.evaluation.explainer import refuse_unknown
from proctor.core.evaluation.function_tree import OneBuilder, SelectBuilder
from proctor.core.evaluation.selection import MAX_OPTIONS, is_ordinary
from proctor.core.java.frozen import EMPTY
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.evaluation.chooser import Chooser
    from proctor.core.evaluation.plan import Plan
    from proctor.core.problems import Problem

__all__ = ["function_text"]


def function_text(
    plan: Plan, test: str | None = None, *, dropped: Mapping[str, Problem] = EMPTY
) -> str:
    """Return the Python source of the function for all ordinary tests, or for *test* alone.

    The syntax tree is built again for this purpose. Comments in the text name the tests that are
    evaluated separately or were *dropped*, and give the reasons. Raises UnknownTest for a test that
    is not loaded.
    """
    if test is None:
        found = list(plan.choosers.values())
    else:
        if test not in plan.choosers:
            refuse_unknown(test, plan.choosers)
        found = [plan.choosers[test]]
    ordinary = [each for each in found if is_ordinary(each)]
    parts = [_comment(each) for each in found if not is_ordinary(each)]
    if test is None:
        parts += [
            printable(f"# {name} is never evaluated: {problem.message}")
            for name, problem in dropped.items()
        ]
    if ordinary:
        builder = SelectBuilder if test is None else OneBuilder
        slots = {each.test_type: 0 for each in ordinary}
        parts.append(ast.unparse(builder(ordinary, slots, plan.types).build()))
    if not parts:
        parts.append("# the matrix has no tests")
    return "\n".join(parts)


def _comment(test: Chooser) -> str:
    if test.depends_on is not None:
        reason = f"it depends on {test.depends_on[0]}"
    elif test.is_random:
        reason = "its type is RANDOM"
    elif test.unitless:
        reason = "it has unitless allocations"
    else:
        reason = f"it has more than {MAX_OPTIONS} allocations"
    return printable(f"# {test.name} is evaluated step by step: {reason}")

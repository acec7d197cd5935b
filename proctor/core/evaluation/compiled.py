"""A checked and compiled matrix, parts of which the next matrix can reuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.evaluation.chooser import Chooser
from proctor.core.evaluation.plan import Plan
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.dependencies import in_order
from proctor.core.matrices.validation import Examination, examine
from proctor.core.rules.pool import RulePool

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import Matrix
    from proctor.core.rules.functions import Function

__all__ = ["CompiledMatrix", "Declarations", "compile_matrix"]

#: A pool of rules is discarded when its size is more than `_WORN` times its original size plus
#: `_SOME`.
_WORN, _SOME = 2, 20


class Declarations(NamedTuple):
    """The declarations of an application, which apply to all versions of its matrix."""

    #: The types of the context variables; if None, rules are only parsed.
    types: Mapping[str, ContextType] | None
    #: Known test types, in addition to Proctor's own.
    test_types: Collection[str]
    library: Mapping[str, Function]


class CompiledMatrix(NamedTuple):
    """The result of checking and compiling a matrix."""

    examination: Examination
    plan: Plan
    pool: RulePool
    #: The number of rules in the pool when it was new.
    fresh_rules: int


def compile_matrix(
    matrix: Matrix, declarations: Declarations, old: CompiledMatrix | None = None
) -> CompiledMatrix:
    """Check and compile a matrix.

    *old* is an earlier matrix with the same declarations. Definitions that are the same objects in
    both matrices are not checked or compiled again. Raises MatrixLoadError if Java Proctor rejects
    the whole matrix.
    """
    types, test_types, library = declarations
    if old is not None and len(old.pool) > _WORN * old.fresh_rules + _SOME:
        # The pool does not count the uses of a rule, so rules of removed definitions accumulate in
        # it.
        old = None
    pool = RulePool(library) if old is None else old.pool
    known_tests = None if old is None else old.examination
    examination = examine(matrix, pool, types, test_types, known_tests)
    if examination.fatal:
        raise MatrixLoadError(
            f"the matrix cannot be loaded: {examination.fatal[0]}", examination.problems
        )
    known = {} if old is None else old.plan.choosers
    choosers = []
    for name in in_order(examination.loaded, sorted(examination.loaded)):
        definition, chooser = examination.loaded[name], known.get(name)
        if chooser is None or chooser.definition is not definition:
            chooser = Chooser(definition, pool)
        choosers.append(chooser)
    plan = Plan(choosers, types, None if old is None else old.plan)
    return CompiledMatrix(examination, plan, pool, old.fresh_rules if old else len(pool))

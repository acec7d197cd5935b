"""Decide whether a rule could be true while some variables are unknown.

[RuleEvaluator.evaluateBooleanRulePartial, NodeHunter]
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from proctor.core.java.coercion import to_boolean
from proctor.core.java.values import MaybeBool
from proctor.core.rules import nodes
from proctor.core.rules.functions import maybe_and, maybe_not, maybe_or, to_maybe_bool

if TYPE_CHECKING:
    from collections.abc import Collection

    from proctor.core.rules.compiler import Compiler, Scope
    from proctor.core.rules.nodes import Node

__all__ = ["has_unknowns", "partial_value"]


def has_unknowns(node: Node, known: Collection[str]) -> bool:
    """Return True if *node* mentions a name that is not in *known*."""
    return not nodes.names(node) <= set(known)


def partial_value(
    node: Node, known: Collection[str], compiler: Compiler, scope: Scope
) -> MaybeBool:
    """Return the value of *node* in three-valued logic.

    `&&`, `||` and `!` handle unknown operands. Any other expression that mentions an unknown
    variable is unknown as a whole. Known parts are evaluated and raise errors as usual.
    """
    if not has_unknowns(node, known):
        return to_maybe_bool(to_boolean(compiler.compile(node)(scope)))
    if isinstance(node, nodes.Not):
        return maybe_not(partial_value(node.operand, known, compiler, scope))
    if isinstance(node, nodes.Chain):
        combine = maybe_and if isinstance(node, nodes.And) else maybe_or
        parts = [partial_value(part, known, compiler, scope) for part in _grouped(node, known)]
        return reduce(combine, parts)
    return MaybeBool.UNKNOWN


def _grouped(chain: nodes.Chain, known: Collection[str]) -> list[Node]:
    """Return the operands, with all those before the first unknown one combined into one chain.

    In Java Proctor a chain is left-associative. The operands before the first unknown one are
    therefore evaluated as usual, until one of them decides the result. From the first unknown
    operand on, all operands are evaluated.
    """
    operands = chain.operands
    first = next(i for i, operand in enumerate(operands) if has_unknowns(operand, known))
    if first < 2:
        return list(operands)
    head = type(chain)(chain.start, operands[first - 1].end, operands[:first])
    return [head, *operands[first:]]

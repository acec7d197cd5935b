"""Whether a rule could still be true when not all variables are known.

[RuleEvaluator.evaluateBooleanRulePartial, NodeHunter]
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from proctor.core.rules import nodes
from proctor.core.rules.coercion import to_boolean
from proctor.core.rules.functions import maybe_and, maybe_not, maybe_or, to_maybe_bool
from proctor.core.rules.values import MaybeBool

if TYPE_CHECKING:
    from collections.abc import Collection

    from proctor.core.rules.compiler import Compiler, Scope
    from proctor.core.rules.nodes import Node

__all__ = ["has_unknowns", "partial_value"]


def has_unknowns(node: Node, known: Collection[str]) -> bool:
    """Whether *node* mentions a name that is not in *known*."""
    return not nodes.names(node) <= set(known)


def partial_value(
    node: Node, known: Collection[str], compiler: Compiler, scope: Scope
) -> MaybeBool:
    """The value of *node* in three-valued logic.

    `&&`, `||` and `!` see through what is unknown; everything else that mentions an unknown
    variable is unknown as a whole. What is known is evaluated, and raises as always.
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
    """The operands, those before the first unknown as one chain of their own.

    To the Java a chain groups to the left, so what is known at its head is evaluated as
    usual, up to the operand that decides. All operands after an unknown one are evaluated.
    """
    operands = chain.operands
    first = next(i for i, operand in enumerate(operands) if has_unknowns(operand, known))
    if first < 2:
        return list(operands)
    head = type(chain)(chain.start, operands[first - 1].end, operands[:first])
    return [head, *operands[first:]]

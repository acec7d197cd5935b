"""Find one visitor's groups in a few ordinary tests by calling the function of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.evaluation.arguments import accepted
from proctor.core.evaluation.call import EngineCall, Unprepared, has_refused, unprepared
from proctor.core.evaluation.function_tree import Failure, Row, group_of_row
from proctor.core.evaluation.groups import Groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.evaluation.plan import Plan, Wanted

__all__ = ["groups_in_few"]


def groups_in_few(
    plan: Plan,
    is_valid: Callable[[str, str], bool] | None,
    identifiers: Mapping[str, str | None],
    context: Mapping[str, Any],
    wanted: Wanted,
) -> Groups:
    """Return the groups in a few ordinary tests. Valid only for calls without force groups."""
    call: EngineCall | None = None
    ask: Callable[..., bool | None] = unprepared
    refuse: Callable[..., object] = unprepared
    groups: dict[str, GroupAssignment] = {}
    for test_type, row, select, _ in wanted.ones or ():
        try:
            found = row or select(context.get, ask, refuse)
        except Unprepared:
            call = EngineCall(plan, context)
            ask, refuse = call.ask, call.convert
            found = select(context.get, ask, refuse)
        identifier = identifiers.get(test_type)
        if type(identifier) is not str or is_valid is not None:
            identifier = accepted(is_valid, test_type, identifier)
        if found is None or identifier is None:
            continue
        if type(found) is Row:
            groups[found[0]] = group_of_row(found, identifier)
        elif type(found) is Failure and call is not None:
            call.errors[found.test] = call.failed[found.rule]
    if wanted.unread and has_refused(context, wanted.unread):
        call = call or EngineCall(plan, context)
        call.convert()
    if call is None and not plan.experiments:
        return Groups(groups)
    return (call or EngineCall(plan, context)).result(groups)

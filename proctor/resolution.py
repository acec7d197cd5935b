"""From an answer to one assignment for each declared test: what was answered, else the default."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from proctor.core.groups import GroupAssignment, Groups, Reason

if TYPE_CHECKING:
    from proctor.configuration import Configuration
    from proctor.core.declarations import ProctorTest
    from proctor.once import OnceLog

__all__ = ["Resolution"]

logger = logging.getLogger(__name__)

_NO_GROUPS = Groups({})


class Resolution:
    """What a source answered to one request, and why there is no more, if so."""

    __slots__ = ("groups", "reason")

    #: The answer; empty where there was none.
    groups: Groups
    #: Why a test that is not among the groups has its default.
    reason: Reason

    def __init__(self, groups: Groups = _NO_GROUPS, reason: Reason = Reason.NO_GROUP) -> None:
        self.groups = groups
        self.reason = reason

    def assignments(self, configuration: Configuration) -> dict[str, GroupAssignment]:
        """The assignment of every declared test."""
        found = configuration.defaults(self.reason)
        answers = self.groups.to_dict()
        declared = len(found)
        found.update(answers)
        if len(found) > declared:
            # A source may say more than it was asked.
            for name in answers.keys() - configuration.registry.keys():
                del found[name]
        for test, fitting in configuration.particular:
            assignment = answers.get(test.name)
            if assignment is None or id(assignment) in fitting:
                continue
            if test.knows(assignment.group) and test.accepts_payload(assignment):
                # By identity: to compare assignments would take longer than to look again.
                # What is remembered stays alive, so that its id is no other's.
                if len(fitting) >= configuration.FITTING:
                    fitting.clear()
                fitting[id(assignment)] = assignment
            else:
                found[test.name] = _unfit(test, assignment, configuration.log)
        return found


def _unfit(test: ProctorTest, assignment: GroupAssignment, log: OnceLog) -> GroupAssignment:
    """An answer that is not what was declared: the default, or the group without payload."""
    if not test.knows(assignment.group):
        log.log(
            logger,
            logging.WARNING,
            "The test %s gave the group %s, which PROCTOR_TESTS does not declare",
            test.name,
            assignment.group,
        )
        return test.default_for(Reason.UNEXPECTED_GROUP)
    log.log(
        logger,
        logging.WARNING,
        "The test %s carries a payload of the type %s, and PROCTOR_TESTS declares %s",
        test.name,
        assignment.payload_type,
        test.payload_type,
    )
    return assignment.without_payload()

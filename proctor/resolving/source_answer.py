"""Turn a source's answer into one assignment for each declared test, with defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.evaluation.groups import Groups, Reason

if TYPE_CHECKING:
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.resolving.site_setup import SiteSetup

__all__ = ["SourceAnswer"]

_NO_GROUPS = Groups({})


class SourceAnswer:
    """A source's answer to one request, and the reason why groups are missing from the answer."""

    __slots__ = ("groups", "reason")

    #: The groups; empty if there was no answer.
    groups: Groups
    #: The reason why tests that are not among the groups use their defaults.
    reason: Reason

    def __init__(self, groups: Groups = _NO_GROUPS, reason: Reason = Reason.NO_GROUP) -> None:
        self.groups = groups
        self.reason = reason

    def assignments(self, setup: SiteSetup) -> dict[str, GroupAssignment]:
        """Return the assignment of every declared test."""
        answers = self.groups.to_dict()
        if setup.fitted_answers.are_complete(answers):
            setup.note_bucket_values()
            return answers
        found = setup.defaults(self.reason)
        declared = len(found)
        found.update(answers)
        if len(found) > declared:
            # A source may return tests that the site does not declare.
            for name in answers.keys() - setup.registry.keys():
                del found[name]
        setup.fitted_answers.fit(answers, found)
        return found

"""Find the approvals that count, and the people who could approve.

An approval counts as long as the content and the base are those that the approver saw, and as long
as the approver exists, is active and has the permission. Users cannot approve a proposal if they
wrote any part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import auth
from django.core.exceptions import ValidationError

from proctor.editor.access.permissions import APPROVE, backends_know_tests, holders, person
from proctor.editor.branches import approvals_needed
from proctor.editor.proposals.content import current_hash

if TYPE_CHECKING:
    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import Approval, Proposal

__all__ = [
    "counting_approvals",
    "is_approved",
    "is_contributor",
    "possible_approvers",
    "wrote_part_of",
]

#: Maximum number of users to examine, among those who have the permission.
_MOST = 100


def counting_approvals(proposal: Proposal) -> list[Approval]:
    """Return the approvals that count now, one for each person, oldest first.

    *proposal* must be loaded with its branch. Approvals are read from the database unless they were
    prefetched; users and their permissions are always read again.
    """
    content = current_hash(proposal)
    bound = (content, proposal.base_id)
    # `all()` uses prefetched rows, so lists can load the approvals of many proposals at once.
    rows = [each for each in proposal.approvals.all() if (each.content_hash, each.base_id) == bound]
    found: dict[str, Approval] = {}
    for each in sorted(rows, key=lambda row: (row.time, row.pk)):
        if each.approver_key not in found and _counts(each, proposal):
            found[each.approver_key] = each
    return list(found.values())


def is_approved(proposal: Proposal) -> bool:
    """Return whether enough other people have approved the current content of the proposal."""
    needed = approvals_needed(proposal.branch.name)
    return not needed or len(counting_approvals(proposal)) >= needed


def is_contributor(proposal: Proposal, name: str, key: object) -> bool:
    """Return whether a user wrote any part of the proposal."""
    keys = proposal.contributor_keys.splitlines()
    return name in proposal.contributor_names or (key is not None and str(key) in keys)


def wrote_part_of(proposal: Proposal, actor: Actor) -> bool:
    """Return whether the actor wrote any part of the proposal."""
    return is_contributor(proposal, actor.name, actor.user_id)


def _counts(approval: Approval, proposal: Proposal) -> bool:
    if is_contributor(proposal, approval.approver, approval.approver_key):
        return False
    user = _user(approval.approver_key)
    if user is None or not user.is_active:
        return False
    return person(user).may(APPROVE, test=proposal.test, branch=proposal.branch.name)


def _user(key: str) -> Any:
    """Return the user with this primary key from the database; None if there is no such user."""
    model = auth.get_user_model()
    try:
        return model._default_manager.filter(pk=key).first()  # noqa: SLF001 - the documented way
    except (TypeError, ValueError, ValidationError):
        return None


def possible_approvers(test: str, branch: str, proposal: Proposal | None = None) -> list[Any]:
    """Return at most 100 users who may approve a proposal.

    Users who get the permission only from a custom authentication backend are not included. If the
    user model's manager has no `with_perm`, the list is empty. If *proposal* is not given, the
    caller must exclude the author.
    """
    found = holders(APPROVE)
    users = [] if found is None else list(found[:_MOST])
    if backends_know_tests():
        users = [user for user in users if person(user).may(APPROVE, test=test, branch=branch)]
    return [
        user
        for user in users
        if proposal is None or not is_contributor(proposal, user.get_username(), user.pk)
    ]

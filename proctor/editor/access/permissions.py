"""Check Django's permissions, and the limits of a token.

Each permission is checked twice: once for all tests, and once for the name of the test in question.
A site's authentication backend can therefore limit users to their own tests, or exclude them from
individual tests by raising PermissionDenied. (Django's own backend has no object permissions.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied

from proctor.core.sentences import Sentence, gettext_noop, listed
from proctor.editor.branches import approvals_needed, first_branch
from proctor.editor.errors import ApprovalNeeded, PermissionMissing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

__all__ = [
    "APP",
    "APPROVE",
    "COMMAND",
    "DELETE",
    "EDIT",
    "OVERRIDE",
    "REGISTER",
    "STOP",
    "VIEW",
    "Actor",
    "backends_know_tests",
    "command",
    "holders",
    "person",
    "promote",
    "writing",
]

APP = "proctor_editor"
#: Author of revisions that a management command publishes without --user.
COMMAND = "command"

VIEW, EDIT, APPROVE, STOP, DELETE, OVERRIDE, REGISTER = (
    "view",
    "edit",
    "approve",
    "stop",
    "delete",
    "override",
    "register",
)

#: Maximum number of people named in a message.
_NAMED = 5


def promote(branch: str) -> str:
    """Return the name of the permission to publish on *branch*, a branch other than the first."""
    return f"promote_{branch}"


def writing(branch: str) -> str:
    """Return the name of the permission that is required to write to *branch*."""
    return EDIT if branch == first_branch() else promote(branch)


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor who makes a request: a user, a machine with a user's token, or a command."""

    name: str
    #: None for a management command, which needs no permission and no approval.
    user: AbstractBaseUser | AnonymousUser | None = None
    #: The permissions that the token allows, or None if the request has no token.
    allowed: frozenset[str] | None = None
    #: The branches that the token allows, or None for all branches.
    branches: frozenset[str] | None = None
    #: The name of the user for whom the scheduler acts; "" for all other actors.
    on_behalf_of: str = ""

    @property
    def is_command(self) -> bool:
        """True if this is a management command."""
        return self.user is None

    @property
    def user_id(self) -> object:
        """The primary key of the user, or None for a command."""
        return None if self.user is None else self.user.pk

    def may(self, permission: str, *, test: str | None = None, branch: str | None = None) -> bool:
        """Return whether the actor has the permission.

        The permission is checked for *test* if it is given, otherwise for all tests.
        """
        if self.user is None:
            return True
        if self._narrowed(permission, branch):
            return False
        verdict = None if test is None else _verdict(self.user, permission, test)
        return has_permission(self.user, permission) if verdict is None else verdict

    def choose(self, permission: str, tests: Iterable[str], *, branch: str) -> list[str]:
        """Return the *tests* for which the actor has the permission."""
        if self.user is None:
            return [*tests]
        if self._narrowed(permission, branch):
            return []
        user, usual = self.user, has_permission(self.user, permission)
        # Load the backends only once: most backends can check a test in less time than loading them
        # takes.
        backends = auth.get_backends()
        verdicts = ((test, _verdict(user, permission, test, backends)) for test in tests)
        return [test for test, verdict in verdicts if verdict or (verdict is None and usual)]

    def _narrowed(self, permission: str, branch: str | None) -> bool:
        if self.branches is not None and branch is not None and branch not in self.branches:
            return True
        if self.allowed is None:
            return False
        return permission.partition("_")[0] not in self.allowed

    def require(self, permission: str, *, test: str | None = None, branch: str) -> None:
        """Raise PermissionMissing unless the actor has the permission.

        The message names users who have the permission.
        """
        if self.may(permission, test=test, branch=branch):
            return
        raise PermissionMissing(self._missing(permission, test, branch), permission)

    def _missing(self, permission: str, test: str | None, branch: str) -> Sentence:
        values = {"permission": f"{APP}.{permission}", "test": test, "branch": branch}
        if self.user is not None and self._narrowed(permission, branch):
            text = gettext_noop(
                "The token does not allow {permission} for {test!r} on {branch!r}; use a "
                "different token"
            )
            if test is None:
                text = gettext_noop(
                    "The token does not allow {permission} on {branch!r}; use a different token"
                )
            return Sentence(text, **values)
        text = gettext_noop(
            "{name} does not have the permission {permission} for {test!r} on {branch!r}. {holders}"
        )
        if test is None:
            text = gettext_noop(
                "{name} does not have the permission {permission} on {branch!r}. {holders}"
            )
        return Sentence(text, name=self.name, holders=_who_has(permission), **values)

    def approvals_needed(self, branch: str) -> int:
        """Return how many people must approve this actor's publications on a branch."""
        return 0 if self.user is None else approvals_needed(branch)

    def require_approvals(self, branch: str, approvers: Iterable[str] = ()) -> None:
        """Raise ApprovalNeeded unless enough people have approved the publication.

        For a proposal, pass the approvers that `counting_approvals` returns.
        """
        needed, given = self.approvals_needed(branch), len({*approvers})
        if given < needed:
            raise ApprovalNeeded(branch, needed, given)


def person(user: AbstractBaseUser | AnonymousUser) -> Actor:
    """Return the actor for a signed-in or anonymous user."""
    return Actor(user.get_username(), user)


def command(name: str = COMMAND) -> Actor:
    """Return the actor for a management command."""
    return Actor(name)


def has_permission(user: Any, permission: str) -> bool:
    """Return whether a user has a permission for all tests."""
    return bool(user.has_perm(f"{APP}.{permission}"))


def backends_know_tests() -> bool:
    """Return whether an authentication backend may grant permissions for individual tests.

    Django's own backend does not grant such permissions.
    """
    return not all(
        getattr(type(each), "has_perm", None) is ModelBackend.has_perm
        for each in auth.get_backends()
    )


def _verdict(
    user: Any, permission: str, test: str, backends: Iterable[Any] | None = None
) -> bool | None:
    """Return whether a backend grants the permission for this test; None if no backend decides."""
    if not user.is_active:
        return False
    for backend in auth.get_backends() if backends is None else backends:
        ask = getattr(backend, "has_perm", None)
        if ask is None:
            continue
        try:
            if ask(user, f"{APP}.{permission}", test):
                return True
        except PermissionDenied:
            return False
    return None


def holders(permission: str) -> Any:
    """Return a queryset of the active users who have a permission for all tests.

    Users who get the permission from a custom authentication backend are not included. Return None
    if the user model's manager has no `with_perm`.
    """
    users = auth.get_user_model()._default_manager  # noqa: SLF001 - the documented way
    find = getattr(users, "with_perm", None)
    if find is None:
        return None
    found = find(
        f"{APP}.{permission}",
        include_superusers=True,
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return found.order_by("pk")


def _who_has(permission: str) -> Sentence:
    """Return a sentence about who has a permission, or the advice to ask an administrator."""
    found = holders(permission)
    if found is None:
        return Sentence(gettext_noop("Ask an administrator of this site."))
    names = [each.get_username() for each in found[: _NAMED + 1]]
    if not names:
        return Sentence(gettext_noop("Nobody has this permission."))
    text = gettext_noop("People with this permission: {names}.")
    if len(names) > _NAMED:
        text = gettext_noop("People with this permission: {names} and others.")
    return Sentence(text, names=listed(names[:_NAMED]))

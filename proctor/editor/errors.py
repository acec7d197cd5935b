"""Errors of the editor. Messages say what to do; attributes contain the data that pages need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.exceptions import ProctorError
from proctor.core.messages import nearest
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop, listed, ngettext_lazy

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ApprovalNeeded",
    "BadToken",
    "Changed",
    "Closed",
    "Conflict",
    "EditorError",
    "Held",
    "NoSuchApplication",
    "NoSuchBranch",
    "NoSuchRevision",
    "NoSuchTest",
    "NotFound",
    "OwnApproval",
    "PermissionMissing",
    "Refused",
    "refused",
]


class EditorError(ProctorError):
    """Base class of all errors of the editor."""

    #: A stable name for this kind of error, for use in programs.
    code = "refused"


class NotFound(EditorError):  # noqa: N818 - says what happened to the request
    """The branch, test, revision or hold does not exist."""

    code = "not-found"


class NoSuchBranch(NotFound):
    """PROCTOR_EDITOR_BRANCHES does not contain this branch."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        text = gettext_noop("there is no branch {name!r}: {known}")
        super().__init__(Sentence(text, name=name, known=nearest(name, known)))
        self.name = name


class NoSuchTest(NotFound):
    """The branch has no such test."""

    def __init__(self, test: str, branch: str) -> None:
        text = gettext_noop("there is no test {test!r} on the branch {branch!r}")
        super().__init__(Sentence(text, test=test, branch=branch))
        self.test, self.branch = test, branch


class NoSuchRevision(NotFound):
    """The test has no such revision on the branch."""

    def __init__(self, test: str, branch: str, revision: str) -> None:
        text = gettext_noop("{test!r} has no revision {revision!r} on the branch {branch!r}")
        super().__init__(Sentence(text, test=test, revision=revision, branch=branch))
        self.test, self.branch, self.revision = test, branch, revision


class NoSuchApplication(NotFound):
    """No such application is registered for the branch."""

    def __init__(self, name: str, environment: str) -> None:
        text = gettext_noop("there is no application {name!r} in {environment!r}")
        super().__init__(Sentence(text, name=name, environment=environment))
        self.name, self.environment = name, environment


class BadToken(EditorError):  # noqa: N818
    """The bearer token is unknown or expired, or its user is not active."""

    code = "token"


class PermissionMissing(EditorError):  # noqa: N818
    """The user lacks the permission. The message names the permission and users who have it."""

    code = "permission"

    def __init__(self, message: str, permission: str) -> None:
        super().__init__(message)
        self.permission = permission


class ApprovalNeeded(EditorError):  # noqa: N818
    """Other people must approve the change before it can be published on the branch."""

    code = "approval"

    def __init__(self, branch: str, needed: int, given: int) -> None:
        super().__init__(
            Sentence(
                *ngettext_lazy(
                    "Publishing on {branch!r} needs approval from {count} other person "
                    "({given} so far). PROCTOR_EDITOR_APPROVALS requires this for every "
                    "change except a stop",
                    "Publishing on {branch!r} needs approval from {count} other people "
                    "({given} so far). PROCTOR_EDITOR_APPROVALS requires this for every "
                    "change except a stop",
                ),
                branch=branch,
                count=needed,
                given=given,
            )
        )
        self.branch, self.needed, self.given = branch, needed, given


class OwnApproval(EditorError):  # noqa: N818
    """A user tried to approve a proposal that they wrote at least in part."""

    code = "own-approval"


class Closed(EditorError):  # noqa: N818
    """The proposal has been published, rejected or withdrawn, and can no longer change."""

    code = "closed"


class Changed(EditorError):  # noqa: N818
    """The proposal has changed since the user looked at it."""

    code = "changed"


class Conflict(EditorError):  # noqa: N818
    """The test has changed since the revision that the change is based on."""

    code = "conflict"

    def __init__(
        self, test: str, branch: str, *, base: str | None, yours: str | None, head: str | None
    ) -> None:
        #: Ids of revisions. The base is None if the test did not exist when the change was made;
        #: the head is None if the test does not exist now.
        self.base, self.head = base, head
        #: The definition that was to be published, as JSON text, or None for a deletion.
        self.yours = yours
        self.test, self.branch = test, branch
        began = Sentence(gettext_noop("no test"))
        if base is not None:
            began = Sentence(gettext_noop("revision {id}"), id=base)
        text = gettext_noop(
            "{test!r} on {branch!r} is at revision {head}, but your change is based on "
            "{base}: review the changes in between, then publish again on top of them"
        )
        if head is None:
            text = gettext_noop(
                "{test!r} on {branch!r} is deleted, but your change is based on {base}: "
                "review the changes in between, then publish again on top of them"
            )
        super().__init__(Sentence(text, test=test, branch=branch, head=head, base=began))


class Held(EditorError):  # noqa: N818
    """The test is stopped and held on the branch, so only another stop can be published."""

    code = "held"

    def __init__(self, test: str, branch: str, *, author: str, reason: str) -> None:
        self.test, self.branch, self.author, self.reason = test, branch, author, reason
        text = gettext_noop(
            "{test!r} is held on {branch!r}, stopped by {author}: {reason}. Release it first"
        )
        super().__init__(Sentence(text, test=test, branch=branch, author=author, reason=reason))


class Refused(EditorError):  # noqa: N818
    """The change is invalid or harmful. `problems` describes what is wrong, and where."""

    code = "invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        # A problem without a test would start with "the matrix", although the request contains
        # no matrix. Show only its message.
        found = (each.message if each.test is None else each.text for each in self.problems)
        texts = listed(found, gettext_noop("; "))
        super().__init__(Sentence(gettext_noop("{problems}"), problems=texts))


def refused(test: str, code: str, message: str) -> Refused:
    """Return a Refused error for *test*, with one problem."""
    return Refused([Problem(Severity.FATAL, message, test, code=code)])

"""Hints for 404 responses: the name that the user probably meant, if they may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.messages import closest
from proctor.core.sentences import Sentence, gettext_noop, sentence_of
from proctor.editor.access.permissions import REGISTER, VIEW
from proctor.editor.branches import branch_names
from proctor.editor.errors import (
    NoSuchApplication,
    NoSuchBranch,
    NoSuchRevision,
    NoSuchTest,
    NotFound,
)
from proctor.editor.models import Application, Head, Revision
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.revision_models import NAME_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proctor.editor.access.permissions import Actor

__all__ = ["hinted"]

#: Maximum number of similar names to try. More than one, because the user may not be allowed to see
#: the most similar ones.
_TRIES = 5
#: Maximum number of names or ids to compare: comparing 10,000 names takes half a second.
_COMPARED = 1000


def hinted(actor: Actor, error: NotFound) -> NotFound:
    """Return *error*, with a hint added to its message if there is one.

    A hint never contains the name of anything that the user may not see.
    """
    if isinstance(error, NoSuchBranch):
        if any(_may_see(actor, each) for each in branch_names()):
            return error
        text = gettext_noop("there is no branch {name!r}")
        return NotFound(Sentence(text, name=error.name))
    if isinstance(error, NoSuchTest):
        elsewhere = _elsewhere(actor, error.test, error.branch)
        return _with_place(error, elsewhere) or _with_guess(error, _test(actor, error))
    if isinstance(error, NoSuchRevision):
        return _of_revision(actor, error)
    if isinstance(error, NoSuchApplication) and _may_see(actor, error.environment):
        rows = Application.objects.using(write_alias()).filter(environment=error.environment)
        names = rows.values_list("name", flat=True)
        return _with_guess(error, _first_close(error.name, names, lambda _name: True))
    return error


def _may_see(actor: Actor, branch: str) -> bool:
    return actor.may(VIEW, branch=branch) or actor.may(REGISTER, branch=branch)


def _elsewhere(actor: Actor, test: str, branch: str) -> str | None:
    """Return the name of another branch on which the user may see the test, or None."""
    rows = Head.objects.using(write_alias()).filter(test=test, is_deletion=False)
    found = {*rows.values_list("branch__name", flat=True)} - {branch}
    return next(
        (
            each
            for each in branch_names()
            if each in found and actor.may(VIEW, test=test, branch=each)
        ),
        None,
    )


def _test(actor: Actor, error: NoSuchTest) -> str | None:
    """Return a test on the branch whose name is similar to the requested name.

    If the branch has many tests, only those with the same first two letters are compared.
    """
    heads = Head.objects.using(write_alias()).filter(branch__name=error.branch, is_deletion=False)
    names = heads.exclude(test=error.test).values_list("test", flat=True)
    if len(names[: _COMPARED + 1]) > _COMPARED:
        names = names.filter(test__startswith=error.test[:2])
    return _first_close(
        error.test, names[:_COMPARED], lambda name: actor.may(VIEW, test=name, branch=error.branch)
    )


def _of_revision(actor: Actor, error: NoSuchRevision) -> NotFound:
    using, test, branch = write_alias(), error.test, error.branch
    if not actor.may(VIEW, test=test, branch=branch):
        return error
    rows = Revision.objects.using(using).filter(test=test)
    other = rows.filter(id=error.revision).values_list("branch__name", flat=True).first()
    if other is not None and other in branch_names() and actor.may(VIEW, test=test, branch=other):
        return _with_place(error, other) or error
    newest = rows.filter(branch__name=branch).order_by("-version")
    ids = newest.values_list("id", flat=True)[:_COMPARED]
    return _with_guess(error, _first_close(error.revision, ids, lambda _id: True))


def _first_close(word: str, names: Iterable[str], may_see: Callable[[str], bool]) -> str | None:
    """Return the name closest to *word* that the user may see, or None."""
    if len(word) > NAME_LENGTH:
        return None
    left = {*names}
    for _ in range(_TRIES):
        guess = closest(word, left)
        if guess is None or may_see(guess):
            return guess
        left.remove(guess)
    return None


def _with_guess(error: NotFound, guess: str | None) -> NotFound:
    if guess is None:
        return error
    text = gettext_noop("{problem}; did you mean {guess!r}?")
    return NotFound(Sentence(text, problem=sentence_of(error), guess=guess))


def _with_place(error: NotFound, branch: str | None) -> NotFound | None:
    if branch is None:
        return None
    text = gettext_noop("{problem}; it is on {branch!r}")
    return NotFound(Sentence(text, problem=sentence_of(error), branch=branch))

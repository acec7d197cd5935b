"""The branches in PROCTOR_EDITOR_BRANCHES, in order, and their database rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.editor.errors import NoSuchBranch
from proctor.editor.models import Branch

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["approvals_needed", "branch_names", "check_branch", "ensure_rows", "first_branch"]


def branch_names() -> tuple[str, ...]:
    """Return the names of the branches. Tests are edited on the first branch."""
    return tuple(settings.PROCTOR_EDITOR_BRANCHES)


def first_branch() -> str:
    """Return the branch on which tests are edited."""
    return branch_names()[0]


def check_branch(name: str) -> str:
    """Return *name*. Raises NoSuchBranch if it is not in PROCTOR_EDITOR_BRANCHES."""
    if name not in branch_names():
        raise NoSuchBranch(name, branch_names())
    return name


def approvals_needed(branch: str) -> int:
    """Return how many other people must approve a publication on *branch*."""
    return int(settings.PROCTOR_EDITOR_APPROVALS.get(branch, 0))


def ensure_rows(names: Iterable[str], using: str) -> None:
    """Create database rows for branches that do not have one yet."""
    rows = [Branch(name=name) for name in names]
    Branch.objects.using(using).bulk_create(rows, ignore_conflicts=True)

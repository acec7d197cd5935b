"""The matrices of branches, cached in memory and updated after each publication."""

from __future__ import annotations

from proctor.editor.publishing.publishing import write_alias
from proctor.editor.serving.branch_matrix import BranchMatrix, read_matrix

__all__ = ["kept_matrix"]

#: The last matrix by database alias and branch, cached so that only newer publications are read.
_kept: dict[str, dict[str, BranchMatrix]] = {}


def kept_matrix(branch: str) -> BranchMatrix:
    """Return the current matrix of a branch. Raises Lagging and database errors."""
    alias = write_alias()
    kept = _kept.setdefault(alias, {})
    found = read_matrix(branch, kept.get(branch), using=alias) or kept.get(branch)
    assert found is not None
    kept[branch] = found
    return found

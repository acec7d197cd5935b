"""The outcome of a change: a publication or a proposal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.problems import Problem
    from proctor.editor.models import Proposal, Revision

__all__ = ["Proposed", "Published"]


@dataclass(frozen=True, slots=True)
class Published:
    """A publication of one test, and its effects on visitors."""

    revision: Revision
    moves: Mapping[str, tuple[PairMoves, ...]]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change that other people must approve first, and its effects on visitors."""

    proposal: Proposal
    moves: Mapping[str, tuple[PairMoves, ...]]
    problems: tuple[Problem, ...]

"""The tables of an analysis, ready for statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proctor.analysis.exposures import Visitors
    from proctor.analysis.inputs.workspace import Workspace
    from proctor.analysis.metric_plan import MetricPlan
    from proctor.analysis.options import Options
    from proctor.analysis.period import Period
    from proctor.analysis.strata import Strata
    from proctor.analysis.windows import Outcomes
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["Prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The tables of an analysis, and what is known before any statistics are computed."""

    space: Workspace
    options: Options
    test: str
    definitions: tuple[TestDefinition, ...]
    strata: Strata
    period: Period
    groups: tuple[str, ...]
    plans: tuple[MetricPlan, ...]
    visitors: Visitors
    not_matured: int
    outcomes: Outcomes
    #: Names of the metrics in the outcomes.
    names: frozenset[str]

    @property
    def seen_outcomes(self) -> bool:
        """True if there are any outcomes."""
        return bool(self.names)

"""Simulate two weeks of visitors, whose groups come from the real engine.

Whenever the demo is set up, the same visitors do the same things, only on different days, so the
precomputed reports stay valid.
"""

from __future__ import annotations

import math
import random
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from proctor.core.evaluation.engine import Proctor
from proctor.results.recording.rows import (
    NotedExposure,
    NotedOutcome,
    digest,
    exposure_row,
    outcome_row,
)
from proctor.results.recording.splits import split_of_definition
from testproject.shop.products import PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from proctor.core.matrices.matrix import Matrix
    from proctor.results.models import Exposure, Outcome
    from proctor.results.recording.rows import SplitInfo

__all__ = ["DAYS", "Simulated", "simulate"]

DAYS = 14
#: The day on which a test starts, if it does not start on the first day. Days are numbered from 0.
_STARTED = {"newfeaturerollout": 8}
#: The day on which the share of the new search rises from 10 % to 25 %.
_RAISED = 11
#: New visitors on an ordinary day.
_VISITORS = 1400
#: Number of visitors on each day of a week, relative to an ordinary day.
_WEEK = (1.0, 0.96, 0.94, 0.98, 1.05, 1.12, 1.08)
#: Percentage of visitors from each country.
_COUNTRIES = {"US": 52, "DE": 21, "GB": 18, "JP": 9}
#: Probability that a visitor with the gray button adds something to the basket.
_BASKET = 0.16
#: Factor by which a group multiplies the probability of adding something to the basket.
_EFFECTS = {("buttoncolortst", "green"): 1.24, ("buttoncolortst", "blue"): 1.02}
_EFFECTS["newfeaturerollout", "active"] = 1.05
#: Share of visitors with a filled basket who place an order.
_ORDER = 0.42
#: Share of a group's visitors for whom a script fails before the exposure is sent.
_LOST = {("headlinetst", "promise"): 0.12}
#: Probability that a visitor sees a page that reads the test.
_PAGES = {"buttoncolortst": 0.72, "headlinetst": 0.83, "newfeaturerollout": 0.56}


@dataclass(slots=True)
class Simulated:
    """The rows of all visitors, before they are stored."""

    #: The time when each split was first seen.
    splits: dict[SplitInfo, datetime] = field(default_factory=dict)
    exposures: list[Exposure] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def simulate(first_week: Matrix, now: Matrix, end: datetime) -> Simulated:
    """Return the exposures and outcomes of the last DAYS days before *end*, an aware datetime."""
    run = _Run(end)
    engines = Proctor(first_week), Proctor(now)
    for day in range(DAYS):
        run.one_day(day, engines[day >= _RAISED])
    return run.found


class _Run:
    """A simulation with one continuous sequence of random numbers."""

    def __init__(self, end: datetime) -> None:
        self.found = Simulated()
        self._end = end
        self._draw = random.Random("small hours")  # noqa: S311 - no secret

    def one_day(self, day: int, engine: Proctor) -> None:
        """Simulate the visitors of one day. Days are numbered from 0."""
        midnight = self._end - timedelta(days=DAYS - day)
        tests = engine.matrix.tests
        splits = {
            name: split_of_definition(tests[name])
            for name in _PAGES
            if day >= _STARTED.get(name, 0)
        }
        for split in splits.values():
            self.found.splits.setdefault(split, midnight)
        for _ in range(round(_VISITORS * _WEEK[day % 7])):
            self._visit(engine, splits, midnight.timestamp() + self._second())

    def _second(self) -> float:
        """Return a random second of a day. More visitors come in the evening."""
        hour = self._draw.random() * 24
        if self._draw.random() < 0.6:
            hour = min(max(self._draw.gauss(19.5, 2.5), 0.0), 23.99)
        return hour * 3600

    def _visit(self, engine: Proctor, splits: Mapping[str, SplitInfo], at: float) -> None:
        draw = self._draw
        # The same format as in the cookie that the shop sets.
        visitor = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        (country,) = draw.choices(tuple(_COUNTRIES), tuple(_COUNTRIES.values()))
        groups = engine.determine_groups(
            identifiers={"USER": visitor}, context={"country": country, "loggedIn": False}
        )
        chance = _BASKET
        for test, share in _PAGES.items():
            # Drawn for every visitor, so that a change to one test does not affect the others.
            comes, loses, after = draw.random(), draw.random(), draw.random() * 300
            found = groups.get(test)
            # As with the `exposed` signal, there is no exposure for a visitor without a group or in
            # an inactive group.
            if comes >= share or test not in splits or found is None or (found.value or 0) < 0:
                continue
            group, allocation = str(found.group), found.allocation_id
            chance *= _EFFECTS.get((test, group), 1.0)
            if loses >= _LOST.get((test, group), 0.0):
                noted = NotedExposure(at + after, visitor, group, allocation, splits[test], 0)
                self.found.exposures.append(exposure_row(noted))
        self._buy(visitor, chance, at + 300)

    def _buy(self, visitor: str, chance: float, at: float) -> None:
        """With probability *chance*, fill the basket some time after *at*, and perhaps order."""
        draw = self._draw
        fills, orders = draw.random(), draw.random()
        filled = at + draw.expovariate(1 / 5400)
        ordered = filled + 240
        pieces = 1 + math.floor(draw.expovariate(1.4))
        total = sum(draw.choice(PRODUCTS).price for _ in range(pieces))
        if fills >= chance:
            return
        done = [("basket", 1.0, filled)]
        if orders < _ORDER:
            done += [("order", 1.0, ordered), ("revenue", float(total), ordered)]
        for metric, value, when in done:
            if when < self._end.timestamp():
                key = digest("demo", visitor, metric)
                noted = NotedOutcome(key, when, "USER", visitor, metric, value)
                self.found.outcomes.append(outcome_row(noted))

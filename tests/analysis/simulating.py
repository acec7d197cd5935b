"""Simulated A/B tests in which the real hash places the visitors.

`python benchmarks/analysis.py --simulations` runs the long form.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import numpy as np
import pyarrow as pa

from proctor import Metric
from proctor.analysis import analyze
from proctor.analysis.effects import (
    LEAST_ALWAYS_VALID,
    combine,
    covariance_of,
    effects_in,
    restricted,
)
from proctor.analysis.moments import Moments
from proctor.core.evaluation.hashing import hash_position, salted_prefix
from tests.analysis.samples import START, split

GROUPS = {0: "control", 1: "blue"}


def places(salt, names):
    """Return the position of each visitor between 0 and 1, computed with the engine's hash."""
    prefix = salted_prefix("atst", salt)
    found = np.array([hash_position(prefix, name) for name in names], dtype=float)
    return (found + 2.0**31) / 2.0**32


def visitors(start, count):
    return [b"v%d" % number for number in range(start, start + count)]


def moments(values, groups, strata=None):
    """Return the moments of values by stratum and group, each from a different visitor."""
    strata = np.zeros(len(values), dtype=int) if strata is None else strata
    center = values.mean()
    own = {}
    for stratum in np.unique(strata):
        for group in (0, 1):
            chosen = values[(strata == stratum) & (groups == group)] - center
            own[int(stratum), group] = (
                float(len(chosen)),
                np.array([chosen.sum()]),
                np.array([[(chosen**2).sum()]]),
            )
    return Moments(np.array([center]), own, {})


def combined(found, least=2):
    effects = effects_in(found, 0, 1, ratio=False, past=False)
    return combine(*restricted(effects, covariance_of(effects, found, (0, 1)), least))


def aa_false_positives(runs, size=5000, seed=1):
    """Return the share of tests without an effect that are significant at a single look."""
    random = np.random.default_rng(seed)
    values = random.exponential(10, size) * (random.random(size) < 0.3)
    names = visitors(0, size)
    wrong = 0
    for run in range(runs):
        groups = (places(f"salt{run}", names) >= 0.5).astype(int)
        wrong += combined(moments(values, groups)).p_value < 0.05
    return wrong / runs


def peeking_false_positives(runs, looks=100, daily=400, seed=2):
    """Return the share of A/A ramps from 1 % to 50 % that an always-valid interval ever rejects."""
    random = np.random.default_rng(seed)
    size = looks * daily
    names = visitors(0, size)
    look = np.repeat(np.arange(looks), daily)
    late = look >= looks // 2
    wrong = 0
    for run in range(runs):
        groups = (places(f"salt{run}", names) >= np.where(late, 0.5, 0.99)).astype(int)
        values = random.normal(5, 3, size) + late
        wrong += _is_called(values, groups, late.astype(int), look, looks)
    return wrong / runs


def _is_called(values, groups, strata, look, looks):
    centered = values - 5
    sums = np.zeros((looks, 2, 2, 3))
    for power in range(3):
        np.add.at(sums[..., power], (look, strata, groups), centered**power)
    sums = sums.cumsum(axis=0)
    for step in range(looks):
        own = {
            (s, g): (row[0], np.array([row[1]]), np.array([[row[2]]]))
            for s in (0, 1)
            for g in (0, 1)
            if (row := sums[step, s, g])[0] > 0
        }
        found = combined(Moments(np.array([5.0]), own, {}), LEAST_ALWAYS_VALID)
        if found is None:
            continue
        low, high = found.always_valid(0.05)
        if low > 0 or high < 0:
            return True
    return False


#: Shares of control, inactive and blue in a ramp that takes visitors from inactive.
RAMP = ((0.4, 0.5, 0.1), (0.4, 0.35, 0.25), (0.4, 0.1, 0.5))


def ramp_matrices(salt):
    return [
        split(
            (0, control), (-1, inactive), (1, blue),
            version=str(number), allocation=f"#A{number}", salt=salt,
        )
        for number, (control, inactive, blue) in enumerate(RAMP, 1)
    ]  # fmt: skip


def ramp_rows(salt, size, effect=0.0, *, seed=0, past=False):
    """Return exposures and outcomes of a ramp with one day per step; half of the visitors return.

    Values depend on the visitor, and drift from day to day.
    """
    random = np.random.default_rng(seed)
    level = random.gamma(2.0, 1.0, size)
    place = places(salt, visitors(0, size))
    micro = int(START.timestamp() * 1e6)
    seen, happened = [], []
    for day, (control, inactive, _) in enumerate(RAMP):
        comes = random.random(size) < 0.5
        group = np.where(place < control, 0, np.where(place < control + inactive, -1, 1))
        chosen = np.flatnonzero(comes & (group >= 0))
        times = micro + day * 86_400_000_000 + random.integers(0, 80_000_000_000, len(chosen))
        seen.append((chosen, times, group[chosen], day + 1))
        values = level[chosen] + 0.5 * day + random.normal(0, 1, len(chosen))
        happened.append((chosen, times + 3_600_000_000, values + effect * (group[chosen] == 1)))
    if past:
        times = np.full(size, micro - 86_400_000_000)
        happened.append((np.arange(size), times, level + random.normal(0, 0.5, size)))
    return _exposures(seen), _outcomes(happened)


def _column(parts, index):
    return np.concatenate([part[index] for part in parts])


def _times(values):
    return pa.array(values).cast(pa.timestamp("us", "UTC"))


def _names(numbers):
    return pa.array([f"v{number}" for number in numbers])


def _exposures(parts):
    versions = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    return pa.table(
        {
            "at": _times(_column(parts, 1)),
            "visitor": _names(_column(parts, 0)),
            "test": pa.array(["atst"] * len(versions)),
            "group": pa.array([GROUPS[value] for value in _column(parts, 2)]),
            "allocation": pa.array([f"#A{version}" for version in versions]),
            "version": pa.array([str(version) for version in versions]),
        }
    )


def _outcomes(parts):
    values = _column(parts, 2)
    return pa.table(
        {
            "at": _times(_column(parts, 1)),
            "visitor": _names(_column(parts, 0)),
            "metric": pa.array(["revenue"] * len(values)),
            "value": pa.array(values),
        }
    )


def ramp_reports(runs, size=2000, effect=0.0, past=False):
    """Return reports of ramps, each with its own salt. Outcomes count for their day."""
    metric = Metric("revenue", window=timedelta(hours=2), past=timedelta(days=7) if past else None)
    for run in range(runs):
        salt = hashlib.md5(b"%d" % run).hexdigest()
        seen, happened = ramp_rows(salt, size, effect, seed=run, past=past)
        yield analyze(
            "atst", seen, happened, ramp_matrices(salt), [metric],
            until=START + timedelta(days=5),
        )  # fmt: skip


def ramp_figures(runs, effect=0.0, past=False):
    """Return the shares of alarms, significant effects and covered effects, and the mean effect."""
    alarms = wrong = covered = 0
    found = []
    for report in ramp_reports(runs, effect=effect, past=past):
        (each,) = report.metrics[0].effects
        alarms += not report.ok
        wrong += each.p_value < 0.05
        covered += each.interval[0] <= effect <= each.interval[1]
        found.append(each.absolute)
    spread = float(np.std(found, ddof=1) / np.sqrt(runs)) if runs > 1 else 0.0
    return alarms / runs, wrong / runs, covered / runs, float(np.mean(found)), spread


def print_all():
    """Run the long simulations, print the results, and return 1 if a figure is wrong."""
    checks = []

    def check(text, value, low, high):
        checks.append(low <= value <= high)
        print(f"{text:66} {value:8.4f}  wanted {low} to {high}", flush=True)

    check("A/A tests that are significant at one look", aa_false_positives(2000), 0.04, 0.06)
    check("ramps 1 % to 50 % called at any of 100 looks", peeking_false_positives(300), 0, 0.05)
    alarms, wrong, _, _, _ = ramp_figures(500)
    check("ramps out of inactive: false alarms of the sample ratio", alarms, 0, 0.005)
    check("ramps out of inactive: significant without an effect", wrong, 0.03, 0.07)
    _, _, covered, _, _ = ramp_figures(500, effect=0.181)
    check("a planted effect is covered", covered, 0.93, 0.97)
    _, _, covered, mean, spread = ramp_figures(300, effect=0.181, past=True)
    check("CUPED: bias of the effect 0.181, in standard errors", (mean - 0.181) / spread, -3, 3)
    check("CUPED: a planted effect is covered", covered, 0.93, 0.97)
    return int(not all(checks))

"""Rows as a site would record them; the real hash places the visitors."""

from __future__ import annotations

import random
import time

from proctor.core.evaluation.engine import Proctor
from proctor.core.matrices.matrix import Matrix
from proctor.results.recording.rows import NotedExposure, NotedOutcome, digest
from proctor.results.recording.splits import split_of_definition
from proctor.results.recording.writer import Writer

DAY = 86_400.0


def matrix_of(document, name="buttontst"):
    return Matrix.from_dict({"audit": {"version": "1"}, "tests": {name: document}})


def noted(
    document, visitors, *, name="buttontst", days=10.0, effect=0.0, seed=1, first=0, context=()
):
    """Return the actions of visitors: each comes once, and half of them buy within a day."""
    draw = random.Random(seed)
    matrix = matrix_of(document, name)
    proctor, split = Proctor(matrix), split_of_definition(matrix.tests[name])
    begin = time.time() - days * DAY
    rows = []
    for number in range(first, first + visitors):
        visitor = f"v{number}"
        found = proctor.determine_groups(identifiers={"USER": visitor}, context=dict(context))
        assignment = found.get(name)
        if assignment is None or assignment.value < 0:
            continue
        at = begin + draw.random() * days * DAY
        rows.append(
            NotedExposure(at, visitor, assignment.group, assignment.allocation_id, split, number)
        )
        chance = 0.3 + (effect if assignment.value else 0.0)
        if draw.random() < chance:
            bought = at + draw.random() * min(DAY, time.time() - at)
            value = round(draw.lognormvariate(3, 0.5), 2)
            for metric, each in (("order", 1.0), ("revenue", value)):
                key = digest("sample", visitor, metric, str(seed))
                rows.append(NotedOutcome(key, bought, "USER", visitor, metric, each))
    return rows


def store(rows, batch=2000):
    """Write rows on the connection of the caller."""
    writer = Writer()
    for start in range(0, len(rows), batch):
        assert writer.write(rows[start : start + batch]) == 0

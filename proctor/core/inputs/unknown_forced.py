"""Find forced groups that do not exist in a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.messages import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.inputs.force_groups import ForceGroups
    from proctor.core.matrices.matrix import Matrix

__all__ = ["unknown_forced"]


def unknown_forced(force: ForceGroups, matrix: Matrix) -> Iterator[tuple[str, str]]:
    """Yield each test whose forced group does not exist in *matrix*, with the problem.

    The problem mentions the test with the closest name, or the groups that the test has.
    """
    for name, value in force.groups.items():
        definition = matrix.tests.get(name)
        if definition is None:
            guess = did_you_mean(name, matrix.tests)
            yield name, f"the matrix has no test {name[:80]!r}{guess}"
            continue
        values = {each.value: each.name for each in definition.buckets}
        if value not in values:
            known = ", ".join(f"{each} ({group})" for each, group in sorted(values.items()))
            yield name, f"{name} has no group {value}; expected one of {known}"

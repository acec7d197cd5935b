"""Split the ordinary tests of a matrix into chunks, each compiled into one function.

A small matrix is one chunk. A large matrix is split after certain tests, which are chosen by a
checksum of their names. So if a test is added, removed or changed, only the chunk with that test
changes, and the next matrix reuses the other chunks.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.evaluation.selection import build_select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from proctor.core.evaluation.chooser import Chooser
    from proctor.core.evaluation.function_tree import Failure, Row
    from proctor.core.evaluation.selection import Select
    from proctor.core.java.context_types import ContextType
    from proctor.core.rules.rule import Rule

__all__ = ["Chunk", "build_chunks", "combined"]

#: A matrix with at most this many ordinary tests becomes a single chunk.
SMALL = 512
#: The mean chunk size of a larger matrix.
MEAN = 256


class Chunk(NamedTuple):
    """Tests that are compiled together."""

    tests: tuple[Chooser, ...]
    select: Select
    #: The variables that the chunk's function reads.
    variables: frozenset[str]


def build_chunks(
    tests: Sequence[Chooser],
    slots: Mapping[str, int],
    context_types: Mapping[str, ContextType] | None,
    known: Iterable[Chunk] = (),
) -> tuple[Chunk, ...]:
    """Compile *tests*, which must be ordinary. Chunks in *known* with the same tests are reused.

    Only identical objects count as the same test. *known* must have been built with the same
    *slots* and *context_types*; see `build_select`.
    """
    compiled = {each.tests: each for each in known}
    found = []
    for part in _cut(tests):
        chunk = compiled.get(part)
        if chunk is None:
            select, variables = build_select(part, slots, context_types)
            chunk = Chunk(part, select, frozenset(variables))
        found.append(chunk)
    return tuple(found)


def _cut(tests: Sequence[Chooser]) -> Iterator[tuple[Chooser, ...]]:
    if len(tests) <= SMALL:
        yield tuple(tests)
        return
    part: list[Chooser] = []
    for test in tests:
        part.append(test)
        if zlib.crc32(test.name.encode("utf-8", "surrogatepass")) % MEAN == 0:
            yield tuple(part)
            part = []
    if part:
        yield tuple(part)


def combined(chunks: Sequence[Chunk]) -> Select:
    """Return one function for all *chunks*. It returns the results in the order of the chunks."""
    if len(chunks) == 1:
        return chunks[0].select
    selects = [each.select for each in chunks]

    def select(
        get: Callable[[str], Any],
        ask: Callable[[Rule], bool | None],
        refuse: Callable[[], object],
    ) -> tuple[list[Row], list[Failure]]:
        chosen: list[Row] = []
        failed: list[Failure] = []
        for each in selects:
            rows, failures = each(get, ask, refuse)
            chosen += rows
            failed += failures
        return chosen, failed

    return select

"""`simulate`: measure the actual split of a test with simulated visitors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import (
    add_context,
    add_declarations,
    add_json,
    add_matrix,
    add_progress,
    whole_number,
)
from proctor.cli.complaints import said_once
from proctor.cli.inputs import load_proctor, read_context, require_test
from proctor.cli.printing import MAX_LINE, bar, pretty_json, table
from proctor.cli.progress import tracked
from proctor.core.messages import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from proctor.core.evaluation.engine import Proctor
    from proctor.core.matrices.matrix import Bucket, TestDefinition

DESCRIPTION = "Simulate the split of a test with random visitors."

DETAILS = (
    "Every visitor has the given context and a different identifier, derived from the seed and a "
    "number, so repeating the command prints the same result. Rules and dependencies apply. "
    "EXPECTED is the share of each group in the allocation; the column is missing if "
    "visitors get different allocations."
)

#: More visitors would take hours and show nothing new.
MAX_VISITORS = 100_000_000


@dataclass(frozen=True, slots=True)
class Split:
    """The number of visitors in each group of a test."""

    definition: TestDefinition
    visitors: int
    #: Number of visitors by bucket value. Visitors without a group are not included.
    counts: Mapping[int, int]
    #: The share of each bucket value in the matrix; None if it differs between visitors.
    expected: Mapping[int, float] | None
    #: The rules that failed, and how often each of them failed.
    errors: Mapping[str, int]

    @property
    def without_group(self) -> int:
        """The number of visitors without a group."""
        return self.visitors - sum(self.counts.values())


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser(
        "simulate", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}"
    )
    add_matrix(parser)
    parser.add_argument("test", metavar="TEST", help="name of the test")
    parser.add_argument(
        "-n",
        "--visitors",
        type=whole_number(MAX_VISITORS),
        default=10_000,
        metavar="NUMBER",
        help="how many visitors, up to 100 million (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        default="visitor",
        metavar="TEXT",
        help="seed of the random visitors (default: %(default)s)",
    )
    add_progress(parser)
    add_context(parser)
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the split. Return the exit code."""
    proctor, variables = load_proctor(options)
    require_test(proctor, options.test)
    context = read_context(options, variables)
    numbers = tracked(range(options.visitors), wanted=options.progress)
    identifiers = (f"{options.seed}-{n}" for n in numbers)
    with said_once():
        split = simulate(proctor, options.test, identifiers, context)
    if options.json:
        out.write(pretty_json(as_json(split)) + "\n")
    else:
        out.writelines(f"{line}\n" for line in lines(split))
    return 0


def simulate(
    proctor: Proctor, test: str, identifiers: Iterable[str], context: Mapping[str, object]
) -> Split:
    """Evaluate the test for each of the identifiers, all with the same context."""
    definition = proctor.matrix.tests[test]
    random = definition.test_type == "RANDOM"
    counts: Counter[int] = Counter()
    allocations: set[int | None] = set()
    errors: Counter[str] = Counter()
    visitors = 0
    for identifier in identifiers:
        groups = proctor.determine_groups(
            identifiers={} if random else {str(definition.test_type): identifier},
            context=context,
            tests=(test,),
            random_enabled=random,
        )
        visitors += 1
        if (assignment := groups.get(test)) is not None:
            counts[assignment.value or 0] += 1
            allocations.add(assignment.allocation_index)
        for name, error in groups.errors.items():
            errors[f"{name}: {error}"] += 1
    expected = None
    if len(allocations) == 1 and sum(counts.values()) == visitors:
        expected = _expected(definition, allocations.pop())
    return Split(definition, visitors, counts, expected, errors)


def _expected(definition: TestDefinition, allocation: int | None) -> dict[int, float] | None:
    if allocation is None:
        return None
    shares: dict[int, float] = {}
    for each in definition.allocations[allocation].ranges:
        shares[each.bucket_value] = shares.get(each.bucket_value, 0.0) + each.length
    return shares


def lines(split: Split) -> Iterator[str]:
    """Return the split as a table with bars."""
    header, alignments = ["GROUP", "VALUE", "VISITORS", "SHARE"], "<>>>"
    if split.expected is not None:
        header.append("EXPECTED")
        alignments += ">"
    yield f"{printable(split.definition.name)}: {split.visitors:,} visitors"
    yield ""
    yield from table([*header, ""], _rows(split), alignments)
    for error, count in sorted(split.errors.items()):
        yield f"rule failed for {count:,} in {printable(error, MAX_LINE)}"


def _rows(split: Split) -> Iterator[Sequence[str]]:
    for bucket in _buckets(split.definition):
        count = split.counts.get(bucket.value, 0)
        cells = [bucket.name, str(bucket.value), f"{count:,}", f"{count / split.visitors:.2%}"]
        if split.expected is not None:
            cells.append(f"{split.expected.get(bucket.value, 0.0):.2%}")
        yield [*cells, bar(count / split.visitors)]
    if count := split.without_group:
        # If visitors get different allocations, there are no expected shares.
        share = count / split.visitors
        yield ["(none)", "", f"{count:,}", f"{share:.2%}", bar(share)]


def _buckets(definition: TestDefinition) -> list[Bucket]:
    # If several buckets have the same value, the last one is used.
    by_value = {bucket.value: bucket for bucket in definition.buckets}
    return [by_value[value] for value in sorted(by_value)]


def as_json(split: Split) -> dict[str, Any]:
    """Return the split as a JSON document."""
    return {
        "test": split.definition.name,
        "visitors": split.visitors,
        "groups": [
            {
                "group": bucket.name,
                "value": bucket.value,
                "visitors": split.counts.get(bucket.value, 0),
                "expected": None
                if split.expected is None
                else split.expected.get(bucket.value, 0.0),
            }
            for bucket in _buckets(split.definition)
        ],
        "no_group": split.without_group,
        "errors": dict(sorted(split.errors.items())),
    }

"""`ramp`: set new shares for the groups of a test, and move as few visitors as possible."""

from __future__ import annotations

import argparse
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_json, pair, whole_number
from proctor.cli.definition_files.in_place import read_file, write_in_place
from proctor.cli.definition_files.reading import file_of, read_definitions
from proctor.cli.definition_files.relatives import relatives_of
from proctor.cli.errors import CommandError
from proctor.cli.printing import pretty_json, table
from proctor.cli.review import has_color
from proctor.cli.review import lines as review_lines
from proctor.core.authoring.ids.saved_ids import moved_on
from proctor.core.authoring.moves.jumping import jumping_allocations
from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.moves.splicing import decimal_text
from proctor.core.authoring.moves.who_moves import moves
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.review.reviewing import Review, review
from proctor.core.authoring.review.sides import tests_of
from proctor.core.messages import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from proctor.cli.definition_files.in_place import DefinitionFile
    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.matrices.matrix import TestDefinition

DESCRIPTION = "Change the shares of a test's groups, moving as few visitors as possible."

DETAILS = (
    "Groups that are not named keep all their visitors, and the group with a negative value gets "
    "the rest. Nothing is written without -i."
)


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("ramp", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument(
        "file",
        metavar="MATRIX_OR_DEFINITION",
        help="a matrix, a definition.json, or a directory that contains test-definitions/; "
        "without -i, also a URL, or - for standard input",
    )
    parser.add_argument("test", metavar="TEST", help="name of the test")
    parser.add_argument(
        "shares",
        nargs="+",
        type=share,
        metavar="GROUP=SHARE",
        help="name or value of a group, and its new share: active=20%% or active=0.2",
    )
    parser.add_argument(
        "--allocation",
        type=whole_number(1_000_000),
        metavar="N",
        help="number of the allocation, from 1; required if the test has several allocations",
    )
    parser.add_argument(
        "-i",
        "--in-place",
        action="store_true",
        help="write the new ranges to the file, with a new allocation id and new versions",
    )
    parser.add_argument(
        "--history",
        action="append",
        default=[],
        metavar="FILE_OR_TREE",
        help="a file with the test from another branch or an earlier revision; its allocation "
        "ids are not used again; may be repeated",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def share(text: str) -> tuple[str, Fraction]:
    """Parse GROUP=SHARE."""
    name, value = pair(text)
    is_percent = value.endswith("%")
    try:
        # Fraction also accepts 1/3, but not NaN. Computing a huge exponent could take forever.
        if len(value) > 30 or "e" in value.lower():
            raise ValueError
        number = Fraction(value.rstrip("%").strip()) / (100 if is_percent else 1)
    except (ValueError, ZeroDivisionError):
        number = Fraction(-1)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(
            f"expected a share such as 20% or 0.2, got {value[:80]!r} in {text[:80]!r}"
        )
    return name, number


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the new ranges, and how many visitors move. Return the exit code."""
    file = read_file(file_of(options.file, options.test), options.test)
    old = file.test
    index = _allocation(old, options.allocation)
    new = ramp(old, index, _shares(old, options.shares))
    if new is not old:
        history = list(_history(options.history, old.name))
        new = _moved_on(file, new, history, strict=options.in_place)
    if options.in_place and new is not old:
        write_in_place(file, index, new)
    if options.json:
        out.write(pretty_json(as_json(new, index, _moves(file, old, new))) + "\n")
        return 0
    found = _reviewed(file, new, relatives_of(options.file, file))
    out.writelines(f"{line}\n" for line in _lines(new, index))
    out.write("\n")
    out.writelines(f"{line}\n" for line in review_lines(found, color=has_color(out)))
    return 0


def _reviewed(
    file: DefinitionFile, new: TestDefinition, relatives: Mapping[str, TestDefinition]
) -> Review:
    """Return the review of the test, and of those *relatives* whose visitors change groups."""
    before, after = map(file.in_matrix_form, (file.test, new))
    own = review(before, after)
    if not relatives:
        return own
    both = ({**relatives, file.test.name: each} for each in (before, after))
    others = [each for each in review(*both).tests if each.test != file.test.name]
    return Review((*own.tests, *others))


def as_json(test: TestDefinition, index: int, pairs: Iterable[PairMoves]) -> dict[str, Any]:
    """Return the ranges of an allocation, and the shares of visitors who move, as JSON."""
    ranges = test.allocations[index].ranges
    return {
        "ranges": [
            {"bucketValue": each.bucket_value, "length": float(decimal_text(each.length))}
            for each in ranges
        ],
        "moves": [each.to_dict() for each in pairs],
    }


def _lines(test: TestDefinition, index: int) -> Iterator[str]:
    names = {bucket.value: bucket.name for bucket in test.buckets}
    rows = [
        (names.get(each.bucket_value, ""), str(each.bucket_value), decimal_text(each.length))
        for each in test.allocations[index].ranges
    ]
    yield from table(("GROUP", "VALUE", "LENGTH"), rows, "<><")


def _history(locations: Iterable[str], test: str) -> Iterator[TestDefinition]:
    """Yield the test from each of the other files.

    If a file contains only one definition, that definition is yielded, even under a different name.
    """
    for location in locations:
        found = read_definitions(location)
        tests = tests_of(found.content)
        if found.is_single:
            yield from tests.values()
        elif test in tests:
            yield tests[test]


def _allocation(test: TestDefinition, number: int | None) -> int:
    count = len(test.allocations)
    if number is None and count > 1:
        raise CommandError(
            f"{test.name!r} has {count} allocations; choose one with --allocation, 1 to {count}"
        )
    return (number or 1) - 1


def _shares(test: TestDefinition, given: Sequence[tuple[str, Fraction]]) -> dict[int, Fraction]:
    """Return the shares by bucket value. An option identifies a group by name or by value."""
    names = {bucket.name: bucket.value for bucket in test.buckets}
    values = {str(bucket.value): bucket.value for bucket in test.buckets}
    found: dict[int, Fraction] = {}
    for name, number in given:
        value = names.get(name, values.get(name))
        if value is None:
            raise CommandError(f"{test.name!r} has no group {name!r}: {nearest(name, names)}")
        if value in found:
            raise CommandError(f"the share of {name!r} is given twice: remove one")
        found[value] = number
    return found


def _moves(file: DefinitionFile, old: TestDefinition, new: TestDefinition) -> tuple[PairMoves, ...]:
    try:
        return moves(file.in_matrix_form(old), file.in_matrix_form(new))
    except ValueError as error:
        raise CommandError(f"a different allocation of {old.name!r} is invalid: {error}") from error


def _moved_on(
    file: DefinitionFile, new: TestDefinition, history: Sequence[TestDefinition], *, strict: bool
) -> TestDefinition:
    """Return *new* with new ids for allocations whose old and new results must not be pooled.

    An id that does not have the form `#A1` cannot be incremented. Such an id is kept; if *strict*
    is True, Refusal is raised instead.
    """
    old = file.test
    jumping = jumping_allocations(_moves(file, old, new))
    try:
        return replace(new, allocations=moved_on(old, new, history, jumping))
    except Refusal:
        if strict:
            raise
        return new

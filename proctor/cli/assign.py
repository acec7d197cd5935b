"""`assign`: find the groups for a whole table of visitors."""

from __future__ import annotations

import contextlib
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations, add_json, whole_number
from proctor.cli.complaints import said_once
from proctor.cli.errors import CommandError
from proctor.cli.inputs import read_content
from proctor.cli.printing import MAX_LINE, bar, pretty_json, table
from proctor.cli.progress import tracked_batches
from proctor.cli.tables.columns import add_columns
from proctor.core.messages import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from proctor.bulk.summary import Summary

DESCRIPTION = "Assign a whole table of visitors to their groups."

DETAILS = (
    "The table and the output are Parquet, CSV or JSON lines, depending on their file names. The "
    "output has a column for each test, or with --long a row for each visitor and test. A null "
    "counts as a missing value. Values in CSV are strings, and an empty field is a null. The "
    "output file is created only when it is complete."
)

HINT = "pip install 'django-proctor[bulk]'"

#: A larger number of processes is probably a typo.
MAX_JOBS = 256


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("assign", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument("table", metavar="TABLE", help="the table of visitors")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--matrix",
        required=True,
        metavar="MATRIX",
        help="path, http(s) URL or object-store address of a matrix; - for standard input",
    )
    add_columns(parser, "TYPE=COLUMN")
    parser.add_argument("--tests", type=_names, metavar="A,B", help="only these tests")
    parser.add_argument("--long", action="store_true", help="write a row for each visitor and test")
    parser.add_argument(
        "--columns",
        type=_names,
        metavar="A,B",
        help="the columns to write for a group: group, value, payload, allocation (default: "
        "group; with "
        "--long: group,value,allocation)",
    )
    parser.add_argument(
        "--jobs",
        type=whole_number(MAX_JOBS),
        default=1,
        metavar="N",
        help="number of processes (default: %(default)s)",
    )
    parser.add_argument(
        "--random", action="store_true", help="also assign groups in RANDOM tests, as Pipet does"
    )
    parser.add_argument("--no-empty", action="store_true", help="reject empty identifiers")
    parser.add_argument(
        "--progress",
        action="store_true",
        default=None,
        help="show a progress bar (default: show it on a terminal if the work takes long)",
    )
    parser.add_argument(
        "--no-progress", dest="progress", action="store_false", help="never show a progress bar"
    )
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def _names(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Write the file and print the summary. Return the exit code."""
    if Path(options.output).absolute() == Path(options.table).absolute():
        raise CommandError("the output file is the input table itself: choose another file")
    with _terminable():
        summary = assign(options)
    if options.json:
        out.write(pretty_json(as_json(summary)) + "\n")
    else:
        out.writelines(f"{line}\n" for line in lines(options.output, summary))
    return 0


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM like an interrupt, so that no incomplete file is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def assign(options: argparse.Namespace) -> Summary:
    """Assign groups to the visitors in the table, and write the output. Return the counts."""
    try:
        # Imported here because importing PyArrow takes half a second, and other commands do not
        # need it.
        from proctor.bulk.batches import resized  # noqa: PLC0415
        from proctor.bulk.summary import Summary  # noqa: PLC0415
        from proctor.bulk.tables import check_inputs  # noqa: PLC0415
        from proctor.cli.tables import files, jobs  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "pyarrow"):
            raise
        raise CommandError(f"assign needs NumPy and PyArrow: {HINT}") from None
    summary = Summary()
    files.format_of(options.table)
    dictionary = files.format_of(options.output) == "parquet"
    matrix = read_content(options.matrix)
    job = jobs.make_job(options, matrix, dictionary=dictionary)
    with (
        said_once(),
        files.open_reader(options.table, job.columns.identifiers.values()) as reader,
    ):
        check_inputs(reader.schema, job.assigner.inputs)
        schema = job.output.schema(reader.schema)
        batches = tracked_batches(resized(reader.batches), reader.rows, wanted=options.progress)
        with files.open_writer(options.output, schema) as writer:
            for batch, pieces in jobs.pieces(
                job, batches, summary, options, matrix, dictionary=dictionary
            ):
                for piece in pieces:
                    with files.refusing(options.output, "write"):
                        writer.write(job.output.joined(batch, piece, schema))
    return summary


def lines(path: str, summary: Summary) -> Iterator[str]:
    """Return the summary as lines: a table, and below it how many rows could not be assigned."""
    yield f"{printable(path)}: {summary.rows:,} visitors"
    yield ""
    rows = list(_rows(summary))
    if rows:
        yield from table(("TEST", "GROUP", "VALUE", "VISITORS", "SHARE", ""), rows, "<<>>>")
    for kind, count in sorted(summary.missing.items()):
        yield f"{count:,} without an identifier of type {printable(kind)}"
    for name, count in sorted(summary.refused.items()):
        yield f"{count:,} with a value for {printable(name)} that cannot be converted"
    for test, count in sorted(summary.errors.items()):
        yield printable(f"rule failed for {count:,} in {test}", MAX_LINE)
    if summary.by_engine:
        yield (
            f"{summary.by_engine:,} assigned one by one, which is slower (incognito, unitless or "
            "RANDOM)"
        )


def _rows(summary: Summary) -> Iterator[Sequence[str]]:
    for test, counter in sorted(summary.groups.items()):
        for (value, group), count in sorted(counter.items()):
            share = count / summary.rows
            yield test, group, str(value), f"{count:,}", f"{share:.2%}", bar(share, 20)
        if count := summary.rows - counter.total():
            share = count / summary.rows
            yield test, "(none)", "", f"{count:,}", f"{share:.2%}", bar(share, 20)


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the summary as a JSON document."""
    return {
        "visitors": summary.rows,
        "tests": {
            test: {
                "groups": [
                    {"group": group, "value": value, "visitors": count}
                    for (value, group), count in sorted(counter.items())
                ],
                "no_group": summary.rows - counter.total(),
            }
            for test, counter in sorted(summary.groups.items())
        },
        "no_identifier": dict(sorted(summary.missing.items())),
        "not_converted": dict(sorted(summary.refused.items())),
        "errors": dict(sorted(summary.errors.items())),
        "one_by_one": summary.by_engine,
    }

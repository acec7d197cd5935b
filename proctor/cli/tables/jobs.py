"""Do the work of `assign`, in this process or in several processes.

Processes are used instead of threads, because NumPy's calls on arrays of this size are very short:
two threads ran at 0.7 times the speed of one. Workers receive only the columns that they need, and
return only the parts that the output adds. The parent process reads and writes the files.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from proctor.bulk.assigner import Assigner, Inputs
from proctor.bulk.output import Output
from proctor.bulk.summary import Summary
from proctor.bulk.tables import wanted_tests
from proctor.cli.complaints import said_once
from proctor.cli.errors import CommandError
from proctor.cli.inputs import matrix_of, read_variables
from proctor.cli.tables.columns import Columns, read_columns
from proctor.core.evaluation.engine import Proctor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from proctor.bulk.output import OutputForm

__all__ = ["Job", "make_job", "pieces"]


@dataclass(frozen=True, slots=True)
class Job:
    """The compiled matrix, the columns to read, and the format of the output."""

    assigner: Assigner
    output: Output
    columns: Columns

    @property
    def needed(self) -> list[str]:
        """The columns of the input that must be read."""
        inputs = self.assigner.inputs
        return list(dict.fromkeys([*inputs.identifiers.values(), *inputs.context.values()]))


def make_job(options: argparse.Namespace, matrix: bytes, *, dictionary: bool) -> Job:
    """Compile the matrix, and prepare its inputs and output as the options require."""
    variables = read_variables(options)
    columns = read_columns(options, variables)
    proctor = Proctor(
        matrix_of(matrix, options.matrix),
        context_types=variables.context_types,
        test_types=options.test_type,
        identifier_validator="noempty" if options.no_empty else None,
    )
    inputs = Inputs(
        columns.identifiers,
        columns.context,
        columns.defaults,
        columns.types,
        random_enabled=options.random,
    )
    assigner = Assigner(proctor, wanted_tests(proctor, options.tests), inputs)
    form: OutputForm = "long" if options.long else "wide"
    return Job(assigner, Output(assigner, form, options.columns, dictionary=dictionary), columns)


def pieces(
    job: Job,
    batches: Iterable[pa.RecordBatch],
    summary: Summary,
    options: argparse.Namespace,
    matrix: bytes,
    *,
    dictionary: bool,
) -> Iterator[tuple[pa.RecordBatch, list[pa.RecordBatch]]]:
    """Yield each batch, in order, with its output. The counts are added to *summary*."""
    if options.jobs == 1:
        for batch in batches:
            yield batch, list(job.output.pieces(job.assigner.assign(batch, summary)))
        return
    pool = ProcessPoolExecutor(
        options.jobs,
        # Forking is not safe, because Arrow uses threads.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_Worker.start,
        initargs=(options, matrix, dictionary),
    )
    try:
        yield from _in_processes(pool, job, batches, summary, 2 * options.jobs)
    except BrokenProcessPool as error:
        raise CommandError(
            "one of the --jobs processes ended unexpectedly, perhaps because memory ran out; try "
            "fewer --jobs"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _in_processes(
    pool: ProcessPoolExecutor,
    job: Job,
    batches: Iterable[pa.RecordBatch],
    summary: Summary,
    most: int,
) -> Iterator[tuple[pa.RecordBatch, list[pa.RecordBatch]]]:
    waiting: deque[tuple[pa.RecordBatch, Future[tuple[list[bytes], Summary]]]] = deque()

    def oldest() -> tuple[pa.RecordBatch, list[pa.RecordBatch]]:
        batch, future = waiting.popleft()
        sent, counted = future.result()
        summary.add(counted)
        return batch, [_unpacked(each) for each in sent]

    needed = job.needed
    for batch in batches:
        waiting.append((batch, pool.submit(_Worker.assign, _packed(batch.select(needed)))))
        if len(waiting) == most:
            yield oldest()
    while waiting:
        yield oldest()


class _Worker:
    """The state of one process in the pool."""

    job: Job

    @classmethod
    def start(cls, options: argparse.Namespace, matrix: bytes, dictionary: bool) -> None:
        """Compile the matrix once for this process. Interrupts are left to the parent process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        cls.job = make_job(options, matrix, dictionary=dictionary)

    @classmethod
    def assign(cls, packed: bytes) -> tuple[list[bytes], Summary]:
        """Assign one batch."""
        summary = Summary()
        with said_once():
            assigned = cls.job.assigner.assign(_unpacked(packed), summary)
        return [_packed(each) for each in cls.job.output.pieces(assigned)], summary


def _packed(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(packed: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(packed) as reader:
        return reader.read_next_batch()

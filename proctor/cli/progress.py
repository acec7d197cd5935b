"""A progress bar where work takes long and somebody looks on."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from proctor.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HINT = "pip install 'django-proctor[progress]'"

#: Seconds before anything is shown: shorter work needs no bar.
PATIENCE = 1.0


def tracked(numbers: range, *, wanted: bool | None) -> Iterator[int]:
    """The numbers, with a bar on standard error.

    *wanted* None shows one if standard error is a terminal; without tqdm one line then says
    how to get it. True insists: CommandError without tqdm.
    """
    if wanted is None and not sys.stderr.isatty():
        wanted = False
    if wanted is False:
        return iter(numbers)
    try:
        from tqdm import tqdm  # noqa: PLC0415 - an extra
    except ImportError:
        if wanted:
            raise CommandError(f"--progress needs tqdm: {HINT}") from None
        return _with_hint(numbers)
    delay = 0.0 if wanted else PATIENCE
    return iter(tqdm(numbers, unit=" visitors", unit_scale=True, delay=delay, leave=False))


def _with_hint(numbers: Iterable[int]) -> Iterator[int]:
    started, told = time.monotonic(), False
    for number in numbers:
        if not told and number % 1000 == 0 and time.monotonic() - started > PATIENCE:
            sys.stderr.write(f"this takes a while; for a progress bar: {HINT}\n")
            told = True
        yield number

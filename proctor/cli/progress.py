"""A progress bar on a terminal for long-running work."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from proctor.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Batch(Protocol):
    """A batch of table rows."""

    @property
    def num_rows(self) -> int:
        """The number of rows."""


T = TypeVar("T")
BatchT = TypeVar("BatchT", bound=Batch)

HINT = "pip install 'django-proctor[progress]'"

#: Seconds before the bar is shown: shorter work needs no bar.
PATIENCE = 1.0


def tracked(numbers: range, *, wanted: bool | None, unit: str = "visitors") -> Iterator[int]:
    """Return an iterator over *numbers*, with a progress bar on standard error.

    If *wanted* is None, the bar is shown if standard error is a terminal. If the bar would be shown
    but tqdm is missing, one line says how to install tqdm. The bar names the *unit* that it counts.
    Raises CommandError if *wanted* is True and tqdm is missing.
    """
    if not _is_shown(wanted):
        return iter(numbers)
    tqdm = _tqdm(wanted)
    if tqdm is None:
        return _with_hint(numbers)
    return iter(tqdm(numbers, **_style(wanted, unit)))


def tracked_batches(
    batches: Iterable[BatchT], rows: int | None, *, wanted: bool | None
) -> Iterator[BatchT]:
    """Return the batches of a table, with a bar that counts their rows; see `tracked`.

    *rows* is the number of rows, or None if it is unknown.
    """
    if not _is_shown(wanted):
        return iter(batches)
    tqdm = _tqdm(wanted)
    if tqdm is None:
        return _with_hint(batches, 1)
    return _counted_rows(batches, tqdm(total=rows, **_style(wanted, "visitors")))


def _counted_rows(batches: Iterable[BatchT], shown: Any) -> Iterator[BatchT]:
    with shown:
        for batch in batches:
            yield batch
            shown.update(batch.num_rows)


@contextlib.contextmanager
def counted(total: int, unit: str, *, wanted: bool | None) -> Iterator[Callable[[object], None]]:
    """Return a function to call for each of *total* items. For the bar, see `tracked`."""
    if not _is_shown(wanted):
        yield lambda _thing: None
        return
    tqdm = _tqdm(wanted)
    if tqdm is None:
        hint = _Hint()
        yield lambda _thing: hint.tell()
        return
    with tqdm(total=total, **_style(wanted, unit)) as bar:
        yield lambda _thing: bar.update()


def _is_shown(wanted: bool | None) -> bool:
    return sys.stderr.isatty() if wanted is None else wanted


def _tqdm(wanted: bool | None) -> Any:
    """Return the `tqdm` class, or None if tqdm is missing and not required."""
    try:
        from tqdm import tqdm  # noqa: PLC0415 - an extra
    except ImportError:
        if wanted:
            raise CommandError(f"--progress needs tqdm: {HINT}") from None
        return None
    return tqdm


def _style(wanted: bool | None, unit: str) -> dict[str, Any]:
    delay = 0.0 if wanted else PATIENCE
    return {"unit": f" {unit}", "unit_scale": True, "delay": delay, "leave": False}


class _Hint:
    """If the work takes a while, prints one line that says how to get a progress bar."""

    def __init__(self) -> None:
        self._started, self._told = time.monotonic(), False

    def tell(self) -> None:
        if not self._told and time.monotonic() - self._started > PATIENCE:
            sys.stderr.write(f"this takes a while; to see a progress bar, run: {HINT}\n")
            self._told = True


def _with_hint(steps: Iterable[T], every: int = 1000) -> Iterator[T]:
    hint = _Hint()
    for number, step in enumerate(steps):
        if number % every == 0:
            hint.tell()
        yield step

"""The matrix that the settings lead to, for commands that look into it.

They have time, and someone who reads what went wrong: a page has neither.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from proctor.cli.complaints import muted
from proctor.cli.errors import CommandError as BadInput
from proctor.conf import settings
from proctor.configuration import current_configuration, variables_from_settings
from proctor.core.display import printable
from proctor.core.exceptions import ConfigurationError, ProctorError
from proctor.core.sources import MatrixSource

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from proctor.core.engine import Proctor
    from proctor.core.variables import Variables

__all__ = ["FAILED", "TIMEOUT", "LiveMatrix", "add_matrix", "live_matrix", "one_line"]

#: Seconds that a download of the matrix may take.
TIMEOUT = 30.0

#: The exit code where there is nothing to look into, or the input makes no sense.
FAILED = 2

_SOURCES = ("proctor.core.pipet_client", "proctor.core.reloading")


@dataclass(frozen=True, slots=True)
class LiveMatrix:
    """A matrix as it is now, and what the site says of its visitors' variables."""

    proctor: Proctor
    #: The version in the matrix's audit.
    version: str | None
    variables: Variables
    #: Test types besides Proctor's own.
    test_types: tuple[str, ...]
    #: Where it was read, without secrets.
    location: str
    #: Whether a Pipet decides for the site, and this is the matrix that it shows.
    of_pipet: bool = False


def add_matrix(parser: ArgumentParser) -> None:
    """The option --matrix."""
    parser.add_argument(
        "--matrix",
        metavar="PATH_OR_URL",
        help="the matrix to look into; by default that of the settings",
    )


def live_matrix(location: str | None = None) -> LiveMatrix:
    """The matrix at a path or URL; without one that of the settings, or of their Pipet.

    ProctorError or ImproperlyConfigured where there is none.
    """
    source = current_configuration().source if location is None else _source_of(location)
    if source is None:
        raise ImproperlyConfigured(
            "there is no matrix to look into: set PROCTOR_MATRIX or PROCTOR_API_ROOT, or give "
            "--matrix PATH_OR_URL"
        )
    # A Pipet shows its matrix.
    matrix_url = getattr(source, "matrix_url", None)
    if matrix_url is not None:
        source = _source_of(matrix_url)
    if not isinstance(source, MatrixSource):
        raise ImproperlyConfigured(
            f"{type(source).__qualname__} decides, and shows no matrix: give --matrix PATH_OR_URL"
        )
    snapshot = source.current(TIMEOUT)
    return LiveMatrix(
        snapshot.proctor,
        snapshot.matrix_version,
        source.variables,
        source.test_types,
        source.location,
        of_pipet=matrix_url is not None,
    )


def _source_of(location: str) -> MatrixSource:
    """A source of the matrix at *location*, that reads it as the settings say."""
    try:
        return MatrixSource(
            location,
            variables_from_settings(),
            test_types=settings.PROCTOR_TEST_TYPES,
            identifier_validator=settings.PROCTOR_IDENTIFIER_VALIDATOR,
            timeout=TIMEOUT,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"--matrix: {error}") from error


@contextlib.contextmanager
def one_line() -> Iterator[None]:
    """Let whatever is raised end the command in one line, with the exit code FAILED."""
    try:
        # What sources log of their failures, the line says too.
        with muted(*map(logging.getLogger, _SOURCES)):
            yield
    except Exception as error:
        raise CommandError(_described(error), returncode=FAILED) from error


def _described(error: Exception) -> str:
    known = isinstance(error, (BadInput, ImproperlyConfigured, ProctorError))
    return printable(str(error) if known else f"{type(error).__name__}: {error}", 2000)

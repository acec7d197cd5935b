"""Load the site's current matrix, for commands that inspect it.

Unlike pages, commands can wait, and their users see errors immediately.
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
from proctor.core.exceptions import ConfigurationError, ProctorError
from proctor.core.messages import printable
from proctor.core.sources.source import MatrixSource
from proctor.resolving.site_setup import current_setup, variables_from_settings

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from proctor.core.evaluation.engine import Proctor
    from proctor.core.inputs.variables import Variables

__all__ = ["FAILED", "TIMEOUT", "LiveMatrix", "add_matrix", "live_matrix", "one_line"]

#: Time limit for a download of the matrix, in seconds.
TIMEOUT = 30.0

#: The exit code if there is no matrix, or if the input is invalid.
FAILED = 2

_SOURCES = ("proctor.pipet", "proctor.matrix")


@dataclass(frozen=True, slots=True)
class LiveMatrix:
    """The current matrix, with the site's variables."""

    proctor: Proctor
    #: The version that the matrix's audit states.
    version: str | None
    variables: Variables
    #: Test types in addition to Proctor's own.
    test_types: tuple[str, ...]
    #: The location that the matrix was read from, without secrets.
    location: str
    #: True if a Pipet assigns the site's groups, and this is the matrix that the Pipet publishes.
    of_pipet: bool = False


def add_matrix(parser: ArgumentParser) -> None:
    """Add the --matrix option."""
    parser.add_argument(
        "--matrix",
        metavar="PATH_OR_URL",
        help="the matrix to read; default: the one in the settings",
    )


def live_matrix(location: str | None = None) -> LiveMatrix:
    """Return the matrix at a path or URL, by default the matrix of the site or of its Pipet.

    Raises ProctorError or ImproperlyConfigured if there is no matrix.
    """
    source = current_setup().source if location is None else _source_of(location)
    if source is None:
        raise ImproperlyConfigured(
            "there is no matrix: set PROCTOR_MATRIX or PROCTOR_API_ROOT, or give "
            "--matrix PATH_OR_URL"
        )
    # Only a Pipet has a `matrix_url`, where it publishes its matrix.
    matrix_url = getattr(source, "matrix_url", None)
    if matrix_url is not None:
        source = _source_of(matrix_url)
    if not isinstance(source, MatrixSource):
        raise ImproperlyConfigured(
            f"{type(source).__qualname__} assigns the groups, but has no matrix to show: give "
            "--matrix PATH_OR_URL"
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
    """Return a source that reads the matrix at *location* with the site's settings."""
    try:
        return MatrixSource(
            location,
            variables_from_settings(),
            test_types=settings.PROCTOR_TEST_TYPES,
            identifier_validator=settings.PROCTOR_IDENTIFIER_VALIDATOR,
            timeout=TIMEOUT,
            max_bytes=settings.PROCTOR_MATRIX_MAX_BYTES,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"--matrix: {error}") from error


@contextlib.contextmanager
def one_line() -> Iterator[None]:
    """If the block raises an exception, print it as one line, and exit with the code FAILED."""
    try:
        # Mute the sources' log messages about failures, because the printed line includes them.
        with muted(*map(logging.getLogger, _SOURCES)):
            yield
    except Exception as error:
        raise CommandError(_described(error), returncode=FAILED) from error


def _described(error: Exception) -> str:
    known = isinstance(error, (BadInput, ImproperlyConfigured, ProctorError))
    return printable(str(error) if known else f"{type(error).__name__}: {error}", 2000)

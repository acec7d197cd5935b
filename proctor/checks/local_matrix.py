"""Compare a matrix in a local file with PROCTOR_TESTS during `manage.py check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core import checks

from proctor.checks.declarations import declared_tests
from proctor.checks.values import is_sound, value_of
from proctor.core.evaluation.engine import Proctor
from proctor.core.exceptions import ConfigurationError, MatrixLoadError
from proctor.core.matrices.matrix import Matrix
from proctor.core.messages import printable
from proctor.resolving.site_setup import variables_from_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_local_matrix"]

#: Only `proctor_check` reads larger files, because `check` runs before every command.
MAX_BYTES = 2 * 1024 * 1024

#: Settings that determine which tests of the matrix are dropped.
_SETTINGS = (
    "PROCTOR_MATRIX",
    "PROCTOR_IDENTIFIERS",
    "PROCTOR_CONTEXT",
    "PROCTOR_PIPET_CONFIG",
    "PROCTOR_TEST_TYPES",
)


def check_local_matrix(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn about declared tests that are dropped, or that the matrix file does not contain.

    Reads PROCTOR_MATRIX only if it is a regular file of at most 2 MB.
    """
    path = _path()
    if path is None:
        return []
    try:
        matrix = Matrix.load(path)
        proctor = Proctor(
            matrix,
            context_types=variables_from_settings().context_types,
            test_types=value_of("PROCTOR_TEST_TYPES") or (),
        )
    except MatrixLoadError as error:
        return [
            checks.Warning(
                f"PROCTOR_MATRIX cannot be loaded: {printable(str(error), 1000)}",
                hint="Correct the file: `python -m proctor validate` lists every problem. Until "
                "then, a new process gives every visitor the default of every test.",
                id="proctor.W021",
            )
        ]
    except (ConfigurationError, OSError):
        return []  # other checks report these errors
    return list(_differences(proctor, path))


def _path() -> Path | None:
    matrix = value_of("PROCTOR_MATRIX")
    if matrix is None or not is_sound(*_SETTINGS) or "://" in os.fspath(matrix):
        return None
    path = Path(matrix)
    try:
        is_small = path.is_file() and path.stat().st_size <= MAX_BYTES
    except OSError:
        return None
    return path if is_small else None


def _differences(proctor: Proctor, path: Path) -> Iterator[checks.CheckMessage]:
    for name in declared_tests():
        if name in proctor.dropped:
            yield checks.Warning(
                f"The matrix {str(path)!r} drops the declared test {name!r}: "
                f"{printable(proctor.dropped[name].message, 500)}",
                hint="Correct the test; `manage.py proctor_check` shows all differences. Until "
                "then, visitors get the default of the test.",
                id="proctor.W022",
            )
        elif name not in proctor.matrix.tests:
            yield checks.Warning(
                f"The matrix {str(path)!r} does not contain the declared test {name!r}.",
                hint="Add the test to the matrix, or remove it from PROCTOR_TESTS; until then, "
                "visitors get the default of the test.",
                id="proctor.W023",
            )

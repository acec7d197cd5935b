"""Load the matrix that this site's groups come from, for display only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.conf import settings
from proctor.core.exceptions import ProctorError
from proctor.core.matrices.definitions import complete_document
from proctor.core.sources.source import MatrixSource

if TYPE_CHECKING:
    from proctor.core.evaluation.engine import Proctor
    from proctor.resolving.site_setup import SiteSetup

__all__ = ["ShownMatrix", "matrix_document", "shown_matrix"]

#: Minimum number of seconds between two checks for a new matrix from a Pipet.
RELOAD = 10.0


class ShownMatrix(NamedTuple):
    """The current matrix, or the reason why there is none."""

    proctor: Proctor | None = None
    #: The reason why there is no matrix; "" if there is one.
    problem: str = ""

    @property
    def version(self) -> str | None:
        """The version of the matrix, from its audit."""
        return self.proctor.matrix.audit.version if self.proctor else None


def shown_matrix(setup: SiteSetup, timeout: float | None = None) -> ShownMatrix:
    """Return the site's matrix, or the matrix that the site's Pipet publishes.

    Waits up to *timeout* seconds for the first matrix; the default is PROCTOR_TIMEOUT.
    """
    if setup.source is None:
        return ShownMatrix(
            problem="Neither PROCTOR_MATRIX nor PROCTOR_API_ROOT is set, so every test uses its "
            "default."
        )
    source = _viewed(setup)
    if source is None:
        name = type(setup.source).__qualname__
        return ShownMatrix(problem=f"{name} assigns the groups, but has no matrix to show.")
    try:
        seconds = settings.PROCTOR_TIMEOUT if timeout is None else timeout
        return ShownMatrix(source.current(seconds).proctor)
    except ProctorError as error:
        return ShownMatrix(problem=str(error))


def _viewed(setup: SiteSetup) -> MatrixSource | None:
    source = setup.source
    if isinstance(source, MatrixSource):
        return source
    url = getattr(source, "matrix_url", None)
    if url is None:
        return None
    if setup.viewed is None:
        # This matrix is only displayed. The Pipet evaluates its rules.
        setup.viewed = MatrixSource(
            url,
            test_types=settings.PROCTOR_TEST_TYPES,
            reload_interval=RELOAD,
            max_bytes=settings.PROCTOR_MATRIX_MAX_BYTES,
        )
    return setup.viewed


def matrix_document(setup: SiteSetup, matrix: ShownMatrix) -> dict[str, Any]:
    """Return the audit and the declared tests of the matrix, as data for JSON."""
    if matrix.proctor is None:
        return {"audit": None, "tests": {}}
    found = matrix.proctor.matrix
    audit = found.audit
    return {
        "audit": {
            "version": audit.version,
            "updated": audit.updated,
            "updatedDate": audit.updated_date,
            "updatedBy": audit.updated_by,
        },
        "tests": {
            name: complete_document(found.tests[name])
            for name in setup.registry
            if name in found.tests
        },
    }

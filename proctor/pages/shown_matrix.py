"""The matrix that decides for this site, wherever it is: to be looked at, not to be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.conf import settings
from proctor.core.definitions import complete_document
from proctor.core.exceptions import ProctorError
from proctor.core.sources import MatrixSource

if TYPE_CHECKING:
    from proctor.configuration import Configuration
    from proctor.core.engine import Proctor

__all__ = ["ShownMatrix", "matrix_document", "shown_matrix"]

#: Seconds between two looks at the matrix of a Pipet.
RELOAD = 10.0


class ShownMatrix(NamedTuple):
    """The matrix as it is now, or why there is none."""

    proctor: Proctor | None = None
    #: "" where there is one.
    problem: str = ""

    @property
    def version(self) -> str | None:
        """That of the audit."""
        return self.proctor.matrix.audit.version if self.proctor else None


def shown_matrix(configuration: Configuration) -> ShownMatrix:
    """The matrix of the site, or the one that its Pipet shows; waits PROCTOR_TIMEOUT for it."""
    if configuration.source is None:
        return ShownMatrix(
            problem="Neither PROCTOR_MATRIX nor PROCTOR_API_ROOT is set, so that every test has "
            "its default."
        )
    source = _viewed(configuration)
    if source is None:
        name = type(configuration.source).__qualname__
        return ShownMatrix(problem=f"{name} decides, and shows no matrix.")
    try:
        return ShownMatrix(source.current(settings.PROCTOR_TIMEOUT).proctor)
    except ProctorError as error:
        return ShownMatrix(problem=str(error))


def _viewed(configuration: Configuration) -> MatrixSource | None:
    source = configuration.source
    if isinstance(source, MatrixSource):
        return source
    url = getattr(source, "matrix_url", None)
    if url is None:
        return None
    if configuration.viewed is None:
        # It is only looked at: what its rules mean is the Pipet's business.
        configuration.viewed = MatrixSource(
            url, test_types=settings.PROCTOR_TEST_TYPES, reload_interval=RELOAD
        )
    return configuration.viewed


def matrix_document(configuration: Configuration, matrix: ShownMatrix) -> dict[str, Any]:
    """The audit and the declared tests of the matrix, as JSON has them."""
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
            for name in configuration.registry
            if name in found.tests
        },
    }

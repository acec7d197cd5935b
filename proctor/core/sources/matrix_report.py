"""Log the declared tests that a new matrix dropped or does not have."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from proctor.core.evaluation.engine import Proctor
    from proctor.core.sources.snapshots import Snapshot

__all__ = ["report_tests"]

logger = logging.getLogger("proctor.matrix")

#: Maximum number of tests in one log record, and of characters in a reason.
MAX_TESTS, MAX_REASON = 20, 300


def report_tests(
    snapshot: Snapshot[Proctor], declared: Collection[str] | None, command: str
) -> None:
    """Log which *declared* tests the matrix dropped, and which it does not have.

    One WARNING lists all dropped tests with the reasons, and the *command* that shows more. One
    INFO lists the missing tests. If *declared* is None, every test counts as declared.
    """
    proctor, version = snapshot.proctor, printable(str(snapshot.matrix_version))
    wanted = proctor.matrix.tests if declared is None else declared
    dropped = [name for name in wanted if name in proctor.dropped]
    if dropped:
        logger.warning(
            "Matrix version %s: %d of %d %s dropped, so their visitors get the default: %s. See %s",
            version,
            len(dropped),
            len(wanted),
            "tests are" if declared is None else "declared tests are",
            _listed([f"{printable(str(proctor.dropped[name]), MAX_REASON)}" for name in dropped]),
            command,
        )
    missing = [name for name in wanted if name not in proctor.matrix.tests]
    if missing:
        logger.info(
            "Matrix version %s does not have these declared tests: %s",
            version,
            _listed([printable(name) for name in missing], ", "),
        )


def _listed(texts: list[str], separator: str = "; ") -> str:
    listed = separator.join(texts[:MAX_TESTS])
    more = len(texts) - MAX_TESTS
    return f"{listed}{separator}and {more} more" if more > 0 else listed

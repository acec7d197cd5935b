"""Log problems with a new matrix: dropped and missing tests, and rules that are never true."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from proctor.core.messages import closest, printable
from proctor.core.problems import rules_never_true

if TYPE_CHECKING:
    from collections.abc import Collection

    from proctor.core.evaluation.engine import Proctor
    from proctor.core.sources.snapshots import Snapshot

__all__ = ["report_missing", "report_tests"]

logger = logging.getLogger("proctor.matrix")

#: Maximum length of the list of tests in one log record, in characters. Log collectors cut longer
#: records.
MAX_LENGTH = 30_000

#: Maximum length of one reason, in characters. If there are many tests, reasons are cut further,
#: but not below the minimum.
MAX_REASON, MIN_REASON = 300, 60

#: Maximum number of names that are searched for similar ones. Searching this many takes up to a
#: second.
MAX_COMPARED = 10_000


def report_tests(
    snapshot: Snapshot[Proctor], declared: Collection[str] | None, command: str
) -> None:
    """Log which *declared* tests were dropped, and which rules of declared tests are never true.

    One WARNING lists all declared tests that were dropped from the matrix, with the reasons, and a
    second one lists the rules that are never true. Both name the *command* that shows more. If
    *declared* is None, every test counts as declared.
    """
    proctor = snapshot.proctor
    tests = proctor.matrix.tests
    wanted = tests if declared is None else declared
    _report_dropped(snapshot, wanted, "tests" if wanted is tests else "declared tests", command)
    found = rules_never_true(proctor.problems, proctor.dropped)
    lost = [str(each) for each in found if each.test in wanted]
    if lost:
        logger.warning(
            "Matrix version %s: %s: %s. See %s",
            printable(str(snapshot.matrix_version)),
            "a rule is never true" if len(lost) == 1 else f"{len(lost)} rules are never true",
            _listed(lost, "; "),
            command,
        )


def _report_dropped(
    snapshot: Snapshot[Proctor], wanted: Collection[str], words: str, command: str
) -> None:
    proctor = snapshot.proctor
    dropped = [name for name in wanted if name in proctor.dropped]
    if not dropped:
        return
    logger.warning(
        "Matrix version %s: %d of %d %s are dropped (visitors get the default): %s. See %s",
        printable(str(snapshot.matrix_version)),
        len(dropped),
        len(wanted),
        words,
        _listed([str(proctor.dropped[name]) for name in dropped], "; "),
        command,
    )


def report_missing(snapshot: Snapshot[Proctor], declared: Collection[str]) -> None:
    """Log a single INFO record with all *declared* tests that the matrix does not have."""
    known = snapshot.proctor.matrix.tests
    missing = [name for name in declared if name not in known]
    if not missing or not logger.isEnabledFor(logging.INFO):
        return
    # Do not suggest other declared tests: a misspelled name is unlikely to mean one of those.
    others = known.keys() - set(declared)
    guesses = [closest(name, others) for name in missing[: MAX_COMPARED // max(1, len(others))]]
    texts = [
        f"{name} (did you mean {guess!r}?)" if guess else name
        for name, guess in zip(missing, [*guesses, *[None] * len(missing)], strict=False)
    ]
    logger.info(
        "Matrix version %s does not have these declared tests: %s",
        printable(str(snapshot.matrix_version)),
        _listed(texts, ", "),
    )


def _listed(texts: list[str], separator: str) -> str:
    """Join the texts. If the result would be too long, each text is shortened."""
    shown = [printable(text, MAX_REASON) for text in texts]
    if sum(map(len, shown)) > MAX_LENGTH:
        limit = max(MIN_REASON, MAX_LENGTH // len(texts))
        shown = [printable(text, limit) for text in texts[: MAX_LENGTH // limit]]
    more = len(texts) - len(shown)
    return separator.join([*shown, f"and {more} more"] if more else shown)

"""Refusals: errors for edits, promotions and builds that are rejected.

Each Refusal has a *code*, which is a stable name for use in programs, and the name of the exception
that Java Proctor throws in the same case. The message is written for this library; Java
Proctor's message is stored separately if it is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.exceptions import ProctorError
from proctor.core.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JAVA_CLASSES", "Refusal", "java_class", "refuse"]

#: Maps a code to the simple name of the exception that Java Proctor throws. For all other codes,
#: that is IllegalArgumentException.
JAVA_CLASSES: Mapping[str, str] = {
    # Errors in JSON (Jackson).
    "json-syntax": "JsonParseException",
    "json-end": "JsonEOFException",
    "json-nested-syntax": "JsonMappingException",
    "json-empty": "MismatchedInputException",
    "json-kind": "MismatchedInputException",
    "json-value": "InvalidFormatException",
    "json-number": "JsonMappingException",
    "json-payload": "JsonMappingException",
    "json-unknown-field": "UnrecognizedPropertyException",
    "json-null": "NullPointerException",
    "countries": "ClassCastException",
    # Checks of one test (IncompatibleTestMatrixException): see `proctor.core.matrices.validation`.
    "rule": "IncompatibleTestMatrixException",
    "no-allocations": "IncompatibleTestMatrixException",
    "no-ranges": "IncompatibleTestMatrixException",
    "unitless-ranges": "IncompatibleTestMatrixException",
    "unknown-bucket": "IncompatibleTestMatrixException",
    "empty-rule": "IncompatibleTestMatrixException",
    "range-sum": "IncompatibleTestMatrixException",
    "payload-missing": "IncompatibleTestMatrixException",
    "payload-type": "IncompatibleTestMatrixException",
    # Errors in allocation ids.
    "id-version": "IllegalStateException",
    "id-format": "IllegalStateException",
    "id-overflow": "NumberFormatException",
    # Errors when reading or changing a branch.
    "unchanged": "TestUpdateException",
    "already-added": "TestUpdateException",
    "unknown-test": "TestUpdateException",
    "unknown-revision": "StoreException",
    "unreadable": "StoreException",
    # Errors in promotions and other jobs.
    "wrapped": "RuntimeException",
    "destination-exists": "TestPromotionException",
    "not-promoted": "AutoPromoteFailedException",
    "history-moved": "IllegalStateException",
    "duplicate-key": "IllegalStateException",
    "payload-comparison": "ClassCastException",
    # Errors when a matrix is built.
    "build-directory": "NullPointerException",
    "build-missing": "RuntimeException",
    # Errors in specifications.
    "specification-filter": "ValueInstantiationException",
    "specification-filter-type": "InvalidTypeIdException",
    "specification-buckets": "JsonMappingException",
    "specification-null": "NullPointerException",
}


class Refusal(ProctorError, ValueError):  # noqa: N818 - says what happened to the request
    """Raised for an operation that Java Proctor would also reject."""

    #: A stable name for the kind of refusal.
    code: str
    #: What is wrong, where, and how to fix it.
    problem: Problem
    #: The simple name of the exception that Java Proctor throws.
    java_class: str
    #: Java Proctor's message; None if it is unhelpful because it comes from Jackson or the JVM.
    java_message: str | None

    def __init__(self, problem: Problem, *, thrown: str | None = None) -> None:
        super().__init__(problem.text if problem.test else problem.message)
        self.problem = problem
        self.code = problem.code
        self.java_class = thrown or java_class(problem.code)
        self.java_message = problem.java_message


def java_class(code: str) -> str:
    """Return the simple name of the exception that Java Proctor throws for a *code*."""
    kind, _, thrown = code.partition(":")
    if kind == "rule-fails":
        return thrown.rpartition(".")[2]
    return JAVA_CLASSES.get(code, "IllegalArgumentException")


def refuse(
    code: str,
    message: str,
    java_message: str | None = None,
    *,
    test: str | None = None,
    allocation: int | None = None,
    thrown: str | None = None,
) -> Refusal:
    """Return a Refusal. *thrown* names Java's exception if the code does not determine it."""
    problem = Problem(
        Severity.FATAL,
        message,
        test=test,
        allocation=allocation,
        java_message=java_message,
        code=code,
    )
    return Refusal(problem, thrown=thrown)

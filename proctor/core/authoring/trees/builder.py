"""Build a matrix from a tree of definitions  [LocalProctorBuilder, ProctorBuilderUtils].

Java Proctor's builder rejects the whole tree because of a single invalid test. So does `build`,
unless *keep_going* is set: then it leaves out invalid tests and reports each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.definitions.java_json import java_json
from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.definitions.writing import (
    allocation_document,
    bucket_document,
    dependency_document,
    experiment_document,
)
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.authoring.trees.consistency import first_inconsistency, syntax_checker
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Audit, Matrix, TestDefinition
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.matrices.rule_check import RuleChecker

__all__ = ["Build", "build", "matrix_text", "unwritable"]


@dataclass(frozen=True, slots=True)
class Build:
    """A matrix built from definitions, and the tests that were left out."""

    matrix: Matrix
    #: The tests that were left out, by name, each with the reason.
    failed: Mapping[str, Refusal]


def build(
    tree: Mapping[str, str | bytes | None],
    audit: Audit,
    *,
    root: str = "",
    keep_going: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Build:
    """Return the matrix built from a *tree* of definitions.

    *root* names the tree in messages. *progress* is called with the name of each test. If
    *keep_going*, invalid tests are left out; otherwise, the Refusal for the first invalid test is
    raised.
    """
    source = f"{_text(audit.updated_by)}@{_text(audit.version)}"
    tests: dict[str, TestDefinition] = {}
    failed: dict[str, Refusal] = {}
    checker = syntax_checker()
    for name, text in tree.items():
        if progress is not None:
            progress(name)
        try:
            tests[name] = _consumable(name, text, root, source, checker)
        except Refusal as refusal:
            if not keep_going:
                raise
            failed[name] = refusal
    return Build(Matrix(audit, FrozenDict(tests)), failed)


def _text(value: str | None) -> str:
    return "null" if value is None else value


def _consumable(
    name: str, text: str | bytes | None, root: str, source: str, checker: RuleChecker
) -> TestDefinition:
    try:
        definition = None if text is None else read_definition(text, name)
    except Refusal as refusal:
        raise refuse(
            "unreadable",
            refusal.problem.message,
            f"Unable to deserialize JSON for {name} r",
            test=name,
        ) from refusal
    if definition is None:
        raise refuse(
            "build-missing",
            Sentence(
                gettext_noop(
                    "its definition.json is missing or null; add one, or remove the directory"
                )
            ),
            f"Failed to load current test matrix for {root}",
            test=name,
        )
    test = definition.consumable()
    found = first_inconsistency(test, source, checker)
    if found is not None:
        raise found
    return test


def unwritable(tests: Mapping[str, TestDefinition]) -> dict[str, Refusal]:
    """Return the Refusal for each test that JSON cannot express because it contains an infinity."""
    found = {}
    for name, test in tests.items():
        try:
            java_json(_entry(test))
        except Refusal as refusal:
            found[name] = Refusal(replace(refusal.problem, test=name))
    return found


def matrix_text(matrix: Matrix) -> str:
    """Return the text of a *matrix* file as Java Proctor's builder writes it.

    It contains exactly the fields that Java Proctor knows. Raises Refusal for a number that JSON
    cannot express; `unwritable` returns the tests that contain one.
    """
    audit = matrix.audit
    return java_json(
        {
            "audit": {
                "version": audit.version,
                "updated": audit.updated or 0,
                "updatedDate": audit.updated_date or "",
                "updatedBy": audit.updated_by,
            },
            "tests": {name: _entry(test) for name, test in matrix.tests.items()},
        }
    )


def _entry(test: TestDefinition) -> dict[str, Any]:
    return {
        "constants": test.constants,
        "version": test.version,
        "salt": test.salt,
        "rule": test.rule,
        "buckets": [bucket_document(each) for each in test.buckets],
        "allocations": [allocation_document(each) for each in test.allocations],
        "silent": test.silent,
        "testType": test.test_type,
        "description": test.description,
        "metaTags": test.meta_tags,
        "dependsOn": dependency_document(test),
        "evaluateForIncognitoUsers": test.evaluate_for_incognito_users,
        "enableUnitlessAllocations": test.enable_unitless_allocations,
        "containsUnitlessAllocation": test.contains_unitless_allocation,
        "forceLogging": test.force_logging,
        "payloadExperimentConfig": experiment_document(test),
        "dynamic": test.dynamic,
    }

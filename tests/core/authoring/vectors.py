"""Runs the vectors of Java Proctor's Webapp, store and builder, case by case.

`tests.core.vectors` calls these functions by the name of a file. Each one yields our result and
Java's, in the same form.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.branches.revisions import Branch, Revision
from proctor.core.authoring.compatibility.generated_specification import generated_specification
from proctor.core.authoring.compatibility.specifications import specification_of
from proctor.core.authoring.compatibility.verification import consolidate, verify
from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.definitions.writing import METADATA_TEXT, java_definition_text
from proctor.core.authoring.edits.editing import Edit, EditRequest, decide_edit, save_edit
from proctor.core.authoring.ids.allocation_ids import compare_ids, letters_number, new_id, next_id
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.builder import build, matrix_text
from proctor.core.authoring.trees.tree import DEFINITIONS_DIRECTORY, tree_of_files
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import Audit, Matrix
from tests.core.authoring.comparison import (
    Case,
    comparable,
    definition,
    expected,
    java_error,
    our_error,
    outcome,
)
from tests.core.authoring.jobvectors import JOB_CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.authoring.compatibility.specifications import Specification
    from proctor.core.matrices.matrix import Bucket, TestDefinition

Pairs = Any

_ARITHMETIC: dict[str, Callable[[Case], Any]] = {
    "generate": lambda case: new_id(case["index"], case["version"]),
    "next": lambda case: next_id(case["arg_id"]),
    "name_to_int": lambda case: letters_number(case["name"]),
    "compare": lambda case: compare_ids(case["a"], case["b"]),
}


def _id_arithmetic(case: Case) -> Pairs:
    mine = outcome(lambda: {"result": _ARITHMETIC[case["fn"]](case)})
    yield mine, expected(case, "result")


def edited(case: Case, text: str | None) -> Edit:
    history = [
        Revision(str(number), case["test"], definition(each, case["test"]))
        for number, each in enumerate(case.get("history", ()), 1)
    ]
    trunk = Branch("trunk", tuple(history))
    request = EditRequest(
        case["test"],
        text,
        case["is_create"],
        case["previous_revision"],
        case.get("comment", ""),
        case.get("username", "erin"),
        case.get("password", "pw"),
    )
    edit = decide_edit(request, trunk)
    save_edit(edit, request, trunk)
    return edit


def _allocation_ids(case: Case) -> Pairs:
    def compute() -> Case:
        test = edited(case, json.dumps(case["new"])).definition.test
        return {"ids": [each.id for each in test.allocations], "version": test.version}

    yield outcome(compute), expected(case, "ids", "version")


def _edit_validation(case: Case) -> Pairs:
    def compute() -> Case:
        text = case["new_text"] if "new_text" in case else json.dumps(case["new"])
        edit = edited(case, text)
        mine: Case = {"commit_message": edit.message}
        if edit.warnings or "warnings" in case:
            mine["warnings"] = [re.sub(r"\s+", " ", each) for each in edit.warnings]
        if "stored" in case:
            mine["stored"] = json.loads(java_definition_text(edit.definition))
        return mine

    yield outcome(compute), expected(case, "commit_message", "warnings", "stored")


def _writer(case: Case) -> Pairs:
    def compute() -> Case:
        text = java_definition_text(read_definition(case["text"], "x"))
        return {"definition_text": text, "metadata_text": METADATA_TEXT}

    yield outcome(compute), expected(case, "definition_text", "metadata_text")


def _build(case: Case) -> Pairs:
    author = case.get("author") or ""
    audit = Audit(case.get("version") or "MILLIS", 0, author if author.strip() else "builder")

    def compute() -> Case:
        directory = case.get("directory") or DEFINITIONS_DIRECTORY
        tree = tree_of_files(case["tree"], directory, contents=DEFINITIONS_DIRECTORY)
        return {"text": matrix_text(build(tree, audit, root="ROOT").matrix)}

    mine, java = outcome(compute), expected(case, "text")
    if len(case["tree"]) > 1 and "text" in java and "text" in mine:
        # The order of the tests depends on the file system.
        mine, java = json.loads(mine["text"]), json.loads(java["text"])
    yield mine, java


def _verify(case: Case) -> Pairs:
    try:
        specification = specification_of(case["specification"], strict=case.get("strict", False))
    except Refusal as refusal:
        yield {"specification_error": our_error(refusal)}, _java_verification(case)
        return
    try:
        matrix = Matrix.from_dict(case["matrix"])
    except MatrixLoadError:
        yield {"matrix_error": True}, _java_verification(case)
        return
    try:
        mine = _verification(matrix, specification, case)
    except Refusal as refusal:
        mine = {"exception": our_error(refusal)}
    yield mine, _java_verification(case)


def _java_verification(case: Case) -> Any:
    if "matrix_error" in case:
        return {"matrix_error": True}
    for name in ("specification_error", "exception"):
        if name in case:
            return {name: java_error(case[name])}
    names = ("has_invalid_tests", "verified_rules", "consolidated")
    java = {name: case[name] for name in names if name in case}
    for name in ("errors", "dynamic_errors"):
        java[name] = {test: comparable(text) for test, text in case[name].items()}
    return {**java, **{name: sorted(case[name]) for name in ("missing", "dynamic_tests")}}


def _verification(matrix: Matrix, specification: Specification, case: Case) -> Case:
    with_context = case.get("context") != "none"
    found = verify(matrix, specification, case["source"], with_context=with_context)
    mine: Case = {
        "has_invalid_tests": found.has_invalid_tests,
        "verified_rules": found.verified_rules,
        "missing": sorted(found.missing),
        "dynamic_tests": sorted(found.dynamic_tests),
        "errors": {name: comparable(each.java_message) for name, each in found.errors.items()},
        "dynamic_errors": {
            name: comparable(each.java_message) for name, each in found.dynamic_errors.items()
        },
    }
    if "consolidated" in case:
        left = consolidate(matrix, specification, found)
        mine["consolidated"] = {name: _consolidated(test) for name, test in left.items()}
    return mine


def _consolidated(test: TestDefinition) -> Case:
    buckets = [_consolidated_bucket(each) for each in test.buckets]
    return {"version": test.version, "dynamic": test.dynamic, "buckets": buckets}


def _consolidated_bucket(bucket: Bucket) -> Case:
    shown: Case = {"name": bucket.name, "value": bucket.value}
    return shown if bucket.payload is None else {**shown, "payload": bucket.payload.to_dict()}


def _specification(case: Case) -> Pairs:
    def compute() -> Case:
        test = definition(case["definition"], "x").test
        return {"specification": generated_specification(test)}

    yield outcome(compute), expected(case, "specification")


AUTHORING_CHECKS: dict[str, Callable[[Case], Pairs]] = {
    "id_arithmetic.jsonl": _id_arithmetic,
    "allocation_ids.jsonl": _allocation_ids,
    "edit_validation.jsonl": _edit_validation,
    "writer.jsonl": _writer,
    "build.jsonl": _build,
    "verify.jsonl": _verify,
    "specification.jsonl": _specification,
    **JOB_CHECKS,
}

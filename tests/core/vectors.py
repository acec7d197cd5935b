"""Runs a directory of conformance vectors: `python -m tests.core.vectors DIRECTORY`.

Prints for each file how many cases passed and failed, with the first failures in full, and exits
with 1 if any failed. `tests/core/conformance/README.md` describes the files, and
`tests/core/conformance/authoring/README.md` those of editor, store and builder.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.core.evaluation.allocation import cutoffs
from proctor.core.evaluation.engine import Proctor
from proctor.core.evaluation.hashing import encode_identifier, hash_position, salted_prefix
from proctor.core.exceptions import MatrixLoadError, ProctorError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.matrices.definitions import consumable_definition
from proctor.core.matrices.matrix import Matrix
from proctor.core.matrices.payloads import Payload
from proctor.core.rules.rule import Rule
from tests.core.authoring.vectors import AUTHORING_CHECKS
from tests.core.vectorfiles import read_jsonl, read_matrix_text
from tests.core.vectorvalues import (
    converted,
    declared_types,
    described,
    make_variable,
    same_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proctor.core.evaluation.groups import Groups

Case = dict[str, Any]
ERROR = {"error": True}


@dataclass
class FileResult:
    """The results of the cases in one file."""

    name: str
    passed: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, case: Case, mine: Any, java: Any) -> None:
        if same_value(mine, java):
            self.passed += 1
        else:
            shown = (json.dumps(each, ensure_ascii=True, default=repr) for each in (java, mine))
            asked = json.dumps(case, ensure_ascii=True)
            self.failures.append(
                "\n  ".join([asked, *map("{}: {}".format, ("java", "mine"), shown)])
            )


def _outcome(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except ProctorError:
        return ERROR


def _expected(described_result: Case) -> Any:
    return ERROR if "error" in described_result else described_result


def _hashes(case: Case) -> Iterator[tuple[Any, Any]]:
    prefix = salted_prefix(case["test"], case["salt"])
    yield hash_position(prefix, encode_identifier(case["identifier"])), case["hash"]


def _cutoffs(case: Case) -> Iterator[tuple[Any, Any]]:
    try:
        mine: Any = list(cutoffs(case["lengths"]))
    except ValueError:
        mine = ERROR
    yield mine, ERROR if "error" in case else case["cutoffs"]


def _rules(case: Case) -> Iterator[tuple[Any, Any]]:
    context = {name: make_variable(each) for name, each in case["context"].items()}
    constants = _constants(case.get("constants"))
    if "boolean_rule" in case:
        mine = _outcome(lambda: {"result": Rule(case["expr"], constants).evaluate(context)})
        java = _expected({k: v for k, v in case["boolean_rule"].items() if k != "log"})
        yield mine, java
    if "raw_value" in case:
        mine = _outcome(lambda: described(Rule(case["expr"], constants).value(context)))
        yield mine, _expected(case["raw_value"])


def _constants(constants: Case | None) -> Case:
    return {
        name: make_variable({"type": "map", "value": {"x": value}})["x"]
        for name, value in (constants or {}).items()
    }


def _partial_rules(case: Case) -> Iterator[tuple[Any, Any]]:
    context = {name: make_variable(each) for name, each in case["context"].items()}
    constants = _constants(case.get("constants"))
    mine = _outcome(lambda: {"result": Rule(case["expr"], constants).could_hold(context)})
    yield mine, _expected(case["partial_rule"])


def _force_groups(case: Case) -> Iterator[tuple[Any, Any]]:
    force = ForceGroups.parse(case["force_groups"], case["force_payload_tests"])
    mine = {
        "force_groups_parsed": dict(force.groups),
        "force_payloads": {name: each.to_dict() for name, each in force.payloads.items()},
        "default_mode": force.default_mode.name,
        "is_empty": force.is_empty,
    }
    if "generated" in case:
        mine["generated"] = str(force)
        mine["generated_cookie"] = force.cookie_value()
    yield json.loads(json.dumps(mine)), {name: case[name] for name in mine}


def _definitions(case: Case) -> Iterator[tuple[Any, Any]]:
    mine = _outcome(lambda: consumable_definition(case["definition"]))
    yield mine, ERROR if "error" in case else case["consumable"]


def _load(case: Case) -> Iterator[tuple[Any, Any]]:
    text = case["matrix_text"] if "matrix_text" in case else json.dumps(case["matrix"])
    yield _loaded(text, case), _expected_load(case["load"])


def _loaded(text: str, header: Case) -> Any:
    try:
        proctor = _proctor(Matrix.from_json(text), header)
    except MatrixLoadError:
        return ERROR
    return {"loaded": list(proctor.loaded), "dropped": sorted(proctor.dropped)}


def _expected_load(load: Case) -> Any:
    if "load_exception" in load:
        return ERROR
    return {"loaded": sorted(load["loaded_tests"]), "dropped": sorted(load["dropped_tests"])}


def _proctor(matrix: Matrix, header: Case) -> Proctor:
    declared = header.get("provided_context_style") != "none"
    validator = header.get("identifier_validator", "none")
    return Proctor(
        matrix,
        context_types=declared_types(header) if declared else None,
        identifier_validator=None if validator == "none" else validator,
    )


def _assignments(directory: Path, name: str) -> FileResult:
    result = FileResult(name)
    lines = read_jsonl(directory, name)
    first = next(lines)
    header, load = first["header"], first["load"]
    text = read_matrix_text(directory, header["matrix"])
    result.add({"matrix": header["matrix"]}, _loaded(text, header), _expected_load(load))
    if "load_exception" in load:
        return result
    proctor = _proctor(Matrix.from_json(text), header)
    undeclared = header.get("provided_context_style") == "none"
    types = declared_types(header)
    for case in lines:
        context = converted(case["context"], types) if undeclared else case["context"]
        mine = _outcome(lambda: _determined(proctor, case, context))  # noqa: B023 - called at once
        result.add(case, mine, _java_groups(case))
    return result


def _determined(proctor: Proctor, case: Case, context: Case) -> Case:
    groups = proctor.determine_groups(
        identifiers=case["identifiers"],
        context=context,
        force_groups=case.get("force_groups"),
        tests=case.get("test_filter"),
        force_payload_tests=case.get("force_payload_tests", ()),
        random_enabled=case.get("random_enabled", False),
    )
    return json.loads(json.dumps(_printed(groups)))


def _printed(groups: Groups) -> Case:
    printed: Case = {"groups": {}, "properties": {}, "errors": sorted(groups.errors)}
    for name, each in groups.items():
        shown = {"name": each.group, "value": each.value}
        if each.payload_type is not None:
            shown["payload"] = Payload(each.payload_type or None, each.payload).to_dict()
        if each.allocation_index is not None:
            shown["allocation_index"] = each.allocation_index
        if each.allocation_id:
            shown["allocation_id"] = each.allocation_id
        printed["groups"][name] = shown
    for name, won in groups.properties.items():
        printed["properties"][name] = {"value": won.value, "test": won.test}
    return printed


_TEST_IN_MESSAGE = re.compile(r" for test '([^']*)': ")


def _java_groups(case: Case) -> Any:
    if "exception" in case:
        return ERROR
    failed = set()
    for error in case.get("errors", ()):
        found = _TEST_IN_MESSAGE.search(error.get("message", ""))
        if "test" in error:
            failed.add(error["test"])
        elif found is not None:
            failed.add(found[1])
    return {
        "groups": case["groups"],
        "properties": case.get("properties", {}),
        "errors": sorted(failed),
    }


_CHECKS: dict[str, Callable[[Case], Iterator[tuple[Any, Any]]]] = {
    "hashes.jsonl": _hashes,
    "cutoffs.jsonl": _cutoffs,
    "rules.jsonl": _rules,
    "partial_rules.jsonl": _partial_rules,
    "forcegroups.jsonl": _force_groups,
    "definitions.jsonl": _definitions,
    "load.jsonl": _load,
    **AUTHORING_CHECKS,
}


def _names(directory: Path) -> list[str]:
    """Return the names of the vector files in a directory, compressed or not."""
    found = [*directory.glob("*.jsonl*"), *directory.glob("assignments/*.jsonl*")]
    relative = {str(each.relative_to(directory)).removesuffix(".gz") for each in found}
    return sorted(name for name in relative if name in _CHECKS or "/" in name)


def check_file(directory: Path, name: str) -> FileResult:
    """Run all cases in one file."""
    if name.startswith("assignments"):
        return _assignments(directory, name)
    result = FileResult(name)
    for case in read_jsonl(directory, name):
        for mine, java in _CHECKS[name](case):
            result.add(case, mine, java)
    return result


def check_directory(directory: Path) -> Iterator[FileResult]:
    """Run all files in a directory."""
    for name in _names(directory):
        yield check_file(directory, name)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.core.vectors")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--show", type=int, default=3, help="failures to print of each file")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    results = list(check_directory(options.directory))
    if not results:
        parser.error(f"there are no vectors in {options.directory}")
    for result in results:
        print(f"{result.name}: {result.passed} passed, {len(result.failures)} failed")
        for failure in result.failures[: options.show]:
            print(f"  {failure}")
    failed = sum(len(result.failures) for result in results)
    print(f"{sum(result.passed for result in results)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

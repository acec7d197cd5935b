"""The commands on the trees, matrices and specifications that Java Proctor's vectors contain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from proctor.core.authoring.trees.tree import DEFINITIONS_DIRECTORY
from tests.core.vectorfiles import conformance_directory, read_jsonl

if TYPE_CHECKING:
    from pathlib import Path

VECTORS = conformance_directory() / "authoring"

Case = dict[str, Any]


def cases(name: str) -> list[Case]:
    return list(read_jsonl(VECTORS, name))


def lay_out(root: Path, tree: dict[str, str | None]) -> Path:
    """Write the files of a vector's tree below *root*."""
    root.mkdir()
    for path, content in tree.items():
        place = root / path
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode("utf-8", "surrogatepass"))
    return root


def test_build_gives_the_file_of_java_proctor(run, tmp_path):
    built = failed = 0
    for number, case in enumerate(cases("build.jsonl")):
        # Java Proctor reads in test-definitions, whatever its option says; `build` does not.
        if case.get("directory") not in (None, DEFINITIONS_DIRECTORY):
            continue
        tree, file = lay_out(tmp_path / f"{number}", case["tree"]), tmp_path / f"{number}.json"
        audit = ("-a", case.get("author") or "", "-v", case.get("version") or "MILLIS")
        code, out, err = run("build", tree, "-o", file, *audit)
        if "error" in case:
            assert (code, out, len(err.splitlines())) == (2, "", 1), case["id"]
            assert not file.exists()
            failed += 1
            continue
        assert (code, out, err) == (0, "", ""), case["id"]
        mine, java = json.loads(file.read_text()), json.loads(case["text"])
        for document in (mine, java):
            for name in ("updated", "updatedDate", "updatedBy", "version"):
                document["audit"].pop(name)
        assert mine == java, case["id"]
        built += 1
    assert built > 20
    assert failed > 20


def test_verify_is_never_more_lenient_than_java_proctor(run, tmp_path):
    seen = {0: 0, 1: 0, 2: 0}
    for case in cases("verify.jsonl"):
        if case.get("context") == "none" or case.get("strict"):
            continue
        matrix, specification = tmp_path / "matrix.json", tmp_path / "specification.json"
        matrix.write_text(json.dumps(case["matrix"]))
        specification.write_text(json.dumps(case["specification"]))
        code, out, err = run("verify", matrix, specification, "--json")
        seen[code] += 1
        if code == 2:
            assert len(err.splitlines()) == 1
            assert "specification_error" in case or "matrix_error" in case, case["id"]
            continue
        [found] = json.loads(out)["specifications"]
        if "exception" in case:
            assert (code, bool(found["failure"])) == (1, True), case["id"]
            continue
        assert found["missing"] == sorted(case["missing"], key=found["missing"].index)
        assert found["errors"].keys() >= case["errors"].keys(), case["id"]
        assert found["dynamic_errors"].keys() == case["dynamic_errors"].keys(), case["id"]
        if case["has_invalid_tests"]:
            assert code == 1, case["id"]
    assert min(seen.values()) > 5


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("build.jsonl", ()),
        ("writer.jsonl", ("text",)),
        ("edit_validation.jsonl", ("new", "new_text")),
        ("specification.jsonl", ("definition",)),
        ("verify.jsonl", ("matrix", "specification")),
    ],
)
def test_validate_answers_or_refuses_in_one_line(run, tmp_path, name, fields):
    codes = set()
    for number, case in enumerate(cases(name)):
        places = [
            tmp_path / f"{number}-{field}.json" for field in fields if case.get(field) is not None
        ]
        for place in places:
            value = case[place.stem.partition("-")[2]]
            text = value if isinstance(value, str) else json.dumps(value)
            place.write_bytes(text.encode("utf-8", "surrogatepass"))
        if not fields:
            places = [lay_out(tmp_path / f"{number}", case["tree"])]
        for place in places:
            code, out, err = run("validate", place)
            codes.add(code)
            assert (bool(out), len(err.splitlines())) == ((code != 2), int(code == 2)), case["id"]
            if "error" not in case and name == "build.jsonl":
                assert "fatal" not in out, case["id"]
    assert codes >= {0, 1}


def test_review_and_ramp_take_definitions_of_java_proctors_editor(run, tmp_path):
    reviewed = ramped = 0
    for number, case in enumerate(cases("allocation_ids.jsonl")):
        if not case["history"]:
            continue
        old, new = tmp_path / f"{number}-old.json", tmp_path / f"{number}-new.json"
        old.write_text(json.dumps(case["history"][-1]))
        new.write_text(json.dumps(case["new"]))
        code, out, err = run("review", old, new, "--json")
        assert (code, len(err.splitlines())) in ((0, 0), (2, 1)), case["id"]
        reviewed += code == 0
        if code == 0:
            for test in json.loads(out)["tests"]:
                for pair in test["moves"]:
                    total = sum(row["share"] for row in pair["table"])
                    assert pair["table"] == [] or total == pytest.approx(1, abs=1e-9)
        buckets = case["history"][-1]["buckets"]
        shares = [f"{each['name']}={int(not index)}" for index, each in enumerate(buckets)]
        code, out, err = run("ramp", old, case["test"], *shares, "--allocation", "1", "--json")
        assert (code, len(err.splitlines())) in ((0, 0), (2, 1)), (case["id"], err)
        ramped += code == 0
    assert reviewed > 100
    assert ramped > 50

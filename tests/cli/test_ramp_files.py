"""`ramp` and its files: round trips, ids of other branches, comments."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proctor.core import Matrix
from tests.core.small_matrices import allocation, definition

TENTHS = allocation(inactive=0.8, control=0.1, blue=0.1)


def write(path, **fields):
    path.write_text(json.dumps(definition(**{"allocations": [TENTHS], **fields})))
    return path


def shares_of(ranges):
    """The sum of the lengths by bucket value."""
    found = {}
    for each in ranges:
        found.setdefault(each["bucketValue"], []).append(each["length"])
    return {value: math.fsum(lengths) for value, lengths in found.items()}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
    after=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
)
@example(before=(1 / 3, 1 / 3), after=(1e-10, 1 / 7))
@example(before=(1e-10, 0.25), after=(0.5, 0.5))
@example(before=(0.1, 0.1), after=(0.2, 0.2))
def test_what_ramp_writes_and_reads_back_gives_the_shares(run, tmp_path, before, after):
    control, blue = before
    old = allocation(control=control, inactive=1 - control - blue, blue=blue)
    file = write(tmp_path / "color.json", allocations=[old])
    wanted = [
        f"{name}={value:.12f}" for name, value in zip(("control", "blue"), after, strict=True)
    ]
    code, out, err = run("ramp", file, "color", *wanted, "-i", "--json")
    assert (code, err) == (0, "")
    assert re.search("[0-9]e-?[0-9]", out) is None
    written = json.loads(file.read_text())["allocations"][0]["ranges"]
    for ranges in (written, json.loads(out)["ranges"]):
        found = shares_of(ranges)
        assert found.get(0, 0.0) == pytest.approx(after[0], abs=1e-9)
        assert found.get(1, 0.0) == pytest.approx(after[1], abs=1e-9)
        assert sum(found.values()) == pytest.approx(1.0, abs=1e-9)
    tree = tmp_path / "tree" / "test-definitions" / "color"
    tree.mkdir(parents=True, exist_ok=True)
    (tree / "definition.json").write_bytes(file.read_bytes())
    built = Matrix.from_json(run("build", tmp_path / "tree")[1]).tests["color"]
    found = shares_of([each.to_dict() for each in built.allocations[0].ranges])
    assert found.get(1, 0.0) == pytest.approx(after[1], abs=1e-9)


def test_small_numbers_are_plain(run, tmp_path):
    file = write(tmp_path / "color.json")
    out = run("ramp", file, "color", "blue=0.0000000001", "--json")[1]
    assert '"length": 0.0000000001\n' in out
    assert json.loads(out)["ranges"][-1] != {}


def test_an_id_is_not_used_again_that_another_branch_had(run, tmp_path):
    old = allocation(control=0.5, inactive=0.4, blue=0.1)
    file = write(tmp_path / "color.json", allocations=[old])
    other = write(tmp_path / "qa.json", allocations=[TENTHS | {"id": "#A7"}])
    tree = tmp_path / "production" / "test-definitions" / "color"
    tree.mkdir(parents=True)
    write(tree / "definition.json", allocations=[TENTHS | {"id": "#A3"}])
    matrix = tmp_path / "matrix.json"
    tests = {"another": definition(allocations=[TENTHS | {"id": "#A9"}])}
    matrix.write_text(json.dumps({"audit": {}, "tests": tests}))
    history = [
        part
        for each in (other, tmp_path / "production", matrix)
        for part in ("--history", str(each))
    ]
    pair = json.loads(run("ramp", file, "color", "blue=20%", *history, "--json")[1])["moves"][0]
    assert pair["id"] == "#A8"
    pair = json.loads(run("ramp", file, "color", "blue=20%", "--json")[1])["moves"][0]
    assert pair["id"] == "#A2"


def test_a_history_that_cannot_be_read_is_one_line(run, tmp_path):
    file = write(tmp_path / "color.json")
    code, _, err = run("ramp", file, "color", "blue=20%", "--history", tmp_path / "nothing.json")
    assert (code, len(err.splitlines())) == (2, 1)


def test_comments_stay(run, tmp_path):
    file = write(tmp_path / "color.json")
    text = file.read_text().replace('"salt"', '/* never change */ "salt"') + " // end"
    file.write_text(text)
    assert run("ramp", file, "color", "blue=20%", "-i")[0] == 0
    changed = file.read_text()
    assert "/* never change */" in changed
    assert changed.endswith(" // end")
    assert run("review", file, file)[1] == "Nothing changed.\n"


def test_comments_among_the_ranges_are_not_lost(run, tmp_path):
    file = write(tmp_path / "color.json")
    text = file.read_text().replace('"ranges": [', '"ranges": [ /* ours */ ')
    file.write_text(text)
    assert run("ramp", file, "color", "blue=20%")[0] == 0
    code, _, err = run("ramp", file, "color", "blue=20%", "-i")
    assert code == 2
    assert "there are comments among the ranges; change the ranges in an editor" in err
    assert file.read_text() == text


def test_ids_of_allocations_without_one_stay_empty(run, tmp_path):
    file = write(tmp_path / "color.json", allocations=[TENTHS | {"id": ""}])
    assert run("ramp", file, "color", "blue=20%", "-i")[0] == 0
    assert json.loads(file.read_text())["allocations"][0]["id"] == ""


def test_a_restriction_to_countries_counts(run, tmp_path):
    file = write(tmp_path / "color.json", specialConstants={"__COUNTRIES": ["US"]})
    assert run("ramp", file, "color", "blue=20%", "-i")[0] == 0
    assert json.loads(file.read_text())["specialConstants"] == {"__COUNTRIES": ["US"]}
    file.write_text(file.read_text().replace('["US"]', "5"))
    code, _, err = run("ramp", file, "color", "blue=20%")
    assert (code, "specialConstants.__COUNTRIES: expected a list" in err) == (2, True)


def test_a_specification_cannot_be_ramped(run, tmp_path):
    file = tmp_path / "specification.json"
    file.write_text('{"providedContext": {}}')
    code, _, err = run("ramp", file, "color", "blue=20%")
    assert (code, "expected a matrix or a definition, got a specification" in err) == (2, True)


def dependent(value):
    # A test must not have the salt of the one that it depends on.
    return definition(dependsOn={"testName": "color", "bucketValue": value}, salt=f"&{value}")


def test_tests_that_depend_on_an_emptied_group_are_shown(run, tmp_path):
    tests = {
        "color": definition(allocations=[TENTHS]),
        "price": dependent(1),
        "title": dependent(0),
        "other": definition(),
        "broken": {"buckets": 5},
    }
    matrix = tmp_path / "matrix.json"
    matrix.write_text(json.dumps({"audit": {"version": "1"}, "tests": tests}))
    out = run("ramp", matrix, "color", "blue=0%")[1]
    assert (
        "This test depends on blue of color, which has no visitors after the change, so this test "
        "loses all its visitors."
    ) in out
    assert [line for line in out.splitlines() if line.startswith(("price", "title", "other"))] == [
        "price: changed, danger",
        "title: changed, notice",
    ]
    tree = tmp_path / "tree" / "test-definitions"
    for name, each in tests.items():
        (tree / name).mkdir(parents=True)
        (tree / name / "definition.json").write_text(json.dumps(each))
    assert run("ramp", tree.parent, "color", "blue=0%")[1] == out

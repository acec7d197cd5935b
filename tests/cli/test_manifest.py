from __future__ import annotations

import json


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def test_the_manifest_has_every_test_of_a_matrix(run):
    code, out, err = run("manifest", "examples/matrix.json")
    flags = json.loads(out)["flags"]
    assert (code, err) == (0, "")
    assert flags["buttoncolortst"]["flagType"] == "string"
    assert flags["newfeaturerollout"] == {
        "flagType": "boolean",
        "defaultValue": False,
        "description": flags["newfeaturerollout"]["description"],
    }


def test_a_specification_says_which_tests_and_their_defaults(run, tmp_path):
    specification = {
        "tests": {
            "newfeaturerollout": {"buckets": {"inactive": -1, "active": 1}, "fallbackValue": 1}
        }
    }
    path = write(tmp_path / "specification.json", specification)
    code, out, _ = run("manifest", "examples/matrix.json", "--specification", path)
    flags = json.loads(out)["flags"]
    assert (code, list(flags)) == (0, ["newfeaturerollout"])
    assert flags["newfeaturerollout"]["defaultValue"] is True


def test_a_matrix_that_is_missing_is_one_line(run, tmp_path):
    code, out, err = run("manifest", tmp_path / "none.json")
    assert (code, out, err.count("\n")) == (2, "", 1)

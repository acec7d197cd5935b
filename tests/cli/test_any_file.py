"""No matter what a file contains, commands work or report the problem in one line."""

from __future__ import annotations

import json

import pytest

from tests.core.small_matrices import allocation, definition

WHOLE = json.dumps(definition())
DEEP = "[" * 300 + "]" * 300
ENDLESS = "[" * 5000 + "]" * 5000


def ranges(*lengths: object) -> str:
    found = [{"bucketValue": value, "length": each} for value, each in enumerate(lengths, -1)]
    return json.dumps(definition(allocations=[{"ranges": found, "id": "#A1"}]))


def with_field(name: str, text: str) -> str:
    return f'{WHOLE[:-1]}, "{name}": {text}}}'


FILES: dict[str, str | bytes] = {
    "nothing": "",
    "null": "null",
    "list": "[1]",
    "empty object": "{}",
    "half": WHOLE[:50],
    "no utf-8": b'{"salt": "\xff"}',
    "byte-order mark": "\ufeff" + WHOLE,
    "deep": with_field("constants", DEEP),
    "endless": with_field("other", ENDLESS),
    "digits": with_field("version", "9" * 5000),
    "not a number": with_field("other", "NaN"),
    "infinite": with_field("constants", '{"x": 1e999}'),
    "surrogate": json.dumps(definition(description="\ud800")),
    **{
        f"{name} is {value}": json.dumps(definition(**{name: value}))
        for name, value in [
            *((name, None) for name in definition()),
            *((name, 5) for name in definition()),
            ("buckets", [None]),
            ("allocations", [None]),
            ("allocations", [{"ranges": None}]),
            ("dependsOn", {"testName": None}),
            ("specialConstants", {"__COUNTRIES": "US"}),
            ("testType", "RANDOM"),
            ("testType", "PAGE"),
            ("rule", "${"),
            ("allocations", [allocation(inactive=1.0, id="#A2147483647")]),
            ("allocations", [allocation(inactive=1.0, id="#A99999999999")]),
        ]
    },
    "negative": ranges(-5, 6),
    "huge": ranges(1e308, -1e308, 1),
    "NaN length": ranges("NaN", 0.5, 0.5),
    "infinite length": ranges("Infinity", "-Infinity", 1),
    "matrix of nothing": '{"audit": {}, "tests": {"file": null}}',
    "tests null": '{"audit": {}, "tests": null}',
    "audit null": '{"audit": null}',
    "specification": '{"providedContext": {"a": null}, "tests": {"file": {"payload": {}}}}',
    "specification of a number": '{"tests": {"t": {"buckets": {"a": 1e400}}}}',
    "bad filter": '{"dynamicFilters": [{"type": "name_pattern", "regex": "("}]}',
}


@pytest.mark.parametrize("name", FILES)
def test_each_command_answers_or_says_in_one_line_what_is_wrong(run, make_tree, tmp_path, name):
    content = FILES[name]
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    file, good, specification = (tmp_path / each for each in ("file.json", "good.json", "s.json"))
    good.write_text(WHOLE)
    specification.write_text('{"tests": {"file": {}}}')
    tree = make_tree(file={})
    (tree / "test-definitions" / "file" / "definition.json").write_bytes(data)
    for arguments in (
        ("validate", file),
        ("validate", tree),
        ("build", tree),
        ("build", tree, "--keep-going"),
        ("review", good, file),
        ("review", tree, good, "--json"),
        ("review", good, good, "--specification", file),
        ("verify", file, specification),
        ("verify", tree, specification),
        ("verify", good, file),
        ("ramp", good, "file", "blue=60%", "control=40%", "--history", file),
        ("ramp", file, "file", "blue=60%", "control=40%", "--json"),
        ("ramp", file, "file", "blue=60%", "control=40%", "-i"),
    ):
        file.write_bytes(data)
        code, out, err = run(*arguments)
        assert code in (0, 1, 2), arguments
        if code == 2:
            assert (out, len(err.splitlines())) == ("", 1), arguments
        elif "--json" in arguments:
            json.loads(out)

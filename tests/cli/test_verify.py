"""`verify`, and the effect of specifications on `review`."""

from __future__ import annotations

import json

import pytest

from tests.core.small_matrices import definition

EXPECTED = {"buckets": {"control": 0, "active": 1}, "fallbackValue": 0}


@pytest.fixture
def write(tmp_path):
    def write_it(name, document):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write_it


@pytest.fixture
def matrix(write):
    buckets = [{"name": "control", "value": 0}, {"name": "active", "value": 1}]
    tests = {"atst": definition(buckets=buckets), "btst": definition(rule="${unknown == 1}")}
    return write("matrix.json", {"audit": {"version": "1"}, "tests": tests})


def test_an_application_that_gets_what_it_asks_for_is_satisfied(run, matrix, write):
    specification = write("shop.json", {"providedContext": {}, "tests": {"atst": EXPECTED}})
    assert run("verify", matrix, specification) == (0, f"{specification}: 1 test, satisfied\n", "")


def test_all_that_is_missing_is_named(run, matrix, write):
    unlike = {"buckets": {"control": 0}}
    document = {"providedContext": {}, "tests": {"atst": unlike, "btst": {}, "ctst": {}}}
    shop = write("shop.json", document)
    good = write("good.json", {"tests": {"atst": EXPECTED}})
    code, out, err = run("verify", matrix, shop, good)
    assert (code, err) == (1, "")
    first, second, third, *rest = out.splitlines()
    assert first == f"{shop}: missing: ctst: the matrix does not have the test"
    assert second.startswith(f"{shop}: unusable: atst: visitors can get the bucket")
    assert third.startswith(f"{shop}: unusable: btst: ")
    assert rest == [f"{shop}: 3 tests, not satisfied", f"{good}: 1 test, satisfied"]


def test_a_payload_that_is_expected_and_nowhere_is_unusable(run, matrix, write):
    expected = EXPECTED | {"payload": {"type": "stringValue"}}
    code, out, _ = run("verify", matrix, write("shop.json", {"tests": {"atst": expected}}))
    assert code == 1
    assert "unusable: atst: the application expects payloads of type stringValue, but the" in out


def test_an_application_does_without_a_test_that_only_a_filter_takes(run, matrix, write):
    document = {"providedContext": {}, "dynamicFilters": [{"type": "match_all"}]}
    code, out, _ = run("verify", matrix, write("shop.json", document))
    assert code == 0
    assert "warning: btst, selected by a filter: " in out


def test_a_check_that_fails_as_a_whole_is_a_finding(run, matrix, write):
    expected = EXPECTED | {"payload": {"type": "number"}}
    tree = write("shop.json", {"tests": {"ptst": {}, "atst": expected}})
    payload = [{"name": "control", "value": 0, "payload": {"doubleValue": 1}}]
    ranges = [{"ranges": [{"bucketValue": 0, "length": 1.0}]}]
    tests = {"atst": definition(buckets=payload, allocations=ranges)}
    code, out, _ = run("verify", write("m.json", {"audit": {}, "tests": tests}), tree)
    assert code == 1
    assert "fatal: unknown payload type 'number'" in out


def test_json_has_all_of_it(run, matrix, write):
    document = {"providedContext": {}, "tests": {"ctst": {}}, "dynamicFilters": []}
    shop = write("shop.json", document)
    assert json.loads(run("verify", matrix, shop, "--json")[1]) == {
        "satisfied": False,
        "specifications": [
            {
                "specification": str(shop),
                "satisfied": False,
                "failure": None,
                "missing": ["ctst"],
                "errors": {},
                "dynamic_tests": [],
                "dynamic_errors": {},
            }
        ],
    }


def test_a_tree_can_be_verified(run, make_tree, write):
    tree = make_tree(atst={"dependsOn": {"testName": "btst", "bucketValue": 0}}, btst={"salt": "b"})
    both = write("shop.json", {"tests": {"atst": {}, "btst": {}}})
    assert run("verify", tree, both)[0] == 0
    code, out, _ = run("verify", tree, write("one.json", {"tests": {"atst": {}}}))
    assert (code, "depends on" in out) == (1, True)


def test_a_test_type_can_be_added(run, make_tree, write):
    tree, shop = make_tree(atst={"testType": "VISIT"}), write("s.json", {"tests": {"atst": {}}})
    assert run("verify", tree, shop)[0] == 1
    assert run("verify", tree, shop, "--test-type", "VISIT")[0] == 0


@pytest.mark.parametrize(
    "content",
    ["[]", "{", '{"audit": {}, "tests": {}}', '{"tests": 5}', '{"salt": "s"}'],
)
def test_what_is_no_specification_is_one_line(run, matrix, write, content):
    code, out, err = run("verify", matrix, write("bad.json", content))
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "bad.json" in err


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"context": {}, "identifiers": {"USER": {"source": "QUERY"}}}, "a pipet-config.json"),
        ({"audit": {"version": "1"}, "tests": {}}, "a test matrix"),
        (EXPECTED, "one part of a split specification"),
        ({"country": "String"}, "the providedContext of a split specification"),
    ],
)
def test_a_document_of_another_kind_is_not_an_empty_specification(
    run, matrix, write, document, kind
):
    code, out, err = run("verify", matrix, write("other.json", document))
    assert (code, out) == (2, "")
    assert f"expected a specification, got {kind}" in err


def test_a_document_without_any_field_of_a_specification_does_not_pass(run, matrix, write):
    code, out, err = run("verify", matrix, write("other.json", {"colortst": {"buckets": {}}}))
    assert (code, out) == (2, "")
    assert "unknown field 'colortst'; a specification has" in err


# review --specification


def test_to_delete_a_test_that_applications_declare_is_a_danger(run, make_tree, write):
    old, new = make_tree("old", atst={}, btst={}), make_tree("new")
    shop = write("shop.json", {"tests": {"atst": {}}})
    filtered = write("filter.json", {"dynamicFilters": [{"type": "name_prefix", "prefix": "b"}]})
    code, out, _ = run("review", old, new, "--specification", shop, "--fail-on", "danger")
    assert code == 1
    assert "atst: deleted, danger\n  The test was deleted, but applications declare it." in out
    assert "btst: deleted, no risk" in out
    out = run("review", old, new, "--specification", filtered)[1]
    assert "btst: deleted, danger" in out
    assert "atst: deleted, no risk" in out
    assert run("review", old, new, "--fail-on", "danger")[0] == 0


def test_a_bad_specification_of_a_review_is_one_line(run, make_tree, write):
    tree = make_tree(atst={})
    code, _, err = run("review", tree, tree, "--specification", write("bad.json", "[]"))
    assert (code, len(err.splitlines())) == (2, 1)

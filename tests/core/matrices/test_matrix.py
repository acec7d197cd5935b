from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import (
    Allocation,
    Audit,
    Bucket,
    Dependency,
    Matrix,
    Payload,
    PayloadExperimentConfig,
    Range,
    TestDefinition,
)
from tests.core.vectorfiles import conformance_directory, read_jsonl

MATRICES = sorted((conformance_directory() / "matrices").glob("*.json"))
LOAD_CASES = list(read_jsonl(conformance_directory(), "load.jsonl"))

FULL = {
    "audit": {
        "version": "7",
        "updated": 1142418252087,
        "updatedDate": "2006-03-15T04:24-0600",
        "updatedBy": "ann",
        "note": ["unknown"],
    },
    "tests": {
        "buttoncolortst": {
            "constants": {"COUNTRIES": ["US", "CA"], "LIMIT": 5, "RATIO": 0.5, "NONE": None},
            "version": "12",
            "salt": "&colours",
            "rule": "${country == 'US'}",
            "buckets": [
                {"name": "inactive", "value": -1, "payload": {"stringValue": "#000"}},
                {
                    "name": "blue",
                    "value": 1,
                    "description": "the blue one",
                    "payload": {"weird": 1, "stringValue": "#00F"},
                    "colour": "blue",
                },
            ],
            "allocations": [
                {
                    "rule": None,
                    "ranges": [
                        {"bucketValue": -1, "length": 0.25, "why": "small"},
                        {"bucketValue": 1, "length": 0.75},
                    ],
                    "id": "#A1",
                    "name": "all",
                    "owner": {"team": "shop"},
                }
            ],
            "silent": True,
            "testType": "USER",
            "description": "colours",
            "metaTags": ["shop", "ui"],
            "dependsOn": {"testName": "other", "bucketValue": 2, "since": 3},
            "evaluateForIncognitoUsers": True,
            "enableUnitlessAllocations": True,
            "containsUnitlessAllocation": True,
            "forceLogging": True,
            "payloadExperimentConfig": {"priority": "3", "namespaces": ["n"], "x": None},
            "dynamic": True,
            "someNewField": [1, {"a": 2.5}],
        },
        "sparse": {"testType": "ACCOUNT"},
    },
    "extra": {"a": [1, {"b": 2}]},
}


def document(**fields):
    """A matrix with one test, `t`, which has these fields."""
    return {"audit": {"version": "1"}, "tests": {"t": fields}}


@pytest.fixture
def matrix():
    return Matrix.from_dict(FULL)


def test_the_audit_is_read(matrix):
    audit = matrix.audit
    assert (audit.version, audit.updated, audit.updated_by) == ("7", 1142418252087, "ann")


def test_every_field_of_a_test_is_read(matrix):
    test = matrix.tests["buttoncolortst"]
    assert test == TestDefinition(
        name="buttoncolortst",
        version="12",
        salt="&colours",
        rule="${country == 'US'}",
        test_type="USER",
        buckets=(
            Bucket("inactive", -1, None, Payload("stringValue", "#000")),
            Bucket(
                "blue",
                1,
                "the blue one",
                Payload("stringValue", "#00F", {"weird": 1}),
                {"colour": "blue"},
            ),
        ),
        allocations=(
            Allocation(
                None,
                (Range(-1, 0.25, {"why": "small"}), Range(1, 0.75)),
                "#A1",
                "all",
                {"owner": {"team": "shop"}},
            ),
        ),
        constants={"COUNTRIES": ("US", "CA"), "LIMIT": 5, "RATIO": 0.5, "NONE": None},
        silent=True,
        description="colours",
        meta_tags=("shop", "ui"),
        depends_on=Dependency("other", 2, {"since": 3}),
        evaluate_for_incognito_users=True,
        enable_unitless_allocations=True,
        contains_unitless_allocation=True,
        force_logging=True,
        payload_experiment_config=PayloadExperimentConfig("3", ("n",), {"x": None}),
        dynamic=True,
        extra={"someNewField": (1, {"a": 2.5})},
    )


def test_what_is_missing_has_its_default(matrix):
    assert matrix.tests["sparse"] == TestDefinition("sparse", test_type="ACCOUNT")


def test_scalars_are_coerced():
    test = Matrix.from_dict(
        document(
            version=5,
            silent="true",
            buckets=[{"name": 1, "value": "2"}],
            allocations=[{"ranges": [{"bucketValue": 2.9, "length": "0.5"}], "id": 3}],
        )
    ).tests["t"]
    assert test == TestDefinition(
        "t",
        version="5",
        silent=True,
        buckets=(Bucket("1", 2),),
        allocations=(Allocation(None, (Range(2, 0.5),), "3"),),
    )


def test_a_number_keeps_its_digits_where_a_string_is_wanted():
    matrix = Matrix.from_json('{"audit": {"version": 1.10}}')
    assert matrix.audit.version == "1.10"


def test_a_null_takes_the_default():
    test = Matrix.from_dict(
        document(
            silent=None,
            metaTags=None,
            buckets=[{"name": None, "value": None, "payload": None}],
            allocations=[{"ranges": None, "id": None, "name": None}],
        )
    ).tests["t"]
    assert test == TestDefinition("t", buckets=(Bucket(),), allocations=(Allocation(),))


def test_a_matrix_without_tests_is_one():
    assert Matrix.from_dict({"audit": {}}).tests == {}


def test_a_test_that_is_null_is_ignored():
    assert Matrix.from_dict({"audit": {}, "tests": {"t": None}}).tests == {}


def test_the_last_of_repeated_tests_wins():
    text = '{"audit": {}, "tests": {"t": {"salt": "a"}, "t": {"salt": "b"}}}'
    assert Matrix.from_json(text).tests["t"].salt == "b"


BUCKET = '{"audit": {}, "tests": {"t": {"buckets": [%s]}}}'


@pytest.mark.parametrize(
    "text",
    [
        '{"audit": null, "audit": {}}',
        '{"audit": {}, "audit": null}',
        '{"audit": {"updated": "soon", "updated": 5}}',
        '{"audit": {"updated": "soon"}, "audit": {}}',
        '{"audit": {}, "tests": null, "tests": {}}',
        '{"audit": {}, "tests": [], "tests": {}}',
        '{"audit": {}, "tests": {"t": 5}, "tests": {}}',
        '{"audit": {}, "tests": {"t": 5, "t": {}}}',
        '{"audit": {}, "tests": {"t": {"silent": "yes"}, "t": {}}}',
        '{"audit": {}, "tests": {"t": {"silent": "yes", "silent": true}}}',
        '{"audit": {}, "tests": {"t": {"testType": 5, "testType": "USER"}}}',
        '{"audit": {}, "tests": {"t": {"metaTags": [[]], "metaTags": []}}}',
        '{"audit": {}, "tests": {"t": {"constants": [], "constants": {}}}}',
        '{"audit": {}, "tests": {"t": {"dependsOn": 5, "dependsOn": null}}}',
        '{"audit": {}, "tests": {"t": {"buckets": [{"value": []}], "buckets": []}}}',
        BUCKET % '{"value": "x", "value": 1}',
        BUCKET % '{"payload": {"longValue": "x"}, "payload": null}',
        BUCKET % '{"payload": {"stringValue": "a", "stringValue": "b"}}',
        BUCKET % '{"payload": {"stringValue": "a", "stringValue": null}}',
        BUCKET % '{"payload": {"longValue": "x", "longValue": 1}}',
    ],
)
def test_a_repeated_field_that_cannot_be_read_fails_though_a_later_one_can(text):
    with pytest.raises(MatrixLoadError):
        Matrix.from_json(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('{"x": [], "x": {}, "audit": {}}', '{"x": {}, "audit": {}}'),
        ('{"audit": {"version": 1, "version": 2}}', '{"audit": {"version": 2}}'),
        (
            '{"audit": {}, "tests": {"t": {}}, "tests": {"u": {}}}',
            '{"audit": {}, "tests": {"u": {}}}',
        ),
        (BUCKET % '{"value": "1", "value": 2}', BUCKET % '{"value": 2}'),
        (
            BUCKET % '{"payload": {"stringValue": null, "stringValue": "b"}}',
            BUCKET % '{"payload": {"stringValue": "b"}}',
        ),
        (
            BUCKET % '{"payload": {"longValue": 1}, "payload": {"stringValue": "b"}}',
            BUCKET % '{"payload": {"stringValue": "b"}}',
        ),
        (
            BUCKET % '{"payload": {"map": {"a": 1, "a": "b"}}}',
            BUCKET % '{"payload": {"map": {"a": "b"}}}',
        ),
        (
            '{"audit": {}, "tests": {"t": {"buckets": null, "buckets": []}}}',
            '{"audit": {}, "tests": {"t": {"buckets": []}}}',
        ),
        (
            '{"audit": {}, "tests": {"t": {"constants": null, "constants": {"a": 1, "a": 2}}}}',
            '{"audit": {}, "tests": {"t": {"constants": {"a": 2}}}}',
        ),
    ],
)
def test_the_last_of_repeated_fields_counts(text, same):
    assert Matrix.from_json(text) == Matrix.from_json(same)


def test_bytes_are_read_as_utf8():
    matrix = Matrix.from_json('{"audit": {"updatedBy": "Zoë"}}'.encode())
    assert matrix.audit.updated_by == "Zoë"


@pytest.mark.parametrize("path", MATRICES, ids=lambda path: path.stem)
def test_a_matrix_of_the_vectors_loads(path):
    assert Matrix.load(path) == Matrix.load(str(path))


def test_the_updated_date_is_in_central_time(matrix):
    assert matrix.audit.updated_date == "2006-03-15T04:24-0600"


def test_the_updated_date_is_none_where_the_matrix_does_not_say():
    assert Audit().updated_date is None


@pytest.mark.parametrize("updated", [0, -1, None, ""])
def test_the_updated_date_is_empty_for_a_moment_that_is_none(updated):
    matrix = Matrix.from_dict({"audit": {"updated": updated}})
    assert matrix.audit.updated_date == ""


def test_writing_gives_back_what_was_read(matrix):
    assert matrix.to_dict() == FULL


def test_written_text_reads_as_an_equal_matrix(matrix):
    assert Matrix.from_json(matrix.to_json(indent=2)) == matrix


@pytest.mark.parametrize("path", MATRICES, ids=lambda path: path.stem)
def test_every_matrix_of_the_vectors_survives_writing(path):
    matrix = Matrix.load(path)
    assert Matrix.from_json(matrix.to_json()) == matrix


@pytest.mark.parametrize("stem", ["bench100", "dependencies", "hundred", "mixed", "rules"])
def test_a_matrix_without_coercions_gives_back_its_document(stem):
    text = (conformance_directory() / "matrices" / f"{stem}.json").read_text()
    assert Matrix.from_json(text).to_dict() == json.loads(text)


def test_values_made_in_python_write_all_fields():
    matrix = Matrix(Audit("1"), {"t": TestDefinition("t", buckets=(Bucket("a"),))})
    assert matrix.to_dict()["tests"]["t"] == {
        "constants": {},
        "version": None,
        "salt": None,
        "rule": None,
        "buckets": [{"name": "a", "value": 0}],
        "allocations": [],
        "silent": False,
        "testType": None,
        "description": None,
        "metaTags": [],
        "dependsOn": None,
        "evaluateForIncognitoUsers": False,
        "enableUnitlessAllocations": False,
        "containsUnitlessAllocation": False,
        "forceLogging": False,
        "payloadExperimentConfig": None,
        "dynamic": False,
    }


def test_infinities_and_nan_are_written_as_words():
    test = document(allocations=[{"ranges": [{"length": "NaN"}, {"length": "Infinity"}]}])
    assert Matrix.from_dict(test).to_dict() == test


def test_a_number_beyond_a_double_can_be_written():
    matrix = Matrix.from_json('{"audit": {}, "x": 1e999}')
    assert json.loads(matrix.to_json()) == {"audit": {}, "x": "Infinity"}


def test_a_lone_surrogate_survives():
    matrix = Matrix.from_dict(document(salt="\ud800"))
    assert Matrix.from_json(matrix.to_json().encode()) == matrix


def test_the_written_document_belongs_to_the_caller(matrix):
    matrix.to_dict()["tests"]["buttoncolortst"]["constants"]["COUNTRIES"].append("GB")
    assert matrix.to_dict() == FULL


def test_no_field_of_a_test_can_be_set(matrix):
    with pytest.raises(FrozenInstanceError):
        matrix.tests["buttoncolortst"].salt = "x"


def test_no_test_can_be_added_to_a_matrix(matrix):
    with pytest.raises(TypeError, match="cannot be changed"):
        matrix.tests["x"] = None


def test_the_callers_objects_are_copied():
    mine = copy.deepcopy(FULL)
    matrix = Matrix.from_dict(mine)
    mine["tests"]["buttoncolortst"]["constants"]["COUNTRIES"].append("GB")
    mine["extra"]["a"].clear()
    assert matrix.to_dict() == FULL


def test_a_matrix_can_be_hashed(matrix):
    assert hash(matrix) == hash(Matrix.from_dict(FULL))


def test_a_matrix_can_be_pickled(matrix):
    assert pickle.loads(pickle.dumps(matrix)).to_dict() == FULL


def test_a_matrix_can_be_copied_deeply(matrix):
    assert copy.deepcopy(matrix).to_dict() == FULL


#: What the Java reports when a rule, and not the document, fails the load.
RULE_FAILURES = ("ArithmeticException", "NumberFormatException", "Object.getClass()")


def fails_in_parsing(case):
    exception = case["load"].get("load_exception")
    return exception is not None and not any(
        word in json.dumps(exception) for word in RULE_FAILURES
    )


def text_of(case):
    return json.dumps(case["matrix"]) if "matrix" in case else case["matrix_text"]


@pytest.mark.parametrize(
    "case",
    [case for case in LOAD_CASES if fails_in_parsing(case)],
    ids=lambda case: f"{case['id']} {case['what']}",
)
def test_the_load_fails_where_the_java_fails_to_parse(case):
    with pytest.raises(MatrixLoadError):
        Matrix.from_json(text_of(case))


def test_the_load_succeeds_where_the_java_parses():
    cases = [case for case in LOAD_CASES if not fails_in_parsing(case)]
    assert len(cases) > 100
    assert [case["id"] for case in cases if not is_loaded(case)] == []


def is_loaded(case):
    try:
        Matrix.from_json(text_of(case))
    except MatrixLoadError:
        return False
    return True


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "the document: null is not a JSON object"),
        ([], "the document: [] is not a JSON object"),
        ({"tests": {}}, "audit: missing"),
        ({"audit": None}, "audit: null is not a JSON object"),
        ({"audit": {"updated": "soon"}}, "audit.updated: 'soon' is not a 64-bit integer"),
        ({"audit": {}, "tests": None}, "tests: null is not a JSON object"),
        ({"audit": {}, "tests": {1: {}}}, "tests: the key 1 is not a string"),
        ({"audit": {}, "tests": {"t": 5}}, "test 't': 5 is not a JSON object"),
        (document(buckets=None), "test 't', buckets: null is not a list"),
        (document(buckets={}), "test 't', buckets: {} is not a list"),
        (document(buckets=[None]), "test 't', buckets[0]: null is not a JSON object"),
        (
            document(buckets=[{"value": "x"}]),
            "test 't', buckets[0].value: 'x' is not a 32-bit integer",
        ),
        (
            document(buckets=[{}, {"payload": {"map": 1}}]),
            "test 't', buckets[1].payload.map: 1 is not a JSON object",
        ),
        (document(allocations=None), "test 't', allocations: null is not a list"),
        (
            document(allocations=[{"ranges": [{"length": "half"}]}]),
            "test 't', allocations[0].ranges[0].length: 'half' is not a number",
        ),
        (document(constants=None), "test 't', constants: null is not a JSON object"),
        (document(constants={"a": {1}}), "test 't', constants: {1} is of type set"),
        (document(metaTags="a"), "test 't', metaTags: 'a' is not a list"),
        (document(metaTags=["a", []]), "test 't', metaTags[1]: [] is not a string"),
        (document(testType=5), "test 't', testType: 5 is not a string"),
        (document(dependsOn="a"), "test 't', dependsOn: 'a' is not a JSON object"),
        (document(dependsOn={"bucketValue": []}), "test 't', dependsOn.bucketValue: [] is no"),
        (document(payloadExperimentConfig=[]), "test 't', payloadExperimentConfig: []"),
        (document(dynamic="maybe"), "test 't', dynamic: 'maybe' is not a boolean"),
        (document(unknown=float("nan")), "test 't': nan is not valid JSON"),
    ],
)
def test_an_error_names_the_test_the_field_and_the_value(value, message):
    with pytest.raises(MatrixLoadError) as raised:
        Matrix.from_dict(value)
    assert message in str(raised.value)


def test_bytes_that_are_no_utf8_are_refused():
    with pytest.raises(MatrixLoadError, match="not UTF-8"):
        Matrix.from_json(b'{"audit": {"version": "\xff"}}')


def test_deep_nesting_inside_an_unknown_field_is_refused():
    with pytest.raises(MatrixLoadError, match="nested"):
        Matrix.from_json('{"audit": {}, "x": ' + "[" * 500 + "]" * 500 + "}")


def test_an_object_that_contains_itself_is_refused():
    hostile: dict = document(salt="a")
    hostile["tests"]["t"]["constants"] = hostile
    with pytest.raises(MatrixLoadError, match="nested deeper"):
        Matrix.from_dict(hostile)


def test_an_integer_of_thousands_of_digits_is_refused():
    with pytest.raises(MatrixLoadError, match="9000 digits"):
        Matrix.from_json('{"audit": {"updated": ' + "1" * 9000 + "}}")


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(MatrixLoadError) as raised:
        Matrix.from_dict(document(silent="x" * 10_000))
    assert len(str(raised.value)) < 200


@given(st.text() | st.binary())
def test_any_text_or_bytes_that_are_no_matrix_are_a_load_error(text):
    with pytest.raises(MatrixLoadError):
        Matrix.from_json(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda children: (
            st.lists(children)
            | st.dictionaries(
                st.sampled_from(["audit", "tests", "t", "buckets", "payload", "longValue"]),
                children,
            )
        ),
    )
)
def test_any_shape_is_a_matrix_or_a_load_error(value):
    try:
        matrix = Matrix.from_dict(value)
    except MatrixLoadError:
        return
    assert Matrix.from_json(matrix.to_json()) == matrix


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_a_url_is_a_load_error_that_names_what_reads_it(scheme):
    with pytest.raises(MatrixLoadError, match=rf"a URL \({scheme}://…\); .* MatrixSource"):
        Matrix.load(f"{scheme}://127.0.0.1/matrix.json")


def test_a_file_that_is_not_there_is_a_load_error(tmp_path):
    with pytest.raises(MatrixLoadError, match=r"cannot read the matrix .*missing\.json"):
        Matrix.load(tmp_path / "missing.json")


def test_a_path_that_no_file_can_have_is_a_load_error():
    with pytest.raises(MatrixLoadError, match="cannot read the matrix"):
        Matrix.load("\0")


def test_an_error_of_loading_names_the_file(tmp_path):
    path = tmp_path / "matrix.json"
    path.write_text('{"audit": {"updated": []}}')
    with pytest.raises(MatrixLoadError, match=r"matrix\.json: audit\.updated: \[\] is no"):
        Matrix.load(path)

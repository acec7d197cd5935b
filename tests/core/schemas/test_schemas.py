from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.cli.set_up.additions import MATRIX_TEXT
from proctor.core.authoring.compatibility.specifications import KNOWN_FIELDS, specification_of
from proctor.core.authoring.definitions.reading import TEST_FIELDS, definition_of
from proctor.core.authoring.definitions.writing import definition_text
from proctor.core.authoring.definitions.written_form import as_written
from proctor.core.authoring.edits.edit_rules import edit_problems
from proctor.core.authoring.edits.editing import parse_edit
from proctor.core.authoring.edits.stricter_rules import Surroundings, stricter_problems
from proctor.core.authoring.refusals import Refusal
from proctor.core.declarations.proctor_test import ProctorTest
from proctor.core.declarations.registry import Registry
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import Bucket, Matrix, TestDefinition
from proctor.core.problems import Severity
from proctor.core.schemas.schemas import SCHEMAS, schema_of, schema_text
from tests.core.authoring.strategies import INTEGERS, ODD_PAYLOADS, TEXT, odd_documents
from tests.core.authoring.strategies import VALUES as VALUE
from tests.core.authoring.vectors import edited
from tests.core.small_matrices import definition as small_definition
from tests.core.vectorfiles import conformance_directory, read_jsonl

jsonschema = pytest.importorskip(
    "jsonschema", reason="needs jsonschema, which is in the group `test`"
)

ROOT = Path(__file__).resolve().parents[3]
VECTORS = conformance_directory()


def complaints(document, value, *, lenient=False):
    """The errors of a document according to a schema, with their places."""
    validator = jsonschema.Draft7Validator(schema_of(document, lenient=lenient))
    return [f"{each.json_path}: {each.message}"[:300] for each in validator.iter_errors(value)]


def read_json(*parts):
    return json.loads(ROOT.joinpath(*parts).read_text(encoding="utf-8"))


def fences(page):
    """The JSON objects on a page."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```json[^\n]*\n(.*?)^```$", text, re.M | re.S):
        try:
            yield json.loads(block)
        except ValueError:
            continue  # a part of a document, or one with comments


# The schemas themselves


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("document", SCHEMAS)
def test_a_schema_is_one(document, lenient):
    jsonschema.Draft7Validator.check_schema(schema_of(document, lenient=lenient))


@pytest.mark.parametrize("document", SCHEMAS)
def test_the_file_in_the_package_is_what_the_command_prints(document):
    # To write it again: python -m proctor schema NAME > proctor/schemas/NAME.json
    path = ROOT / "proctor" / "schemas" / f"{document}.json"
    assert path.read_text(encoding="utf-8") == schema_text(document)


def test_a_definition_has_the_fields_that_java_proctor_knows_under_their_present_names():
    assert schema_of("definition")["properties"].keys() == TEST_FIELDS - {"subrule"}


def test_a_specification_has_the_fields_that_java_proctor_knows():
    schema = schema_of("specification")
    assert schema["properties"].keys() == KNOWN_FIELDS[""]
    assert schema["definitions"]["ExpectedTest"]["properties"].keys() == KNOWN_FIELDS["tests"]
    assert schema["definitions"]["ExpectedPayload"]["properties"].keys() == KNOWN_FIELDS["payload"]


def objects_of(schema):
    yield schema
    yield from schema.get("definitions", {}).values()


@pytest.mark.parametrize("document", ["matrix", "definition"])
def test_an_editor_can_show_what_each_field_means(document):
    fields = [
        (name, field)
        for each in objects_of(schema_of(document))
        for name, field in each["properties"].items()
    ]
    assert [name for name, field in fields if "description" not in field] == []


@pytest.mark.parametrize("document", SCHEMAS)
def test_no_document_may_have_a_schema_key(document):
    assert "$schema" not in schema_of(document)["properties"]
    assert complaints(document, {"$schema": "./matrix.json"}) != []


# What is written validates


@pytest.mark.parametrize(
    "path",
    [
        "examples/matrix.json",
        "testproject/matrix.json",
        *(
            f"tests/core/conformance/matrices/{name}.json"
            for name in ("bench100", "hundred", "mixed", "rules", "incognito_and_unitless")
        ),
    ],
)
def test_a_matrix_of_this_project_validates(path):
    assert complaints("matrix", read_json(path)) == []


def test_matrices_on_the_pages_validate():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = [each for page in pages for each in fences(page) if {"audit", "tests"} <= set(each)]
    assert shown
    assert [complaints("matrix", each) for each in shown if complaints("matrix", each)] == []


@pytest.mark.parametrize("name", ["examples/matrix.json", "testproject/matrix.json"])
def test_a_matrix_with_every_field_written_validates(name):
    matrix = Matrix.from_json((ROOT / name).read_bytes())
    assert complaints("matrix", matrix.to_dict()) == []


def test_what_build_writes_validates(tmp_path):
    from proctor.cli.main import main

    path = tmp_path / "matrix.json"
    assert main(["build", str(ROOT / "examples"), "-o", str(path)]) == 0
    assert complaints("matrix", json.loads(path.read_bytes())) == []


def test_the_first_test_of_init_validates():
    assert complaints("matrix", json.loads(MATRIX_TEXT)) == []


def test_what_ramp_writes_validates(tmp_path):
    from proctor.cli.main import main

    path = tmp_path / "matrix.json"
    path.write_bytes((ROOT / "examples" / "matrix.json").read_bytes())
    assert main(["ramp", str(path), "newfeaturerollout", "active=40%", "-i"]) == 0
    assert complaints("matrix", json.loads(path.read_bytes())) == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("definition.json")), ids=str)
def test_a_definition_of_the_examples_validates(path):
    document = json.loads(path.read_text(encoding="utf-8"))
    assert complaints("definition", document) == []
    written = json.loads(definition_text(definition_of(document)))
    assert complaints("definition", written) == []


def refusals(definition):
    """The codes for which the editor refuses to save a definition."""
    depends_on = definition.test.depends_on
    others = {}
    name = None if depends_on is None else depends_on.test_name
    if name and name != definition.name:
        # A test that it can depend on.
        bucket = Bucket("on", depends_on.bucket_value)
        others[name] = TestDefinition(
            name, salt="&other", test_type=definition.test.test_type, buckets=(bucket,)
        )
    problems = [
        *edit_problems(definition),
        *stricter_problems(definition, Surroundings(tests=others, test_types=("SHOP",))),
    ]
    return [each.code for each in problems if each.severity is not Severity.WARNING]


def complaints_of_written(definition):
    return complaints("definition", json.loads(definition_text(definition)))


def test_what_the_editor_writes_validates():
    found, marked = 0, {}
    for case in read_jsonl(VECTORS, "authoring/writer.jsonl"):
        document = json.loads(case.get("definition_text") or "null")
        if document is not None:
            found += 1
            if complaints("definition", document):
                marked[case["what"]] = refusals(definition_of(document))
    assert found > 20
    assert marked.keys() == {"empty object"}
    assert {"salt-required", "test-type-required"} < set(marked["empty object"])


def saved_edits():
    """The definitions that Java Proctor saves for accepted edits, by a description of the edit."""
    for case in read_jsonl(VECTORS, "authoring/edit_validation.jsonl"):
        if case["status"] == "DONE":
            text = case["new_text"] if "new_text" in case else json.dumps(case["new"])
            yield case["what"], as_written(edited(case, text).definition)


def test_an_edit_that_the_editor_accepts_is_written_as_a_document_that_validates():
    accepted = {what: each for what, each in saved_edits() if not refusals(each)}
    assert len(accepted) > 140
    found = {what: complaints_of_written(each) for what, each in accepted.items()}
    assert {what: each for what, each in found.items() if each} == {}


#: What Java Proctor saves, and what our editor says to it. The schema marks it as well.
ODD = {
    'testType ""': "unknown-test-type",
    "negative length": "range-length",
    "payloads: array with null": "payload-null",
    'dependsOn {"testName": null, "bucketValue": 1}': "dependency-unknown",
    'dependsOn {"bucketValue": 1}': "dependency-unknown",
    "dependsOn {}": "dependency-unknown",
    'specialConstants {"__COUNTRIES": null}': "countries",
    'specialConstants {"__COUNTRIES": null} without a rule': "countries",
}


def test_what_the_schema_marks_in_an_edit_of_java_proctor_is_refused_by_the_editor():
    marked = {what: each for what, each in saved_edits() if complaints_of_written(each)}
    assert {what: refusals(each)[0] for what, each in marked.items()} == ODD


def in_each_bucket(payload):
    return [{**each, "payload": payload} for each in small_definition()["buckets"]]


#: Fields of a definition that are often odd.
FIELDS = st.one_of(
    st.fixed_dictionaries({"specialConstants": st.fixed_dictionaries({"__COUNTRIES": VALUE})}),
    st.fixed_dictionaries(
        {
            "payloadExperimentConfig": st.fixed_dictionaries(
                {"priority": TEXT | st.just("7"), "namespaces": st.lists(TEXT, max_size=2)}
            )
        }
    ),
    st.fixed_dictionaries({"buckets": ODD_PAYLOADS.map(in_each_bucket)}),
    st.fixed_dictionaries({"metaTags": st.lists(TEXT, max_size=2), "rule": TEXT}),
    st.fixed_dictionaries(
        {"dependsOn": st.fixed_dictionaries({"testName": TEXT, "bucketValue": INTEGERS})}
    ),
)


@settings(max_examples=300)
@given(odd_documents() | FIELDS.map(lambda each: small_definition(description="d", **each)))
def test_any_definition_that_the_editor_accepts_validates(document):
    try:
        definition = as_written(parse_edit(json.dumps(document), "t"))
    except Refusal:
        return
    if not refusals(definition):
        assert complaints_of_written(definition) == []


def test_a_generated_specification_validates():
    found = {}
    for case in read_jsonl(VECTORS, "authoring/specification.jsonl"):
        if "specification" in case:
            found[case["what"]] = complaints(
                "specification", {"tests": {"t": case["specification"]}}
            )
    assert len(found) > 20
    assert {what: each for what, each in found.items() if each} == {}


def test_the_specification_of_a_registry_validates():
    test = ProctorTest("t", groups={"off": -1, "on": 1}, default="off", payload=str)
    assert complaints("specification", Registry([test]).to_specification()) == []


@pytest.mark.parametrize(
    "path",
    [
        "examples/pipet-config.json",
        "tests/core/conformance/pipet/pipet-config.json",
        "tests/core/conformance/pipet/pipet-config-minimal.json",
        "tests/core/conformance/pipet/pipet-config-required.json",
    ],
)
def test_a_configuration_of_a_pipet_validates(path):
    assert complaints("pipet-config", read_json(path)) == []


def definition():
    """A valid definition in the form of Proctor's public examples."""
    return {
        "version": 1,
        "description": "which colour sells",
        "constants": {},
        "specialConstants": {},
        "rule": None,
        "salt": "colourtst",
        "buckets": [
            {"name": "inactive", "value": -1, "description": None},
            {"name": "grey", "value": 0, "payload": {"stringValue": "#ccc"}},
            {"name": "blue", "value": 1, "payload": {"stringValue": "#00f"}},
        ],
        "allocations": [
            {
                "rule": "${country == 'US'}",
                "ranges": [
                    {"length": 0.5, "bucketValue": 0},
                    {"length": 0.5, "bucketValue": 1},
                ],
            },
            {"rule": None, "ranges": [{"length": 1.0, "bucketValue": -1}]},
        ],
        "testType": "USER",
    }


def matrix():
    audit = {"version": 1, "updatedBy": "ada", "updated": 1379048400000}
    return {"tests": {"colourtst": definition()}, "audit": audit}


def specification():
    buckets = {"inactive": -1, "grey": 0, "blue": 1}
    return {
        "providedContext": {"country": "String", "userAgent": "com.example.UserAgent"},
        "tests": {
            "colourtst": {
                "buckets": buckets,
                "fallbackValue": -1,
                "payload": {"type": "map", "schema": {"colour": "stringValue"}},
            },
            "rollout": {"buckets": {"inactive": -1, "active": 0}},
        },
        "dynamicFilters": [{"type": "name_prefix", "prefix": "shop_"}, {"type": "match_all"}],
    }


def pipet_config():
    return {
        "context": {
            "country": {
                "source": "QUERY",
                "sourceKey": "geo.country",
                "type": "String",
                "defaultValue": "US",
            },
            "userAgent": {"source": "HEADER", "sourceKey": "User-Agent", "type": "UserAgent"},
        },
        "identifiers": {"USER": {"source": "QUERY"}},
    }


SOUND = {
    "matrix": matrix,
    "definition": definition,
    "specification": specification,
    "pipet-config": pipet_config,
}


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("document", SOUND)
def test_the_forms_of_proctor_s_public_examples_validate(document, lenient):
    assert complaints(document, SOUND[document](), lenient=lenient) == []


# Typical mistakes do not

MISSING = object()

#: Document, place, and the value that is put there.
MISTAKES = [
    ("matrix", "audit", MISSING),
    ("matrix", "audit.version", MISSING),
    ("matrix", "tests", []),
    ("matrix", "test", {}),
    ("matrix", "tests.colourtst.salts", "&x"),
    ("definition", "salt", MISSING),
    ("definition", "testType", MISSING),
    ("definition", "testtype", "USER"),
    ("definition", "buckets", {"grey": 0}),
    ("definition", "buckets", []),
    ("definition", "buckets.0.name", MISSING),
    ("definition", "buckets.0.value", "0"),
    ("definition", "buckets.0.bucketValue", 0),
    ("definition", "buckets.1.payload", "#ccc"),
    ("definition", "buckets.1.payload.stringvalue", "#ccc"),
    ("definition", "buckets.1.payload.longValue", 5),
    ("definition", "buckets.1.payload.stringValue", 5),
    ("definition", "buckets.1.payload", {"longArray": [1, "2"]}),
    ("definition", "buckets.1.payload", {"longValue": 1.5}),
    ("definition", "allocations", MISSING),
    ("definition", "allocations.0.rules", "${true}"),
    ("definition", "allocations.0.ranges", MISSING),
    ("definition", "allocations.0.ranges", []),
    ("definition", "allocations.0.ranges.0.length", "0.5"),
    ("definition", "allocations.0.ranges.0.length", 50),
    ("definition", "allocations.0.ranges.0.length", -0.5),
    ("definition", "allocations.0.ranges.0.lenght", 0.5),
    ("definition", "allocations.0.ranges.0.bucketvalue", 0),
    ("definition", "allocations.0.ranges.0.bucketValue", "grey"),
    ("definition", "constants", None),
    ("definition", "silent", "true"),
    ("definition", "metaTags", "shop"),
    ("definition", "rule", True),
    ("definition", "dependsOn", "othertst"),
    ("definition", "dependsOn", {"testName": "othertst", "value": 1}),
    ("definition", "payloadExperimentConfig", {"priority": 1, "namespaces": ["shop"]}),
    ("definition", "specialConstants.__COUNTRIES", "US"),
    ("definition", "dynamic", False),
    ("specification", "tests.colourtst.buckets.grey", "0"),
    ("specification", "tests.colourtst.buckets", ["grey"]),
    ("specification", "tests.colourtst.fallback", -1),
    ("specification", "tests.colourtst.payload.type", "string"),
    ("specification", "dynamicFilters.0.type", "prefix"),
    ("pipet-config", "context.country.type", "Strin"),
    ("pipet-config", "context.country.source", "query"),
    ("pipet-config", "context.country.default", "US"),
    ("pipet-config", "identifiers.USER.source", MISSING),
]


@pytest.mark.parametrize(("document", "place", "value"), MISTAKES)
def test_a_typical_mistake_is_found(document, place, value):
    wrong = copy.deepcopy(SOUND[document]())
    *parents, last = (int(each) if each.isdigit() else each for each in place.split("."))
    target = wrong
    for each in parents:
        target = target[each]
    if value is MISSING:
        del target[last]
    else:
        target[last] = value
    assert complaints(document, wrong) != []


# Lenient: as the Java loads

#: Texts of these cases are not JSON (comments, other quotes, a byte-order mark), so no schema
#: gets to see a document.
NOT_JSON = {
    *("empty text", "not JSON", "truncated", "trailing garbage", "block comment"),
    *("line comment inside", "comment inside a test", "single quotes", "BOM", "trailing comma"),
}

#: Python's parser reads NaN, which Java's does not.
NAN = {"NaN length"}

#: Java evaluates rules when it loads, and these throw; a schema does not read rules.
IN_RULES = {
    "java.lang.ArithmeticException",
    "java.lang.NumberFormatException",
    'java.lang.NullPointerException: Cannot invoke "Object.getClass()"',
}


def throws_in_a_rule(error):
    while error.get("cause"):
        error = error["cause"]
    text = f"{error['class']}: {error.get('message')}"
    return any(text.startswith(each) for each in IN_RULES)


@pytest.mark.parametrize("case", [*read_jsonl(VECTORS, "load.jsonl")], ids=lambda case: case["id"])
def test_the_lenient_schema_agrees_with_java_s_load(case):
    if case["what"] in NOT_JSON:
        with pytest.raises(ValueError, match=r"\w"):
            json.loads(case["matrix_text"])
        return
    document = case["matrix"] if "matrix" in case else json.loads(case["matrix_text"])
    error = case["load"].get("load_exception")
    loads = error is None or throws_in_a_rule(error) or case["what"] in NAN
    assert (complaints("matrix", document, lenient=True) == []) == loads


@pytest.mark.parametrize(
    "name", ["payload_experiments", "ranges", "payloads", "types", "dependencies", "mixed"]
)
def test_the_lenient_schema_accepts_what_java_converts(name):
    document = read_json("tests/core/conformance/matrices", f"{name}.json")
    assert complaints("matrix", document, lenient=True) == []


@pytest.mark.parametrize(
    "case", [*read_jsonl(VECTORS, "definitions.jsonl")], ids=lambda case: case["id"]
)
def test_the_lenient_schema_agrees_with_java_s_conversion_of_a_definition(case):
    found = complaints("definition", case["definition"], lenient=True)
    assert (found == []) == ("error" not in case)


#: Pipet looks the test type up, and a site may have its own.
UNKNOWN_TYPE = {2}


@pytest.mark.parametrize("number", range(14))
def test_the_lenient_schema_agrees_with_the_start_of_a_pipet(number):
    folder = "tests/core/conformance/pipet"
    document = read_json(folder, f"config-check-{number:02}.json")
    starts = read_json(folder, f"config-check-{number:02}-result.json")["starts"]
    found = complaints("pipet-config", document, lenient=True)
    assert (found == []) == (starts or number in UNKNOWN_TYPE)


#: Values of every kind, in fields of every kind.
VALUES = [
    *(None, True, 0, 1, -1, 1.5, 2**31, -(2**31) - 1, 2**63, "", "null", " 7 ", "7.5", "x"),
    *("true", "TRUE", "tRUE", "NaN", "-Infinity", "-INF", "1e3", "1d", "+5", [], [1], ["a", None]),
    *([[]], {}, {"a": 1}, {"longValue": "7"}, {"longValue": "x"}, {"json": None}, {"map": []}),
    *({"longValue": 1, "doubleValue": 2}, {"stringArray": [1, None, True]}, {"unknown": 1}),
]

PLACES = [
    *("salt", "testType", "silent", "constants", "metaTags", "dependsOn", "unknown"),
    *("payloadExperimentConfig", "allocations", "buckets", "dependsOn.bucketValue"),
    *("buckets.0.value", "buckets.0.payload", "buckets.0.name", "allocations.0.ranges"),
    *("allocations.0.ranges.0.length", "payloadExperimentConfig.namespaces"),
]


@pytest.mark.parametrize("place", PLACES)
def test_the_lenient_schema_agrees_with_the_loader_on_any_value(place):
    validator = jsonschema.Draft7Validator(schema_of("matrix", lenient=True))
    differences = []
    for value in VALUES:
        document = matrix()
        test = document["tests"]["colourtst"]
        test.update(dependsOn={}, payloadExperimentConfig={})
        *parents, last = (int(each) if each.isdigit() else each for each in place.split("."))
        for each in parents:
            test = test[each]
        test[last] = value
        try:
            Matrix.from_dict(document)
            loads = True
        except MatrixLoadError:
            loads = False
        if validator.is_valid(document) != loads:
            differences.append((value, loads))
    assert differences == []


def test_the_lenient_schema_accepts_unknown_fields_of_a_specification():
    document = specification()
    document["more"] = document["tests"]["colourtst"]["more"] = 1
    specification_of(document)
    assert complaints("specification", document, lenient=True) == []


@pytest.mark.parametrize("value", [5, [], {"t": {"buckets": None}}, {"t": {"buckets": {"a": "x"}}}])
def test_the_lenient_schema_refuses_the_tests_that_java_cannot_read(value):
    with pytest.raises(Refusal):
        specification_of({"tests": value})
    assert complaints("specification", {"tests": value}, lenient=True) != []

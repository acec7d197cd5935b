"""Whole tables get the same groups that the engine would assign row by row."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proctor.bulk import Summary, assign_batches, contexts, schema
from proctor.core.evaluation.engine import Proctor
from proctor.core.exceptions import (
    ConfigurationError,
    IdentifierError,
    MatrixLoadError,
    UnknownTest,
)
from proctor.core.matrices.matrix import Matrix
from tests.bulk.conformance import arrow_types
from tests.core import randomrules
from tests.core.randomrules import declared
from tests.core.small_matrices import allocation, definition, everybody, matrix

USER = {"USER": "user"}


def proctor_of(types=None, validator=None, /, **tests) -> Proctor:
    return Proctor(matrix(**tests), context_types=types, identifier_validator=validator)


def assign(proctor, data, /, identifiers=USER, **options) -> pa.Table:
    table = pa.table(data)
    batches = list(assign_batches(proctor, table.to_batches(), identifiers=identifiers, **options))
    names = {key: options[key] for key in options.keys() - {"random_enabled", "summary"}}
    made = schema(proctor, table.schema, identifiers=identifiers, **names)
    return pa.Table.from_batches(batches, made)


def one_by_one(proctor, table, identifiers, context, **options) -> list:
    """The groups of each row, as the engine determines them."""
    return [
        proctor.determine_groups(
            identifiers={
                kind: None if row[column] is None else str(row[column])
                for kind, column in identifiers.items()
            },
            context={
                name: row[column] for name, column in context.items() if row[column] is not None
            },
            **options,
        )
        for row in table.to_pylist()
    ]


# -- every answer is the engine's ----------------------------------------------------------


VALUES = {
    "string": (st.sampled_from(["US", "GB", "", "true", "5"]), pa.string()),
    "text": (st.text(st.characters(codec="utf-8"), max_size=3), pa.large_string()),
    "int": (st.integers(-(2**63), 2**63 - 1) | st.integers(0, 9), pa.int64()),
    "small": (st.integers(0, 255), pa.uint8()),
    "double": (st.floats() | st.sampled_from([0.0, -0.0, math.nan, 1.5]), pa.float64()),
    "float": (st.floats(width=32), pa.float32()),
    "boolean": (st.booleans(), pa.bool_()),
    "list": (st.lists(st.sampled_from(["US", "GB"]), max_size=2), pa.list_(pa.string())),
    "map": (
        st.dictionaries(st.just("a"), st.integers(0, 9), min_size=1),
        pa.struct([("a", pa.int64())]),
    ),
}

RULES = [
    None,
    "${country == 'US'}",
    "${proctor:contains(COUNTRIES, country)}",
    "${age >= 5 && country != 'US'}",
    "${age == 0.0}",
    "${age < 3 || flag}",
    "${flag}",
    "${!empty country}",
    "${fn:length(country) == 2}",
    "${country.length() > 1}",
    "${true}",
    "${false}",
    "no rule",
]

BUCKETS = st.sampled_from(
    [{"control": 0.5, "blue": 0.5}, {"blue": 1.0}, {"inactive": 0.25, "control": 0.25, "blue": 0.5}]
)


@st.composite
def matrices(draw):
    tests = {}
    names = draw(
        st.lists(st.sampled_from(["atst", "btst", "ctst", "dtst"]), unique=True, min_size=1)
    )
    for name in names:
        allocations = [
            allocation(draw(st.sampled_from(RULES)), id=f"#{n}", **draw(BUCKETS))
            for n in range(draw(st.integers(0, 2)))
        ]
        fields = {
            "salt": name,
            "constants": {"COUNTRIES": ["US", "GB"]},
            "rule": draw(st.sampled_from(RULES)),
            "testType": draw(st.sampled_from(["USER", "USER", "EMAIL", "RANDOM"])),
            "allocations": [*allocations, allocation(id="#last", **draw(BUCKETS))],
            "evaluateForIncognitoUsers": draw(st.booleans()),
        }
        if draw(st.booleans()):
            fields["enableUnitlessAllocations"] = True
            fields["containsUnitlessAllocation"] = True
            fields["allocations"].insert(
                0, allocation("${missingExperimentalUnit}", id="#0", blue=1.0)
            )
        if tests and draw(st.booleans()):
            fields["dependsOn"] = {
                "testName": draw(st.sampled_from(sorted(tests))),
                "bucketValue": draw(st.sampled_from([0, 1])),
            }
        tests[name] = definition(**fields)
    return tests


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 12))

    def column(values, kind):
        drawn = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        return pa.array(drawn, kind)

    ids = draw(
        st.sampled_from(
            [
                (st.text(st.characters(codec="utf-8"), max_size=60), pa.string()),
                (st.integers(0, 10**9), pa.int64()),
            ]
        )
    )
    kinds = [draw(st.sampled_from(sorted(VALUES))) for _ in range(2)]
    return pa.table(
        {
            "user": column(*ids),
            "mail": column(st.sampled_from(["", "a@example.com", "b@example.com"]), pa.string()),
            "country": column(*VALUES[kinds[0]]),
            "age": column(*VALUES[kinds[1]]),
            "flag": column(*VALUES[draw(st.sampled_from(["boolean", "string"]))]),
            "incognito": column(st.sampled_from(["true", "false"]), pa.string()),
        }
    )


TYPES = st.sampled_from(
    [None, {"country": "String", "age": "int", "flag": "boolean", "isIncognitoUser": "boolean"}]
)


@settings(max_examples=150, deadline=None)
@given(
    tests=matrices(),
    table=tables(),
    types=TYPES,
    validator=st.sampled_from([None, "noempty"]),
    size=st.integers(1, 5),
    few=st.booleans(),
)
def test_every_row_is_assigned_as_by_the_engine(*, tests, table, types, validator, size, few):
    proctor = Proctor(matrix(**tests), context_types=types, identifier_validator=validator)
    identifiers = {"USER": "user", "EMAIL": "mail"}
    context = {"country": "country", "age": "age", "flag": "flag", "isIncognitoUser": "incognito"}
    summary = Summary()
    with pytest.MonkeyPatch.context() as patch:
        if few:
            # So that distinct tuples are looked for even if all of them differ.
            patch.setattr(contexts, "_DENSE", 0)
        batches = assign_batches(
            proctor,
            table.to_batches(max_chunksize=size),
            identifiers=identifiers,
            context=context,
            columns=("group", "value", "allocation"),
            summary=summary,
        )
        rows = [row for batch in batches for row in batch.to_pylist()]
    expected = one_by_one(proctor, table, identifiers, context)
    assert len(rows) == len(expected)
    for row, groups in zip(rows, expected, strict=True):
        for test in proctor.loaded:
            found = [row[f"{test}.{column}"] for column in ("group", "value", "allocation")]
            each = groups.get(test)
            assert found == (
                [None] * 3 if each is None else [each.group, each.value, each.allocation_id]
            )
    errors = [test for groups in expected for test in groups.errors]
    assert summary.errors == {test: errors.count(test) for test in errors}
    refused = [name for groups in expected for name in groups.variable_errors]
    assert summary.refused == {name: refused.count(name) for name in refused}


@settings(max_examples=80, deadline=None)
@given(document=randomrules.definitions(), context=randomrules.contexts(), style=randomrules.styles)
def test_random_matrices(document, context, style):
    try:
        proctor = Proctor(Matrix.from_dict(document), context_types=declared(style))
    except MatrixLoadError:
        return
    given_values = {name: value for name, value in context.items() if value is not None}
    types = arrow_types(given_values)
    assume(types is not None)
    table = pa.table(
        {
            "id USER": ["a", "7c", None],
            "id ACCOUNT": ["", None, "é"],
            **{name: pa.array([value] * 3, types[name]) for name, value in given_values.items()},
        }
    )
    identifiers = {"USER": "id USER", "ACCOUNT": "id ACCOUNT"}
    names = {name: name for name in given_values}
    made = assign(proctor, table, identifiers, context=names)
    expected = one_by_one(proctor, table, identifiers, names)
    for name in proctor.loaded:
        assert made[name].to_pylist() == [
            groups[name].group if name in groups else None for groups in expected
        ]


def test_a_large_table_is_assigned_as_by_the_engine():
    """Covers full batches, contexts that are nearly unique, and two variables."""
    proctor = proctor_of(
        {"country": "String", "age": "int"},
        atst=definition(rule="${country == 'US'}"),
        btst=definition(rule="${age % 3 == 1}", salt="b"),
        ctst=definition(rule="${age > 5 && country == 'GB'}", salt="c"),
    )
    rows = 40_000
    table = pa.table(
        {
            "user": [f"visitor{n}" for n in range(rows)],
            "country": [("US", "GB", None)[n % 3] for n in range(rows)],
            "age": [n // 2 for n in range(rows)],
        }
    )
    context = {"country": "country", "age": "age"}
    made = assign(proctor, table, context=context)
    part = table.slice(16_000, 1_000)
    expected = one_by_one(proctor, part, USER, context)
    for name in proctor.loaded:
        assert made[name].slice(16_000, 1_000).to_pylist() == [
            groups[name].group if name in groups else None for groups in expected
        ]
    assert made.select(table.column_names).equals(table)


# -- rows that the engine assigns ----------------------------------------------------------


def test_incognito_rows_go_through_the_engine_and_are_counted():
    proctor = proctor_of(
        atst=everybody("blue"), btst=everybody("blue", evaluateForIncognitoUsers=True)
    )
    summary = Summary()
    made = assign(
        proctor,
        {"user": ["a", "b"], "incognito": ["TRUE", "no"]},
        context={"isIncognitoUser": "incognito"},
        summary=summary,
    )
    assert made.to_pydict() | {} == {
        "user": ["a", "b"],
        "incognito": ["TRUE", "no"],
        "atst": [None, "blue"],
        "btst": ["blue", "blue"],
    }
    assert (summary.rows, summary.by_engine) == (2, 1)


def test_random_tests_draw_once_for_a_row_and_its_dependents():
    parent = {"testName": "atst", "bucketValue": 1}
    child = everybody("blue", dependsOn=parent, testType="RANDOM", salt="b")
    proctor = proctor_of(atst=definition(testType="RANDOM"), btst=child, ctst=everybody("blue"))
    summary = Summary()
    columns = {"user": [f"v{n}" for n in range(200)]}
    made = assign(proctor, columns, random_enabled=True, summary=summary).to_pydict()
    assert {*made["atst"]} == {"blue", "control"}
    assert made["btst"] == [each if each == "blue" else None for each in made["atst"]]
    assert ({*made["ctst"]}, summary.by_engine) == ({"blue"}, 200)
    assert {*assign(proctor, columns).to_pydict()["atst"]} == {None}


def test_rejected_identifiers_get_unitless_allocations():
    unitless = definition(
        enableUnitlessAllocations=True,
        containsUnitlessAllocation=True,
        allocations=[allocation("${missingExperimentalUnit}", blue=1.0), allocation(control=1.0)],
    )
    summary = Summary()
    proctor = proctor_of(None, "noempty", atst=unitless, btst=everybody("blue"))
    made = assign(proctor, {"user": ["", "a", None]}, summary=summary)
    assert made["atst"].to_pylist() == ["blue", "control", None]
    assert made["btst"].to_pylist() == [None, "blue", None]
    assert (summary.by_engine, summary.missing) == (1, {"USER": 1})


# -- the forms of the output ---------------------------------------------------------------


def test_wide_output_has_the_columns_that_are_asked_for():
    payload = {"stringValue": "é"}
    buckets = [{"name": "blue", "value": 1, "payload": payload}]
    proctor = proctor_of(atst=everybody("blue", buckets=buckets))
    made = assign(
        proctor, {"user": ["a", None]}, columns=("payload", "value", "group", "allocation")
    )
    assert made.column_names == [
        "user",
        "atst.payload",
        "atst.value",
        "atst.group",
        "atst.allocation",
    ]
    assert made.to_pylist()[0] == {
        "user": "a",
        "atst.payload": '"é"',
        "atst.value": 1,
        "atst.group": "blue",
        "atst.allocation": "#A1",
    }
    assert {*made.to_pylist()[1].values()} == {None}
    assert json.loads(made["atst.payload"][0].as_py()) == "é"


def test_long_output_has_a_row_for_each_group():
    proctor = proctor_of(atst=everybody("blue"), btst=everybody("control", "${country == 'US'}"))
    columns = {"user": [5, 6, None], "country": ["US", "GB", "US"]}
    made = assign(proctor, columns, context={"country": "country"}, output="long")
    assert made.to_pylist() == [
        {"visitor": "5", "test": "atst", "group": "blue", "value": 1, "allocation": "#A1"},
        {"visitor": "6", "test": "atst", "group": "blue", "value": 1, "allocation": "#A1"},
        {"visitor": "5", "test": "btst", "group": "control", "value": 0, "allocation": "#A1"},
    ]
    short = assign(
        proctor, columns, tests=["atst"], output="long", columns=["payload"], dictionary=False
    )
    assert short.to_pylist()[0] == {"visitor": "5", "test": "atst", "payload": None}
    assert short.schema.field("test").type == pa.string()


@pytest.mark.parametrize("output", ["wide", "long"])
def test_all_batches_share_their_dictionaries(output):
    """A file has only one dictionary for each column."""
    proctor = proctor_of(atst=definition(), btst=everybody("inactive"))
    columns = {"user": [f"v{n}" for n in range(40_000)]}
    table = pa.table(columns)
    batches = list(assign_batches(proctor, table.to_batches(), identifiers=USER, output=output))
    column = "atst" if output == "wide" else "group"
    dictionaries = {tuple(batch[column].dictionary.to_pylist()) for batch in batches}
    assert (len(batches) > 2, len(dictionaries)) == (True, 1)


def test_texts_may_be_plain():
    made = assign(proctor_of(atst=definition()), {"user": ["a"]}, dictionary=False)
    assert made.schema.field("atst").type == pa.string()


def test_an_empty_table_has_the_schema():
    made = assign(proctor_of(atst=definition()), {"user": pa.array([], pa.string())})
    assert (made.num_rows, made.column_names) == (0, ["user", "atst"])


def test_batches_are_joined_and_cut():
    proctor = proctor_of(atst=definition())
    small = [pa.record_batch({"user": [f"v{n}"]}) for n in range(50)]
    large = pa.record_batch({"user": [f"w{n}" for n in range(20_000)]})
    made = list(assign_batches(proctor, [*small, large], identifiers=USER))
    assert [each.num_rows for each in made] == [16_384, 3_666]


def test_the_result_streams():
    proctor = proctor_of(atst=definition())
    taken = []

    def batches():
        for number in range(1000):
            taken.append(number)
            yield pa.record_batch({"user": [f"v{n}" for n in range(16_384)]})

    next(assign_batches(proctor, batches(), identifiers=USER))
    assert len(taken) == 1


# -- what is refused -----------------------------------------------------------------------


PROCTOR = proctor_of(atst=definition())


@pytest.mark.parametrize(
    ("columns", "options", "error", "message"),
    [
        (
            {"user": [1.5]},
            {},
            ConfigurationError,
            "'user' has the type double; expected text, integers",
        ),
        ({"user": [b"a"]}, {}, ConfigurationError, "'user' has the type binary"),
        ({"user": [True]}, {}, ConfigurationError, "'user' has the type bool"),
        (
            {"uzer": ["a"]},
            {},
            ConfigurationError,
            "no column 'user' for the identifier USER: did you mean 'uzer'",
        ),
        (
            {"user": ["a"]},
            {"context": {"age": "age"}},
            ConfigurationError,
            "no column 'age' for the variable age",
        ),
        ({"user": ["a"]}, {"identifiers": {}}, ConfigurationError, "at least one test type"),
        ({"user": ["a"]}, {"identifiers": {"RANDOM": "user"}}, IdentifierError, "RANDOM"),
        ({"user": ["a"]}, {"tests": ["btst"]}, UnknownTest, "no test 'btst'"),
        ({"user": ["a"]}, {"tests": "atst"}, TypeError, "expected a list of names"),
        ({"user": ["a"]}, {"columns": "group"}, ConfigurationError, "expected a list of names"),
        ({"user": ["a"]}, {"columns": ["grp"]}, ConfigurationError, "Unknown column 'grp'"),
        ({"user": ["a"]}, {"columns": []}, ConfigurationError, "at least one name"),
        (
            {"user": ["a"]},
            {"output": "tall"},
            ConfigurationError,
            "expected 'wide' or 'long', got 'tall'",
        ),
        ({"user": ["a"], "atst": ["b"]}, {}, ConfigurationError, "already has a column 'atst'"),
    ],
)
def test_what_makes_no_sense_is_refused(columns, options, error, message):
    with pytest.raises(error, match=message):
        list(
            assign_batches(
                PROCTOR, pa.table(columns).to_batches(), **{"identifiers": USER, **options}
            )
        )


def test_a_column_that_is_twice_is_refused():
    batch = pa.RecordBatch.from_arrays([pa.array(["a"]), pa.array(["b"])], ["user", "user"])
    with pytest.raises(ConfigurationError, match="2 columns named 'user'"):
        list(assign_batches(PROCTOR, [batch], identifiers=USER))


def test_a_dropped_test_is_refused():
    proctor = proctor_of({}, atst=definition(rule="${unknown == 1}"))
    with pytest.raises(ConfigurationError, match="'atst' was dropped: "):
        assign_batches(proctor, [], identifiers=USER, tests=["atst"])


def test_batches_of_different_columns_are_refused():
    batches = [pa.record_batch({"user": ["a"]}), pa.record_batch({"user": [1]})]
    with pytest.raises(ConfigurationError, match="the columns and types of the first batch"):
        list(assign_batches(PROCTOR, batches, identifiers=USER))


def test_what_is_no_batch_is_refused():
    with pytest.raises(TypeError, match="expected pyarrow record batches, got 5"):
        list(assign_batches(PROCTOR, [5], identifiers=USER))


# -- importing -----------------------------------------------------------------------------


def test_importing_the_package_imports_neither_numpy_nor_arrow():
    code = "import sys, proctor.bulk, proctor.cli.main\n"
    code += "print({'numpy', 'pyarrow', 'django'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", ["numpy", "pyarrow"])
def test_without_the_extra_the_error_says_how_to_get_it(name):
    code = f"import sys; sys.modules[{name!r}] = None\nfrom proctor.bulk import assign_batches"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: proctor.bulk.assign_batches needs NumPy and PyArrow: "
        "pip install 'django-proctor[bulk]'"
    )


def test_another_name_is_an_attribute_error():
    import proctor.bulk

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        proctor.bulk.nothing  # noqa: B018 - the access is the test

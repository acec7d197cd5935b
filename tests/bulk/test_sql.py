"""The SQL of a test, and the messages if SQL cannot express it."""

from __future__ import annotations

import pytest

from proctor.bulk.dialects import DIALECTS
from proctor.bulk.sql import sql_expression
from proctor.core.evaluation.engine import Proctor
from proctor.core.exceptions import ConfigurationError, UnknownTest
from proctor.core.java.context_types import pipet_type
from tests.core.small_matrices import definition, everybody, matrix

duckdb = pytest.importorskip("duckdb")

TYPES = {
    "country": "String",
    "age": "int",
    "big": "long",
    "ratio": "double",
    "flag": "boolean",
    "rate": "Float",
    "tags": "list",
}

CONSTANTS = {"COUNTRIES": ["US", "O'Neill"], "AGES": [5, 7], "NONE": [], "LIMIT": 4}


def sql(rule=None, dialect="duckdb", types=TYPES, identifiers=None, **options) -> str:
    proctor = Proctor(
        matrix(atst=everybody("blue", rule, constants=CONSTANTS)), context_types=types
    )
    return sql_expression(
        proctor, "atst", dialect=dialect, identifiers=identifiers or {"USER": "id"}, **options
    )


def answers(rule, rows, **options) -> list:
    """Whether the rule is true for each row, as evaluated by DuckDB."""
    found = duckdb.sql(f"SELECT {sql(rule, **options)} FROM (VALUES {rows[1]}) v({rows[0]})")
    return [row[0] == "blue" for row in found.fetchall()]


def engine(rule, contexts) -> list:
    proctor = Proctor(
        matrix(atst=everybody("blue", rule, constants=CONSTANTS)), context_types=TYPES
    )
    return [
        "atst" in proctor.determine_groups(identifiers={"USER": "v"}, context=context)
        for context in contexts
    ]


CONTEXTS = [
    {"country": country, "age": age, "flag": flag, "ratio": ratio, "big": 5}
    for country in ("US", "O'Neill", "", None)
    for age in (5, -3, None)
    for flag in (True, False, None)
    for ratio in (1.5, float("nan"), float("inf"), -0.0, None)
]


@pytest.mark.parametrize(
    "rule",
    [
        "${country == 'US'}",
        "${'US' != country}",
        '${country == "O\'Neill"}',
        "${country == null}",
        "${country != null && country == 'US'}",
        "${country == 'US' || age > 3}",
        "${age > 3 || country == 'US'}",
        "${country == 'US' && age > 3}",
        "${!(age >= 5)}",
        "${flag}",
        "${flag == true}",
        "${not flag || country == 'US'}",
        "${flag ? age > 3 : country == 'US'}",
        "${proctor:contains(COUNTRIES, country)}",
        "${proctor:contains(AGES, age)}",
        "${indeed:contains(AGES, big)}",
        "${!proctor:contains(NONE, country)}",
        "${age > LIMIT}",
        "${empty country}",
        "${ratio > 1.25}",
        "${ratio < 2}",
        "${ratio == 1.5}",
        "${age < 5.5}",
        "${true}",
        "${false}",
        "${missingExperimentalUnit || age == 5}",
    ],
)
def test_a_rule_is_what_the_engine_says(rule):
    contexts = [{k: v for k, v in each.items() if v is not None} for each in CONTEXTS]

    def literal(value):
        if value is None:
            return "NULL"
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        return f"'{value}'::DOUBLE" if isinstance(value, float) else str(value)

    names = ["country", "age", "flag", "ratio", "big"]
    rows = ", ".join(
        "('v', " + ", ".join(literal(each[name]) for name in names) + ")" for each in CONTEXTS
    )
    assert answers(rule, (", ".join(["id", *names]), rows)) == engine(rule, contexts)


def test_a_whole_number_beyond_its_type_is_not_given():
    assert answers("${age > 3}", ("id, age", "('v', 4::BIGINT), ('v', 2147483648)")) == [
        True,
        False,
    ]


def test_a_default_stands_in_for_a_null():
    rows = ("id, age", "('v', NULL::BIGINT), ('v', 4)")
    assert answers("${age == 7}", rows, defaults={"age": "7"}) == [True, False]


def test_a_column_may_have_another_name():
    rows = ('id, "the age"', "('v', 7), ('v', 4)")
    assert answers("${age == 7}", rows, context={"age": "the age"}) == [True, False]


def test_types_may_be_declared_for_the_sql_alone():
    rows = ("id, age", "('v', 7), ('v', 4)")
    types = {"age": pipet_type("int")}
    proctor = Proctor(matrix(atst=everybody("blue", "${age == 7}")))
    made = sql_expression(
        proctor, "atst", dialect="duckdb", identifiers={"USER": "id"}, types=types
    )
    found = duckdb.sql(f"SELECT {made} FROM (VALUES {rows[1]}) v({rows[0]})").fetchall()
    assert found == [("blue",), (None,)]


def test_integers_and_uuids_are_identifiers():
    proctor = Proctor(matrix(atst=definition()))
    made = sql_expression(proctor, "atst", dialect="duckdb", identifiers={"USER": "id"})
    ids = [17, 4, -5, "123e4567-e89b-12d3-a456-426614174000"]
    for each in ids:
        column = str(each) if isinstance(each, int) else f"'{each}'::UUID"
        groups = proctor.determine_groups(identifiers={"USER": str(each)})
        found = duckdb.sql(f"SELECT {made} FROM (SELECT {column} AS id)").fetchall()
        assert found == [(groups["atst"].group,)]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("${fn:length(country) == 2}", r"cannot express 'fn:length\(country\) == 2' in the rule"),
        ("${country < 'US'}", r"cannot express \"country < 'US'\""),
        ("${age % 2 == 0}", "cannot express 'age % 2 == 0'"),
        ("${flag && country.length() == 2}", r"cannot express 'country.length\(\) == 2'"),
        ("${proctor:now() > 5}", r"cannot express 'proctor:now\(\) > 5'"),
        ("${ratio >= 0}", "cannot express 'ratio >= 0'"),
        ("${big > 1.5}", "cannot express 'big > 1.5'"),
        ("${country == 5}", "cannot express 'country == 5'"),
        ("${rate > 1}", "the type Float of the variable 'rate'"),
        ("${proctor:contains(tags, 'a')}", "the type list of the variable 'tags'"),
        ("${missingExperimentalUnit == flag}", "cannot express 'missingExperimentalUnit == flag'"),
        ("${country == 'a\0'}", "cannot express the string"),
    ],
)
def test_what_sql_cannot_express_is_refused_by_name(rule, message):
    types = {**TYPES, "missingExperimentalUnit": "boolean"}
    with pytest.raises(ConfigurationError, match=message):
        sql(rule, types=types)


def test_a_variable_needs_a_type():
    with pytest.raises(ConfigurationError, match="needs the type of the variable 'country'"):
        sql("${country == 'US'}", types=None)


@pytest.mark.parametrize(
    ("test", "options", "message"),
    [
        (definition(testType="RANDOM"), {}, "type RANDOM draw"),
        (definition(testType="EMAIL"), {}, "needs a column of identifiers of type EMAIL"),
        (definition(), {"dialect": "mysql"}, "Unknown dialect 'mysql'"),
        (definition(rule="${no == 1}"), {}, "'atst' was dropped: "),
        (definition(), {"identifiers": {"USER": "a\nb"}}, "Expected the name of a column"),
    ],
)
def test_a_test_that_sql_cannot_express_is_refused(test, options, message):
    proctor = Proctor(matrix(atst=test), context_types=TYPES)
    with pytest.raises(ConfigurationError, match=message):
        sql_expression(
            proctor, "atst", **{"dialect": "duckdb", "identifiers": {"USER": "id"}, **options}
        )


def test_an_unknown_test_and_a_validator_are_refused():
    options = {"dialect": "duckdb", "identifiers": {"USER": "id"}}
    with pytest.raises(UnknownTest):
        sql_expression(Proctor(matrix()), "atst", **options)
    validated = Proctor(matrix(atst=definition()), identifier_validator="noempty")
    with pytest.raises(ConfigurationError, match="identifier validator"):
        sql_expression(validated, "atst", **options)


def test_names_and_texts_are_quoted_as_the_database_wants():
    rule = "${country == 'a\\'b${x}'}"
    found = {
        name: sql(rule, name, identifiers={"USER": "t.user"}).splitlines() for name in DIALECTS
    }
    assert {name: lines[0] for name, lines in found.items()} == {
        "duckdb": 'CASE WHEN "t"."user" IS NOT NULL',
        "postgres": 'CASE WHEN "t"."user" IS NOT NULL',
        "snowflake": "CASE WHEN t.user IS NOT NULL",
        "bigquery": "CASE WHEN `t`.`user` IS NOT NULL",
        "spark": "CASE WHEN `t`.`user` IS NOT NULL",
    }
    assert found["duckdb"][1] == """  AND ("country" = 'a''b${x}') THEN"""
    assert found["spark"][1] == r"""  AND (`country` = 'a\'b\u0024{x}') THEN"""


def test_bigquery_is_told_that_nan_is_the_largest():
    assert "(`ratio` > CAST('1.5' AS FLOAT64) OR IS_NAN(`ratio`))" in sql(
        "${ratio > 1.5}", "bigquery"
    )
    assert "IS_NAN" not in sql("${ratio < 1.5}", "bigquery")


def test_a_cut_off_that_falls_is_never_reached_first():
    ranges = [(0, 0.5), (1, -0.25), (-1, 0.75)]
    odd = [{"bucketValue": value, "length": length} for value, length in ranges]
    proctor = Proctor(matrix(atst=definition(allocations=[{"id": "#A1", "ranges": odd}])))
    made = sql_expression(proctor, "atst", dialect="duckdb", identifiers={"USER": "id"})
    ids = [f"v{number}" for number in range(50)]
    rows = ", ".join(f"('{each}')" for each in ids)
    found = [row[0] for row in duckdb.sql(f"SELECT {made} FROM (VALUES {rows}) v(id)").fetchall()]
    assert found == [
        proctor.determine_groups(identifiers={"USER": each})["atst"].group for each in ids
    ]

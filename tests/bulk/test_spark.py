"""A real Spark, in local mode: the batches through `mapInArrow`, and the SQL."""

from __future__ import annotations

import functools
import shutil
import sys
import warnings

import pyarrow as pa
import pytest

from proctor.bulk import assign_batches, schema
from proctor.core.evaluation.engine import Proctor
from tests.bulk.sqlcases import check
from tests.core.small_matrices import definition, matrix


@pytest.fixture(scope="module")
def spark():
    # Spark's own modules warn of what is no concern of ours.
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        # Its workers would take the first `python3` there is.
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        sql = pytest.importorskip("pyspark.sql")
        pytest.importorskip("pandas", reason="mapInArrow needs pandas")
        if shutil.which("java") is None:
            pytest.skip("Java is not installed (Debian: default-jre-headless)")
        builder = sql.SparkSession.builder.master("local[2]").appName("proctor")
        for name, value in {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            # To compile hundreds of expressions for a few rows takes minutes.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        }.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield session
        session.stop()


pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_sql_is_right(spark):
    def run(table, expressions):
        numbered = table.append_column("row", pa.array(range(len(table))))
        frame = spark.createDataFrame(numbered)
        selected = [f"{each} AS c{n}" for n, each in enumerate(expressions.values())]
        rows = frame.selectExpr("row", *selected).orderBy("row").collect()
        return {test: [row[n + 1] for row in rows] for n, test in enumerate(expressions)}

    check("spark", run)


def test_map_in_arrow_gives_the_groups_of_the_engine(spark):
    proctor = Proctor(
        matrix(
            colortst=definition(),
            ustst=definition(rule="${country == 'US'}"),
            childtst=definition(dependsOn={"testName": "colortst", "bucketValue": 1}),
        ),
        context_types={"country": "String"},
    )
    visitors = [(f"visitor{n}", ("US", "GB", None)[n % 3]) for n in range(1000)]
    frame = spark.createDataFrame(visitors, "user_id string, country string").repartition(3)
    options = {
        "identifiers": {"USER": "user_id"},
        "context": {"country": "country"},
        "dictionary": False,
    }
    source = pa.schema([("user_id", pa.string()), ("country", pa.string())])
    made = pa_to_spark(schema(proctor, source, **options))
    function = functools.partial(assign_batches, proctor, **options)
    found = {row["user_id"]: row for row in frame.mapInArrow(function, made).collect()}
    assert len(found) == len(visitors)
    for visitor, country in visitors:
        groups = proctor.determine_groups(
            identifiers={"USER": visitor}, context={"country": country} if country else {}
        )
        mine = {test: found[visitor][test] for test in proctor.loaded}
        assert mine == {
            test: groups[test].group if test in groups else None for test in proctor.loaded
        }


def pa_to_spark(arrow: pa.Schema) -> str:
    """The schema in Spark's notation: all columns are strings."""
    assert all(each.type == pa.string() for each in arrow)
    return ", ".join(f"`{each.name}` string" for each in arrow)

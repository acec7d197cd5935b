"""The commands: kept rows, deleted rows, and the report on a terminal."""

from __future__ import annotations

import csv
import json
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from proctor.results.models import Exposure, Outcome, Split
from proctor.results.recording.rows import NotedExposure, NotedOutcome, digest
from proctor.results.recording.splits import split_of_version
from tests.results.conftest import definition
from tests.results.samples import DAY, noted, store

SPLIT = split_of_version("buttontst", "1", "USER")


def add(visitor, days_ago, kind="USER"):
    at = time.time() - days_ago * DAY
    split = SPLIT._replace(identifier_type=kind)
    store(
        [
            NotedExposure(at, visitor, "blue", "", split, 1),
            NotedOutcome(digest(visitor, kind), at, kind, visitor, "order", 1.0),
        ]
    )


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def visitors(model=Exposure):
    return sorted(model.objects.values_list("visitor", flat=True))


def test_prune_deletes_what_is_older(db):
    for number in range(10):
        add(f"old{number}", 40)
    add("new", 3)
    assert "Deleted 10 exposures and 10 outcomes" in run("proctor_prune", "--days", "30")
    assert visitors() == visitors(Outcome) == ["new"]
    assert Split.objects.count() == 1


def test_prune_in_many_batches(db, monkeypatch):
    from proctor.results import keeping

    monkeypatch.setattr(keeping, "_BATCH", 3)
    for number in range(10):
        add(f"old{number}", 40)
    said = run("proctor_prune", "--days", "30", "-v", "2")
    assert "3 rows deleted\n6 rows deleted\n" in said
    assert visitors() == []
    assert not Split.objects.exists()


@pytest.mark.parametrize("days", ["0", "-1", "99999999999"])
def test_prune_refuses_days_that_make_no_sense(db, days):
    with pytest.raises(CommandError, match="Expected"):
        run("proctor_prune", f"--days={days}")


def test_forget_deletes_a_visitor_by_type_or_source_key(db, settings):
    settings.PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
    add("ann", 1)
    add("ann", 1, "ACCOUNT")
    add("bob", 1)
    assert "USER: deleted 1 exposures and 1 outcomes" in run("proctor_forget", "--id", "USER=ann")
    assert visitors() == ["ann", "bob"]
    run("proctor_forget", "--id", "acctid=ann", "--id", "USER=bob")
    assert visitors() == visitors(Outcome) == []


def test_forget_finds_digests(db, settings):
    settings.PROCTOR_RESULTS_IDENTIFIERS = "digest"
    settings.PROCTOR_RESULTS_DIGEST_KEY = "a key"
    add("ann", 1)
    run("proctor_forget", "--id", "USER=ann")
    assert visitors() == []


@pytest.mark.parametrize("given", ["ann", "USER=", "UZER=ann"])
def test_forget_refuses_what_is_no_identifier(db, settings, given):
    with pytest.raises(CommandError, match="Expected TYPE=ID with a test type"):
        run("proctor_forget", "--id", given)


@pytest.fixture
def sample(db, settings):
    """A test with 600 visitors."""
    settings.PROCTOR_METRICS = ()
    settings.PROCTOR_TESTS = ("buttontst",)
    store(noted(definition(), 600))


def test_analyze_without_the_test_names_the_nearest(sample):
    with pytest.raises(CommandError, match="did you mean 'buttontst'"):
        run("proctor_analyze", "butontst")


def test_the_rows_are_files_for_the_other_command(sample, tmp_path):
    run("proctor_analyze", "buttontst", "--rows", tmp_path / "rows")
    with (tmp_path / "rows" / "exposures.csv").open(newline="") as file:
        exposures = list(csv.DictReader(file))
    assert len(exposures) == 600
    assert exposures[0]["identifier_type"] == "USER"
    with (tmp_path / "rows" / "outcomes.csv").open(newline="") as file:
        metrics = {row["metric"] for row in csv.DictReader(file)}
    assert metrics == {"order", "revenue"}


def test_the_report_is_text_json_and_html(sample, tmp_path):
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    assert "order" in run("proctor_analyze", "buttontst")
    found = json.loads(run("proctor_analyze", "buttontst", "--format", "json"))
    assert found["test"] == "buttontst"
    assert found["visitors"]["counted"] == 600
    assert found["sample_ratio"]["ok"]
    run("proctor_analyze", "buttontst", "--format", "html", "-o", str(tmp_path / "report.html"))
    assert found["verdict"][:10] in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_broken_split_is_exit_code_1(db, settings):
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    settings.PROCTOR_METRICS = ()
    rows = noted(definition(), 2000)
    # A redirect loses one in five visitors of the blue group.
    lost = {each.visitor for each in rows[::5] if getattr(each, "group", "") == "blue"}
    lost |= {f"v{number}" for number in range(0, 2000, 3)}
    kept = [
        each
        for each in rows
        if not (isinstance(each, NotedExposure) and each.group == "blue" and each.visitor in lost)
    ]
    store(kept)
    with pytest.raises(SystemExit) as ended:
        run("proctor_analyze", "buttontst")
    assert ended.value.code == 1

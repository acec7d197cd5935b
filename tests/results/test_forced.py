"""Visitors who only saw forced groups: counted once, never identified, and left out of reports."""

from __future__ import annotations

import csv
import time

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client

from proctor.core.evaluation.groups import GroupAssignment
from proctor.results.models import Exposure, ForcedVisitor, Tally
from proctor.results.recording.recorder import Recorder, recorder
from proctor.results.recording.rows import NotedForced
from proctor.results.recording.writer import Writer
from proctor.results.reports.reporting import definitions_of, report, selections
from proctor.results.reports.tables import read_table
from proctor.results.testing import record_results
from proctor.signals import exposed
from tests.results.conftest import definition
from tests.results.samples import DAY, noted, store

FORCED = "/?prforceGroups=buttontst1"


@pytest.fixture
def recorded(site):
    with record_results() as results:
        yield results


def visit(who, address="/"):
    return Client(headers={"cookie": f"who={who}"}).get(address)


def needs_the_analysis():
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    pytest.importorskip("duckdb", reason="duckdb is not installed")


def forced_in_report(**options):
    return report("buttontst", **options).to_dict()["visitors"]["forced"]


def test_the_report_counts_forced_visitors_and_leaves_them_out(recorded):
    needs_the_analysis()
    store(noted(definition(), 200))
    for who in ("ann", "ann", "bob"):
        visit(who, FORCED)
    recorded.flush()
    found = report("buttontst")
    assert (found.visitors.counted, found.visitors.forced) == (200, 2)
    (line,) = (each for each in found.trust if each.title == "Forced")
    assert line.text == "2 left out"
    assert Tally.objects.get(kind=Tally.FORCED).number == 3


def test_a_forced_visitor_who_is_shown_another_group_later_counts(recorded):
    needs_the_analysis()
    store(noted(definition(), 200))
    visit("ann", FORCED)
    visit("bob", FORCED)
    recorded.flush()
    assert forced_in_report() == 2
    visit("ann")
    recorded.flush()
    found = report("buttontst").visitors
    assert (found.counted, found.forced) == (201, 1)


def test_a_visitor_who_was_shown_a_group_before_is_not_a_forced_one(recorded):
    visit("ann")
    recorded.flush()
    visit("ann", FORCED)
    recorded.flush()
    assert not ForcedVisitor.objects.exists()
    assert Tally.objects.get(kind=Tally.FORCED).number == 1


def test_both_in_one_batch_are_an_exposure(recorded):
    exposure = noted(definition(), 1)[0]
    mark = NotedForced(time.time(), "buttontst", "USER", exposure.visitor, "blue")
    assert Writer().write([mark, exposure]) == 0
    assert Exposure.objects.count() == 1
    assert not ForcedVisitor.objects.exists()


def test_an_exposure_to_another_test_changes_nothing(recorded):
    visit("ann", FORCED)
    store(noted(definition(salt="&b"), 5, name="othertst"))
    recorded.flush()
    assert ForcedVisitor.objects.count() == 1


def test_another_process_notes_the_same_visitor_once(recorded):
    for _process in range(2):
        recorder.forget()
        visit("ann", FORCED)
        recorded.flush()
    assert ForcedVisitor.objects.count() == 1
    assert Tally.objects.get().number == 2


@pytest.mark.parametrize("identifiers", ["plain", "digest"])
def test_the_table_names_nobody(recorded, site, identifiers):
    site.PROCTOR_RESULTS_IDENTIFIERS = identifiers
    visit("ann", FORCED)
    recorded.flush()
    (row,) = ForcedVisitor.objects.values()
    assert (row["test"], row["group"], row["identifier_type"]) == ("buttontst", "blue", "USER")
    assert len(row["id"]) == 32
    assert not any("ann" in str(value) for value in row.values())
    site.PROCTOR_RESULTS_DIGEST_KEY = "another"
    recorder.forget()
    visit("ann", FORCED)
    recorded.flush()
    assert ForcedVisitor.objects.count() == 2


def test_where_the_identifier_is_unknown_only_the_read_is_counted(recorded, site):
    """A Pipet does not report which identifier a test hashes, and this test does not declare it."""
    site.PROCTOR_MATRIX, site.PROCTOR_API_ROOT = None, "http://127.0.0.1:1"
    exposed.notify(
        object,
        request=None,
        test="buttontst",
        assignment=GroupAssignment("blue", 1, version="7"),
        forced=True,
        identifiers={"USER": "ann"},
    )
    recorded.flush()
    assert Tally.objects.get().number == 1
    assert not ForcedVisitor.objects.exists()


def test_files_give_the_same_number(recorded, tmp_path):
    needs_the_analysis()
    from proctor.analysis import analyze

    store(noted(definition(), 50))
    visit("ann", FORCED)
    recorded.flush()
    call_command("proctor_analyze", "buttontst", "--rows", str(tmp_path), verbosity=0)
    lines = list(csv.DictReader((tmp_path / "exposures.csv").read_text().splitlines()))
    assert [each["forced"] for each in lines] == ["false"] * 50 + ["true"]
    found = analyze(
        "buttontst",
        tmp_path / "exposures.csv",
        tmp_path / "outcomes.csv",
        definitions_of("buttontst"),
    ).visitors
    assert (found.counted, found.forced) == (50, 1)


def test_two_types_of_identifiers_are_counted_apart(recorded):
    needs_the_analysis()
    store(noted(definition(), 50))
    Exposure.objects.filter(visitor="v1").update(identifier_type="ACCOUNT")
    assert len(selections("buttontst", lean=True).exposures.columns) == 8
    rows = [
        NotedForced(time.time(), "buttontst", kind, "x", "blue") for kind in ("USER", "ACCOUNT")
    ]
    assert Writer().write(rows) == 0
    assert forced_in_report() == 2


def test_the_page_says_how_many(recorded, site):
    needs_the_analysis()
    store(noted(definition(), 50))
    visit("ann", FORCED)
    recorded.flush()
    site.ROOT_URLCONF, site.MIDDLEWARE = (
        "testproject.urls",
        [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
    )
    site.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    user = User.objects.create_user("ada")
    user.user_permissions.set(Permission.objects.filter(codename="view_results"))
    client = Client()
    client.force_login(user)
    text = client.get("/proctor/results/tests/buttontst/").text
    assert "<strong>Forced</strong><span>1 left out</span>" in text
    assert "1 read of a forced group was counted but not stored." in text


def test_a_forced_visitor_is_forgotten_and_pruned(recorded):
    for who in ("ann", "bob"):
        visit(who, FORCED)
    recorded.flush()
    call_command("proctor_forget", "--id", "USER=ann", verbosity=0)
    assert ForcedVisitor.objects.count() == 1
    call_command("proctor_prune", "--days", "1", verbosity=0)
    assert ForcedVisitor.objects.count() == 1
    ForcedVisitor.objects.update(at=ForcedVisitor.objects.get().at.replace(year=2020))
    call_command("proctor_prune", "--days", "1", verbosity=0)
    assert not ForcedVisitor.objects.exists()


def test_a_forced_visitor_that_was_lost_is_noted_again(site):
    site.PROCTOR_RESULTS_QUEUE = 0
    full = Recorder()
    full.seen.add(5)
    full.put(NotedForced(time.time() - DAY, "buttontst", "USER", "ann", "blue", 5))
    assert 5 not in full.seen


@pytest.mark.parametrize("lean", [True, False])
def test_both_selections_have_the_same_columns(recorded, lean):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    store(noted(definition(), 5))
    visit("ann", FORCED)
    recorded.flush()
    rows = selections("buttontst", lean=lean)
    one, other = read_table(rows.exposures), read_table(rows.forced)
    assert one.schema == other.schema
    assert other.num_rows == 1

"""The rows that a request records, and cases in which nothing is recorded."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime, timedelta, timezone

import pytest
from django.test import AsyncClient, Client

from proctor import Metric, ProctorTest
from proctor.identify import identify
from proctor.results import arecord, flush, record
from proctor.results.models import Exposure, Outcome, Split, Tally
from proctor.results.recording.recorder import has_threads
from proctor.results.testing import record_results
from proctor.signals import exposed
from proctor.testing import override_proctor
from tests.results.conftest import definition, matrix_file


@pytest.fixture
def recorded():
    with record_results() as results:
        yield results


def visitor(who="ann", **headers):
    return Client(headers={"cookie": f"who={who}", **headers})


async def avisit(address, who="ann"):
    client = AsyncClient()
    client.cookies["who"] = who
    return await client.get(address)


def rows(model):
    return list(model.objects.order_by("at").values_list("visitor", flat=True))


def test_a_page_that_reads_a_group_records_the_exposure(site, recorded):
    group = visitor().get("/").content.decode()
    (row,) = Exposure.objects.all()
    assert (row.visitor, row.identifier_type, row.test) == ("ann", "USER", "buttontst")
    assert (row.group, row.allocation, row.version) == (group, "#A1", "1")
    assert abs(row.at - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_a_visitor_who_returns_is_recorded_once(site, recorded):
    for _ in range(3):
        visitor().get("/")
    assert rows(Exposure) == ["ann"]


def test_the_split_is_stored_as_the_matrix_has_it(site, recorded):
    visitor().get("/")
    (split,) = Split.objects.all()
    assert Exposure.objects.get().split == split.id
    stored = json.loads(split.definition)
    assert stored["salt"] == "&button"
    assert [each["length"] for each in stored["allocations"][0]["ranges"]] == [0.5, 0.5]
    assert "description" not in stored


def test_a_new_split_is_a_new_exposure(site, recorded, tmp_path_factory):
    visitor().get("/")
    directory = tmp_path_factory.mktemp("second")
    site.PROCTOR_MATRIX = matrix_file(
        directory, buttontst=definition(version="2", description="The same split")
    )
    visitor().get("/")
    assert rows(Exposure) == ["ann"]
    site.PROCTOR_MATRIX = matrix_file(
        tmp_path_factory.mktemp("third"), buttontst=definition(version="3", salt="&other")
    )
    visitor().get("/")
    assert rows(Exposure) == ["ann", "ann"]
    assert Split.objects.count() == 2


def test_an_async_view_is_recorded(site, recorded):
    asyncio.run(avisit("/apage"))
    recorded.flush()
    assert rows(Exposure) == ["ann"]


def test_a_visitor_without_the_identifier_is_not_recorded(site, recorded):
    Client().get("/")
    assert rows(Exposure) == []


def test_a_forced_exposure_is_counted_and_not_stored(site, recorded):
    visitor().get("/?prforceGroups=buttontst1")
    visitor().get("/?prforceGroups=buttontst1")
    assert rows(Exposure) == []
    tally = Tally.objects.get()
    assert (tally.kind, tally.test, tally.number) == (Tally.FORCED, "buttontst", 2)


def test_outside_of_a_request_the_identifiers_are_those_of_identify(site, recorded):
    assert identify({"acctid": 17}).accounttst.group in ("control", "blue")
    recorded.flush()
    row = Exposure.objects.get()
    assert (row.identifier_type, row.visitor) == ("ACCOUNT", "17")


def test_a_pipet_needs_the_declared_identifier(site, recorded):
    from proctor.core.evaluation.groups import GroupAssignment

    site.PROCTOR_MATRIX = None
    site.PROCTOR_API_ROOT = "http://127.0.0.1:1"
    site.PROCTOR_TESTS = (ProctorTest("buttontst", identifier="USER"), "othertst")
    assignment = GroupAssignment("blue", 1, version="7")
    for name in site.PROCTOR_TESTS[0].name, "othertst":
        exposed.notify(
            object,
            request=None,
            test=name,
            assignment=assignment,
            forced=False,
            identifiers={"USER": "ann"},
        )
    recorded.flush()
    row = Exposure.objects.get()
    assert (row.test, row.version, row.allocation) == ("buttontst", "7", "")
    assert Split.objects.get().definition == ""


def test_nothing_is_recorded_in_tests_that_do_not_ask(site):
    visitor().get("/")
    record("order", identifiers={"USER": "ann"})
    flush()
    assert (rows(Exposure), rows(Outcome)) == ([], [])


def test_overridden_groups_are_recorded_only_if_the_test_asks(site):
    with override_proctor(buttontst="blue"), record_results():
        visitor().get("/")
    assert Exposure.objects.get().group == "blue"


# -- outcomes -------------------------------------------------------------------------------


def test_an_outcome_has_a_row_for_each_identifier(site, recorded):
    Client(headers={"cookie": "who=ann; account=17"}).get("/buy?value=2.5")
    found = Outcome.objects.order_by("identifier_type")
    assert list(found.values_list("identifier_type", "visitor", "metric", "value")) == [
        ("ACCOUNT", "17", "order", 2.5),
        ("USER", "ann", "order", 2.5),
    ]


def test_an_outcome_of_a_coroutine_view_is_recorded(site, recorded):
    asyncio.run(avisit("/abuy"))
    asyncio.run(arecord("order", identifiers={"USER": "bob"}))
    recorded.flush()
    assert rows(Outcome) == ["ann", "bob"]


def test_an_excluded_visitor_has_no_outcome(site, recorded):
    visitor(user_agent="bot").get("/buy")
    visitor(user_agent="bot").get("/")
    assert (rows(Outcome), rows(Exposure)) == ([], [])


def test_an_outcome_with_an_id_is_stored_once(site, recorded):
    for _ in range(2):
        record("order", identifiers={"USER": "ann"}, id="17")
    record("order", identifiers={"USER": "bob"}, id="17")
    recorded.flush()
    assert sorted(rows(Outcome)) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("at", "stored"),
    [
        (datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc), "2026-03-01T09:30:00+00:00"),
        (datetime(2026, 3, 1, 9, 30), "2026-03-01T14:30:00+00:00"),
    ],
)
def test_a_naive_time_is_in_the_time_zone_of_the_site(site, recorded, at, stored):
    site.TIME_ZONE = "America/New_York"
    record("order", identifiers={"USER": "ann"}, at=at)
    recorded.flush()
    assert Outcome.objects.get().at.isoformat() == stored


@pytest.fixture
def fresh_log(caplog, monkeypatch):
    """The log, with the memory of earlier messages cleared."""
    from proctor.resolving.once_log import OnceLog
    from proctor.results.recording import outcomes

    monkeypatch.setattr(outcomes, "_log", OnceLog())
    return caplog


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: record("order"), "pass a request"),
        (lambda: record("", identifiers={"USER": "a"}), "expected the name of a metric"),
        (lambda: record("order", identifiers={"USER": "a"}, value="much"), "ValueError"),
        (lambda: record("order", identifiers={"USER": "a"}, at="now"), "expected a datetime"),
        (lambda: record(object(), 5), "AttributeError"),
    ],
)
def test_a_call_that_makes_no_sense_is_logged_and_raises_nothing(
    site, recorded, fresh_log, call, words
):
    with fresh_log.at_level(logging.ERROR, "proctor.results"):
        call()
        call()
    recorded.flush()
    assert rows(Outcome) == []
    (message,) = [each.getMessage() for each in fresh_log.records]
    assert words in message


def test_an_undeclared_outcome_is_recorded_with_a_warning(site, recorded, fresh_log):
    site.PROCTOR_METRICS = (Metric("sign_up"),)
    with fresh_log.at_level(logging.WARNING, "proctor.results"):
        record("signup", identifiers={"USER": "ann"})
    recorded.flush()
    assert rows(Outcome) == ["ann"]
    assert "did you mean 'sign_up'?" in fresh_log.text


@pytest.mark.parametrize(
    "bad", ["a\0b", "a\ud800", "x" * 256, "\udfff"], ids=["NUL", "half", "long", "other half"]
)
def test_an_identifier_that_no_column_holds_is_refused_and_counted(site, recorded, bad):
    for each in ("ann", bad, "bob"):
        record("order", identifiers={"USER": each})
    recorded.flush()
    assert sorted(rows(Outcome)) == ["ann", "bob"]
    tally = Tally.objects.get()
    assert (tally.kind, tally.number) == (Tally.REFUSED, 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(site, recorded, value):
    record("order", identifiers={"USER": "ann"}, value=value)
    recorded.flush()
    assert rows(Outcome) == []


def test_identifiers_may_be_digests(site, recorded):
    site.PROCTOR_RESULTS_IDENTIFIERS = "digest"
    site.PROCTOR_RESULTS_DIGEST_KEY = "a key"
    visitor().get("/")
    visitor().get("/buy")
    (seen,), (bought,) = rows(Exposure), rows(Outcome)
    assert seen == bought
    assert len(seen) == 32
    assert "ann" not in seen
    site.PROCTOR_RESULTS_DIGEST_KEY = "another"
    record("order", identifiers={"USER": "ann"})
    recorded.flush()
    assert rows(Outcome)[-1] != seen


def test_identifiers_that_differ_in_case_are_two_visitors(site, recorded):
    visitor("Ann").get("/")
    visitor("ann").get("/")
    assert sorted(rows(Exposure)) == ["Ann", "ann"]


# -- uWSGI ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "has"), [({}, False), ({"enable-threads": True}, True), ({"threads": b"2"}, True)]
)
def test_uwsgi_without_threads_is_known(settings, monkeypatch, options, has):
    import sys
    from types import SimpleNamespace

    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))
    assert has_threads() is has


def test_a_setting_says_whether_there_are_threads(settings):
    assert has_threads()
    settings.PROCTOR_RESULTS_THREAD = False
    assert not has_threads()


def test_a_site_that_does_not_install_the_app_is_told_to():
    import subprocess
    import sys

    program = (
        "from django.conf import settings; import django\n"
        "settings.configure(INSTALLED_APPS=['proctor']); django.setup()\n"
        "from proctor.results import record"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True
    )
    assert "Add 'proctor.results' to INSTALLED_APPS to use record" in done.stderr

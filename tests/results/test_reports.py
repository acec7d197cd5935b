"""The report is the same from every database, from files and from a data frame."""

from __future__ import annotations

import json
import math
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.db.models import F, Value

from proctor import Metric
from proctor.editor.models import Revision
from proctor.results import guards
from proctor.results.models import Exposure, ForcedVisitor, LatestVerdict, Outcome
from proctor.results.recording.rows import NotedForced
from proctor.results.reports.reporting import NoReport, definitions_of, report
from tests.results.conftest import definition
from tests.results.samples import DAY, noted, store

pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
pytest.importorskip("duckdb", reason="duckdb is not installed")

METRICS = (
    Metric("order", kind="proportion", primary=True),
    Metric("revenue", past=timedelta(days=3)),
    Metric("revenue_per_order", numerator="revenue", denominator="order"),
)


@pytest.fixture
def declared(settings):
    settings.PROCTOR_METRICS = METRICS
    settings.PROCTOR_TESTS = ("buttontst",)
    return settings


@pytest.fixture(scope="module")
def rows():
    """A ramp: 500 visitors at 10 % blue, 900 visitors at 50 %, and two forced exposures."""
    tenth = [{"bucketValue": 0, "length": 0.9}, {"bucketValue": 1, "length": 0.1}]
    first = definition(allocations=[{"id": "#A1", "ranges": tenth}])
    second = definition(version="2")
    second["allocations"][0]["id"] = "#A2"
    return [
        *noted(first, 500, days=10, effect=0.05),
        *noted(second, 900, days=5, effect=0.05, first=300, seed=2),
        *(NotedForced(time.time() - DAY, "buttontst", "USER", who, "blue") for who in "ab"),
    ]


def close(one, other, path=""):
    """Return whether two documents have the same numbers, up to a relative error of 1e-9."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        return all(close(one[key], other[key], f"{path}.{key}") for key in one)
    if isinstance(one, list):
        assert len(one) == len(other), path
        return all(close(*pair, f"{path}[]") for pair in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        assert math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12), (path, one, other)
        return True
    assert one == other, path
    return True


UNTIL = datetime.now(timezone.utc)


@pytest.fixture
def from_sqlite(db, declared, rows):
    store(rows)
    return report("buttontst", until=UNTIL).to_dict()


def test_the_matrix_of_each_exposure_is_known(from_sqlite):
    assert {each.version for each in definitions_of("buttontst")} == {"1", "2"}
    strata = from_sqlite["sample_ratio"]["strata"]
    assert [each["expected"] for each in strata] == [
        {"control": 0.9, "blue": 0.1},
        {"control": 0.5, "blue": 0.5},
    ]
    assert from_sqlite["sample_ratio"]["ok"]
    assert from_sqlite["visitors"]["forced"] == 2


def test_files_give_the_same_numbers(from_sqlite, tmp_path):
    from proctor.analysis import analyze

    call_command("proctor_analyze", "buttontst", "--rows", str(tmp_path), verbosity=0)
    found = analyze(
        "buttontst",
        tmp_path / "exposures.csv",
        tmp_path / "outcomes.csv",
        definitions_of("buttontst"),
        METRICS,
        until=UNTIL,
    )
    assert close(found.to_dict(), from_sqlite)


def test_a_data_frame_gives_the_same_numbers(from_sqlite):
    import pyarrow as pa

    from proctor.analysis import analyze

    names = ("at", "visitor", "test", "group", "allocation", "version")
    usual = {"visitor": F("id"), "allocation": Value("#A2"), "version": Value("2")}
    forced = ForcedVisitor.objects.annotate(**usual).values(*names)
    seen = pa.Table.from_pylist(
        [{**row, "forced": False} for row in Exposure.objects.values(*names)]
        + [{**row, "forced": True} for row in forced]
    )
    did = pa.Table.from_pylist(list(Outcome.objects.values("at", "visitor", "metric", "value")))
    found = analyze("buttontst", seen, did, definitions_of("buttontst"), METRICS, until=UNTIL)
    assert close(found.to_dict(), from_sqlite)


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_server_gives_the_same_numbers(from_sqlite, request, server, rows, tmp_path):
    import json
    import pickle
    import subprocess
    import sys

    from tests.fences import ROOT
    from tests.results.databases import environment

    tables = request.getfixturevalue(f"{server}_tables")
    (tmp_path / "rows").write_bytes(pickle.dumps(rows))
    program = (
        "import django; django.setup()\n"
        "import json, pickle, sys\n"
        "from datetime import datetime\n"
        "from django.conf import settings\n"
        "from proctor.results.models import Exposure, ForcedVisitor, Outcome\n"
        "from proctor.results.reports.reporting import report\n"
        "from tests.results.samples import store\n"
        "from tests.results.test_reports import METRICS\n"
        "settings.PROCTOR_METRICS = METRICS\n"
        "for model in (Exposure, ForcedVisitor, Outcome): model.objects.all().delete()\n"
        "store(pickle.load(open(sys.argv[1], 'rb')))\n"
        "until = datetime.fromisoformat(sys.argv[2])\n"
        "print(json.dumps(report('buttontst', until=until).to_dict()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, tmp_path / "rows", UNTIL.isoformat()],
        env=environment(tables, declared_matrix(tmp_path)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert close(json.loads(done.stdout), json.loads(json.dumps(from_sqlite)))


def declared_matrix(directory):
    from tests.results.conftest import matrix_file

    return matrix_file(directory, buttontst=definition())


def test_a_test_without_exposures_has_no_report(db, declared):
    with pytest.raises(NoReport, match="No visitor has been exposed"):
        report("buttontst")


def test_a_metric_of_the_sites_own_table(db, declared, rows):
    """`source` is a function that returns a QuerySet: here the outcomes of another metric."""
    store(rows)
    declared.PROCTOR_METRICS = (
        Metric("bought", source=f"{__name__}.orders"),
        Metric("order"),
    )
    bought, order = report("buttontst", until=UNTIL).to_dict()["metrics"]
    assert (bought.pop("name"), order.pop("name")) == ("bought", "order")
    assert close(bought, order)


def orders():
    return Outcome.objects.filter(metric="order").values("visitor", "at", "value")


def no_rows():
    return 5


def test_a_declared_metric_without_outcomes_is_in_the_report(db, declared, rows):
    declared.PROCTOR_METRICS = (*METRICS, Metric("returned"))
    store(rows)
    found = report("buttontst").metrics
    assert [each.metric.name for each in found if each.is_empty] == ["returned"]
    assert len(found) == len(METRICS) + 1


def test_a_source_that_gives_no_queryset_is_named(db, declared, rows):
    store(rows)
    declared.PROCTOR_METRICS = (Metric("bought", source=f"{__name__}.no_rows"),)
    with pytest.raises(NoReport, match=r"'bought', .*no_rows.*QuerySet"):
        report("buttontst")


# -- guards ---------------------------------------------------------------------------------


def step(test="buttontst"):
    return SimpleNamespace(test=test, branch="production", number=2, steps=3)


def test_a_step_of_a_healthy_test_passes(db, declared, rows):
    store(rows)
    assert guards.hold_if_harmed(step()) is None


def test_the_first_step_of_a_new_test_passes(db, declared):
    assert guards.problem_of("buttontst") is None


def test_a_harmed_guardrail_is_a_problem_in_words(db, declared):
    declared.PROCTOR_METRICS = (Metric("order", kind="proportion", guardrail=0.01),)
    store(noted(definition(), 4000, effect=-0.25))
    problem = guards.problem_of("buttontst")
    assert problem is not None
    assert problem.startswith("“blue” harms the guardrail “order”: -0.")
    assert problem.endswith("compared with “control”")


def test_a_broken_split_is_a_problem_in_words(db, declared):
    rows = noted(definition(), 3000)
    blue = {each.visitor for each in rows if getattr(each, "group", "") == "blue"}
    store([each for each in rows if each.visitor not in set(sorted(blue)[: len(blue) // 3])])
    assert "the split is broken" in guards.problem_of("buttontst")


@pytest.mark.parametrize(("guard", "action"), [("hold", "hold"), ("stop", "stop")])
def test_the_editor_gets_its_own_verdict(db, declared, guard, action):
    pytest.importorskip("proctor.editor.schedules.guards", reason="the editor has no schedules")
    declared.PROCTOR_METRICS = (Metric("order", kind="proportion", guardrail=0.01),)
    store(noted(definition(), 4000, effect=-0.25))
    verdict = getattr(guards, f"{guard}_if_harmed")(step())
    assert verdict.action.value == action
    assert "harms the guardrail" in verdict.reason


# -- verdicts for the list ------------------------------------------------------------------


@pytest.mark.django_db
def test_only_a_report_with_the_usual_options_is_remembered(declared):
    store(noted(definition(), 300))
    report("buttontst", baseline="blue")
    assert not LatestVerdict.objects.exists()
    found = report("buttontst")
    assert LatestVerdict.objects.get().kind == found.verdict.kind


@pytest.mark.django_db
def test_a_verdict_that_cannot_be_stored_keeps_no_report_back(declared, monkeypatch, caplog):
    store(noted(definition(), 300))

    def fail(**_values):
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(LatestVerdict.objects, "update_or_create", fail)
    with caplog.at_level("INFO", "proctor.results"):
        assert report("buttontst").visitors.counted == 300
    assert "Could not store the verdict of" in caplog.text


# -- payloads -------------------------------------------------------------------------------


def with_payload(text, version="1", about="A button"):
    found = definition(version=version, description=about)
    for bucket in found["buckets"]:
        bucket["payload"] = {"stringValue": text if bucket["value"] else "Coffee"}
    return found


def published(text, about="A button"):
    """Publish the test in the editor and return the definition with its version."""
    from proctor.editor.access.permissions import command
    from proctor.editor.branches import first_branch
    from proctor.editor.changes import services
    from proctor.editor.publishing.heads import head_of

    head = Revision.objects.order_by("-version").first()
    services.edit(
        command(), "buttontst", json.dumps(with_payload(text, about=about)), base=head and head.id
    )
    return json.loads(head_of("buttontst", first_branch()).definition)


def changes_line(found):
    (line,) = [each.text for each in found.trust if each.title == "Changes"]
    return line


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "changed"), [("Cocoa", True), ("Tea", False)])
def test_a_payload_that_the_editors_history_saw_change_is_told(declared, text, changed):
    declared.PROCTOR_EDITOR_BRANCHES = ("production",)
    store(noted(published("Tea"), 200, days=10))
    store(noted(published(text, about="The same button"), 200, days=3, first=500))
    line = changes_line(report("buttontst"))
    assert ("the payload of “blue” changed" in line) is changed
    assert line.startswith("1 change: ")


@pytest.mark.django_db
def test_without_the_whole_history_no_change_of_a_payload_is_claimed(declared):
    declared.PROCTOR_EDITOR_BRANCHES = ("production",)
    store(noted(with_payload("Tea", version="old"), 200, days=10))
    store(noted(published("Cocoa"), 200, days=3, first=500))
    assert "payload" not in changes_line(report("buttontst"))

"""A scheduled ramp of the editor checks the results before each step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from proctor import Metric
from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.models import Comment, ScheduledStep
from proctor.editor.publishing.heads import definition_of, head_of
from proctor.editor.schedules.planning import Wanted
from proctor.editor.schedules.publisher import publish_due
from proctor.editor.schedules.services import schedule
from tests.editor.samples import shares, text_of
from tests.editor.schedules import HOUR, move_clock
from tests.results.samples import noted, store

pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
pytest.importorskip("duckdb", reason="duckdb is not installed")

HOLD, STOP = (f"proctor.results.guards.{name}_if_harmed" for name in ("hold", "stop"))
ADA = command("ada")


@pytest.fixture
def site(transactional_db, settings):
    """A site whose editor has one branch, and whose guardrail is the number of orders."""
    settings.PROCTOR_EDITOR_BRANCHES = ("production",)
    settings.PROCTOR_EDITOR_APPROVALS = {}
    settings.PROCTOR_EDITOR_GUARDS = (HOLD, STOP)
    settings.PROCTOR_MATRIX = "editor:production"
    settings.PROCTOR_TESTS = ("buttontst",)
    settings.PROCTOR_METRICS = (Metric("order", kind="proportion", guardrail=0.01),)
    return settings


def ramped(guard, effect, monkeypatch):
    """Schedule blue from 20 to 80 %, with visitors on whom the first step had this effect."""
    first = {"inactive": 0.6, "control": 0.2, "blue": 0.2}
    text = text_of(allocations=shares(**first), testType="USER")
    head = services.edit(ADA, "buttontst", text, base=None).revision
    document = definition_of(head).consumable().to_dict()
    store(noted(document, 9000, effect=effect))
    due = timezone.now() + HOUR
    steps = [Wanted(due, {0: 0.4, 1: 0.4}, guard=guard)]
    schedule(ADA, "buttontst", "production", steps, base=head.id)
    move_clock(monkeypatch, timedelta(hours=2))
    list(publish_due())
    return head


def history():
    return " ".join(Comment.objects.values_list("text", flat=True))


def test_a_harmed_guardrail_holds_the_next_step_and_the_history_says_why(site, monkeypatch):
    head = ramped(HOLD, -0.25, monkeypatch)
    step = ScheduledStep.objects.get()
    assert (step.state, step.blocked_by) == ("blocked", "guard")
    assert head_of("buttontst", "production") == head
    assert "“blue” harms the guardrail “order”" in history()


def test_a_guard_that_stops_puts_everyone_into_the_control_group(site, monkeypatch):
    ramped(STOP, -0.25, monkeypatch)
    head = head_of("buttontst", "production")
    assert head.kind == "stop"
    assert "“blue” harms the guardrail “order”" in head.message


def test_a_healthy_test_goes_on(site, monkeypatch):
    ramped(HOLD, 0.0, monkeypatch)
    assert ScheduledStep.objects.get().state == "published"
    ranges = definition_of(head_of("buttontst", "production")).test.allocations[0].ranges
    live = sum(each.length for each in ranges if each.bucket_value >= 0)
    assert live == pytest.approx(0.8)

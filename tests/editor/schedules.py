"""Schedules for tests, and the clock of the database, which a test can move."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.publishing import clock
from proctor.editor.schedules.planning import Wanted
from proctor.editor.schedules.services import schedule
from tests.editor.samples import shares, text_of

NAME = "buttontst"
ADA = command("ada")
HOUR = timedelta(hours=1)


def move_clock(monkeypatch, by):
    """Move the clock of the database forward by a timedelta."""
    found = {**clock._EPOCH}
    for vendor in ("sqlite", "postgresql", "mysql"):
        moved = f"({found[vendor]} + {by.total_seconds()})"
        monkeypatch.setitem(clock._EPOCH, vendor, moved)


def running_test(test=NAME, branch=None):
    """Create a test with a tenth of the visitors in live groups and return its head."""
    allocations = shares(control=0.05, inactive=0.9, blue=0.05)
    text = text_of(allocations=allocations, salt=f"&{test}")
    return services.edit(ADA, test, text, base=None, branch=branch).revision


def live(share):
    """Return shares that divide *share* equally between control and blue."""
    return {0: share / 2, 1: share / 2}


def ramp(*steps, guard=""):
    """Return steps from pairs of (share, hours from now); None publishes at once."""
    now = timezone.now()
    return [
        Wanted(None if hours is None else now + hours * HOUR, live(share), guard=guard)
        for share, hours in steps
    ]


def scheduled(*steps, test=NAME, branch="production", actor=ADA, head=None, guard="", **options):
    """Create a ramp of a test that has only its first revision."""
    head = head or running_test(test)
    wanted = ramp(*steps, guard=guard)
    return schedule(actor, test, branch, wanted, base=head.id, **options).proposal

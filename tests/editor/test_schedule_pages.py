"""The pages of schedules through Django's client, without JavaScript."""

from __future__ import annotations

import pytest
from django.utils import timezone

from proctor.editor.changes import services as changes
from proctor.editor.models import Proposal, ScheduledStep
from proctor.editor.pages.schedules import shown_schedules
from proctor.editor.publishing.heads import find_head
from proctor.editor.schedules.publisher import publish_due
from tests.editor.samples import shares
from tests.editor.schedules import ADA, HOUR, NAME, move_clock, running_test, scheduled
from tests.editor.test_pages import fields, signed_in, text

ROOT = "/proctor/"
RAMP = f"{ROOT}tests/{NAME}/schedule/"
PAGE = f"{ROOT}schedule/"


@pytest.fixture
def one(editor):
    editor.PROCTOR_EDITOR_BRANCHES = ("production",)
    return editor


@pytest.fixture
def head(one):
    return running_test()


@pytest.fixture
def grace(one):
    return signed_in("view", "edit", "stop")


def when(hours):
    return timezone.localtime(timezone.now() + hours * HOUR).strftime("%Y-%m-%dT%H:%M")


def form_of(client, **changed):
    """The fields that a browser would send after these were typed."""
    page = client.get(RAMP, {"branch": "production", "allocation": 1})
    assert page.status_code == 200
    sent = {
        key: each for key, each in fields(page).items() if not key.startswith(("share", "when"))
    }
    return {**sent, **changed}


def steps(*rows):
    """The form fields for rows of (percent, hours from now)."""
    found = {}
    for number, (share, hours) in enumerate(rows):
        found[f"share-{number}"] = str(share)
        found[f"when-{number}"] = "" if hours is None else when(hours)
    return found


def test_the_form_proposes_steps_above_the_share_of_now(head, grace):
    page = grace.get(RAMP, {"branch": "production"})
    sent = fields(page)
    assert [sent[f"share-{number}"] for number in range(3)] == ["25", "50", "100"]
    assert sent["when-0"] == ""
    assert "15 % of visitors enter, nobody changes groups." in text(page)


def test_a_ramp_is_seen_and_then_scheduled(head, grace):
    typed = form_of(grace, message="spring", **steps((20, None), (50, 48)))
    seen = grace.post(RAMP, {**typed, "do": "check"})
    assert "10 % of visitors enter" in text(seen)
    assert "30 % of visitors enter" in text(seen)
    assert not Proposal.objects.exists()
    done = grace.post(RAMP, {**typed, "do": "publish"})
    made = Proposal.objects.get()
    assert (done.status_code, done["Location"]) == (
        303,
        f"{PAGE}?made={made.pk}#schedule-{made.pk}",
    )
    assert [each.state for each in made.steps.all()] == ["published", "waiting"]
    page = text(grace.get(done["Location"]))
    assert "spring" in page
    assert "in 1 day, 23 hours" in page


def test_rows_come_and_go_without_a_script(head, grace):
    typed = form_of(grace, **steps((20, None)))
    more = fields(grace.post(RAMP, {**typed, "do": "add"}))
    assert more["share-1"] == "25"
    fewer = fields(grace.post(RAMP, {**typed, **steps((20, None), (50, 1)), "do": "remove-0"}))
    assert (fewer["share-0"], "share-1" in fewer) == ("50", False)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("much", None)], "Give a share from 0 to 100 %."),
        ([(120, None)], "Give a share from 0 to 100 %."),
        ([(20, None), (50, None)], "Only the first step can be published immediately."),
        ([(20, 5), (50, 1)], "is not after the time of the previous step"),
        ([(20, -5)], "is in the past"),
        ([(10, None)], "step has the same shares as the previous one"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_and_nothing_is_stored(head, grace, rows, words):
    page = grace.post(RAMP, {**form_of(grace, **steps(*rows)), "do": "publish"})
    assert page.status_code == 422
    assert words in text(page)
    assert not Proposal.objects.exists()


def test_a_time_that_is_none_is_said(head, grace):
    typed = form_of(grace, **{"share-0": "20", "when-0": "Monday"})
    page = grace.post(RAMP, {**typed, "do": "publish"})
    assert (page.status_code, "Enter a valid date/time." in text(page)) == (422, True)


def test_times_are_those_of_the_current_time_zone(head, grace, one):
    one.TIME_ZONE = "Asia/Tokyo"
    with timezone.override("Asia/Tokyo"):
        typed = form_of(grace, **{"share-0": "20", "when-0": "2099-01-01T09:00"})
        grace.post(RAMP, {**typed, "do": "publish"})
        assert ScheduledStep.objects.get().due.isoformat() == "2099-01-01T00:00:00+00:00"
        assert "Times are in Asia/Tokyo" in text(grace.get(PAGE))
        assert "Thu 1 Jan, 09:00" in text(grace.get(PAGE))


def edited(client, **changed):
    page = client.get(f"{ROOT}tests/{NAME}/edit/")
    return {**fields(page), "do": "publish", **changed}


def test_an_edit_is_published_later(head, grace, monkeypatch):
    typed = edited(grace, description="in spring", when=when(24), message="spring")
    done = grace.post(f"{ROOT}tests/{NAME}/edit/", typed)
    made = Proposal.objects.get()
    assert done["Location"] == f"{PAGE}?made={made.pk}#schedule-{made.pk}"
    assert find_head(NAME, "production") == head
    move_clock(monkeypatch, 25 * HOUR)
    assert len(list(publish_due())) == 1
    newest = find_head(NAME, "production")
    assert "in spring" in newest.definition
    assert (newest.kind, newest.on_behalf_of, newest.message) == ("edit", "grace", "spring")


def test_an_edit_at_a_time_that_is_none_keeps_what_was_typed(head, grace):
    typed = edited(grace, description="in spring", when="Monday")
    page = grace.post(f"{ROOT}tests/{NAME}/edit/", typed)
    assert page.status_code == 422
    assert "Enter a valid date/time." in text(page)
    assert fields(page)["when"] == "Monday"
    assert not Proposal.objects.exists()


def test_somebody_who_published_meanwhile_is_not_overwritten(head, grace):
    typed = form_of(grace, **steps((20, 1)))
    changes.ramp(ADA, NAME, "production", 0, {0: 0.2, 1: 0.2}, base=head.id)
    page = grace.post(RAMP, {**typed, "do": "publish"})
    assert (page.status_code, "Someone has published a change in the meantime" in text(page)) == (
        409,
        True,
    )


def test_a_running_schedule_is_changed_by_its_form(head, grace):
    old = scheduled((0.2, 24), (0.5, 48), head=head, message="first try")
    page = grace.get(RAMP, {"branch": "production"})
    sent = fields(page)
    assert (sent["share-0"], sent["share-1"], sent["message"]) == ("20", "50", "first try")
    assert f"This replaces schedule {old.pk} by ada" in text(page)
    grace.post(RAMP, {**sent, "share-0": "30", "do": "publish"})
    old.refresh_from_db()
    assert (old.state, Proposal.objects.count()) == ("withdrawn", 2)


def test_a_schedule_that_somebody_made_meanwhile_is_not_replaced(head, grace):
    typed = form_of(grace, **steps((20, 1)))
    scheduled((0.3, 24), head=head)
    page = grace.post(RAMP, {**typed, "do": "publish"})
    assert (page.status_code, "is already running on 'production'" in text(page)) == (422, True)


def test_a_blocked_step_is_shown_with_its_reason_and_what_one_can_do(head, grace, monkeypatch):
    made = scheduled((0.2, 1), head=head)
    made.steps.update(state="blocked", blocked_by="guard", problem="orders fell", try_at=None)
    page = grace.get(PAGE)
    assert "Waiting for someone to act 1" in text(page)
    assert "orders fell" in text(page)
    assert f"/schedule/{made.pk}/resume/" in page.content.decode()
    made.steps.update(blocked_by="base", problem="bob published")
    assert f"/schedule/{made.pk}/resume/" not in grace.get(PAGE).content.decode()


def test_a_blocked_step_goes_on_and_a_schedule_is_cancelled(head, grace, monkeypatch):
    made = scheduled((0.2, 1), (0.5, 2), head=head)
    made.steps.filter(position=0).update(state="blocked", blocked_by="guard", try_at=None)
    move_clock(monkeypatch, 1.5 * HOUR)
    page = f"{PAGE}{made.pk}/resume/"
    assert "Resume the schedule of buttontst" in text(grace.get(page))
    assert grace.post(page, {"message": "fine"})["Location"] == f"{PAGE}#schedule-{made.pk}"
    assert [each.state for each in made.steps.all()] == ["published", "waiting"]
    page = f"{PAGE}{made.pk}/cancel/"
    assert "Published steps stay as they are." in text(grace.get(page))
    grace.post(page, {"message": "enough"})
    assert [each.state for each in made.steps.all()] == ["published", "cancelled"]


def test_a_schedule_whose_test_has_changed_says_so_before_it_is_due(head, grace):
    scheduled((0.2, 24), head=head)
    changes.ramp(ADA, NAME, "production", 0, {0: 0.2, 1: 0.2}, base=head.id)
    assert "ada has since changed the test" in text(grace.get(PAGE))


def test_a_step_that_no_process_publishes_says_so(head, grace, monkeypatch):
    scheduled((0.2, 1), head=head)
    move_clock(monkeypatch, 1.05 * HOUR)
    assert "due, will be published soon" in text(grace.get(PAGE))
    move_clock(monkeypatch, 2 * HOUR)
    assert "no process has published" in text(grace.get(PAGE))


def test_the_page_of_a_test_shows_its_schedule_and_when_a_step_was_due(head, grace, monkeypatch):
    scheduled((0.2, 1), (0.5, 48), head=head)
    move_clock(monkeypatch, 2 * HOUR)
    assert len(list(publish_due())) == 1
    page = text(grace.get(f"{ROOT}tests/{NAME}/"))
    assert "scheduler for ada · ramp" in page
    assert "· due " in page
    assert "Schedule a ramp" in page
    assert "control 25 %" in page


def test_the_list_of_tests_says_which_are_scheduled(head, grace):
    made = scheduled((0.2, 24), head=head)
    assert "scheduled 1" in text(grace.get(ROOT))
    made.state = "withdrawn"
    made.save()
    assert "scheduled" not in text(grace.get(ROOT))


def test_a_test_that_cannot_be_ramped_says_why(one, grace):
    running_test()
    current = find_head(NAME, "production")
    from tests.editor.samples import document

    buckets = [each for each in document()["buckets"] if each["value"] >= 0]
    text_ = __import__("json").dumps(
        document(salt=f"&{NAME}", buckets=buckets, allocations=shares(control=0.5, blue=0.5))
    )
    changes.edit(ADA, NAME, text_, base=current.id)
    assert "no group with a value below 0" in text(grace.get(RAMP, {"branch": "production"}))


def test_where_approval_is_needed_the_ramp_becomes_a_proposal(head, grace, one):
    one.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    page = grace.get(RAMP, {"branch": "production"})
    assert "Ask for approval" in text(page)
    done = grace.post(RAMP, {**form_of(grace, **steps((20, None), (50, 24))), "do": "publish"})
    made = Proposal.objects.get()
    assert done["Location"] == f"{ROOT}review/{made.pk}/"
    kay = signed_in("view", "approve", "edit", name="kay")
    shown = kay.get(done["Location"])
    assert "10 % of visitors enter" in text(shown)
    sent = fields(shown)
    kay.post(done["Location"], {**sent, "do": "approve"})
    accepted = kay.post(done["Location"], {**sent, "do": "publish"})
    assert accepted["Location"] == f"{PAGE}?made={made.pk}#schedule-{made.pk}"
    assert [each.state for each in made.steps.all()] == ["published", "waiting"]


@pytest.mark.parametrize("page", [PAGE, f"{RAMP}?branch=production"])
def test_a_stranger_learns_which_permission_is_missing(head, page):
    response = signed_in(name="eve").get(page)
    assert response.status_code == 403
    assert "does not have the permission proctor_editor." in text(response)


def test_who_may_only_look_cannot_schedule_or_cancel(head):
    made = scheduled((0.2, 24), head=head)
    eve = signed_in("view", name="eve")
    assert eve.get(RAMP, {"branch": "production"}).status_code == 403
    assert eve.get(f"{PAGE}{made.pk}/cancel/").status_code == 403
    assert eve.post(f"{PAGE}{made.pk}/cancel/").status_code == 403
    page = eve.get(PAGE)
    assert NAME in text(page)
    assert "/cancel/" not in page.content.decode()


def test_a_schedule_that_does_not_exist_is_not_found(one, grace):
    assert grace.get(f"{PAGE}7/cancel/").status_code == 404


def test_the_page_takes_few_queries_for_many_schedules(one, grace, django_assert_max_num_queries):
    for number in range(10):
        scheduled((0.2, 24), (0.5, 48), test=f"{'abcdefghij'[number]}tst")
    grace.get(PAGE)
    with django_assert_max_num_queries(25):
        assert grace.get(PAGE).status_code == 200


def test_the_page_publishes_what_nobody_has_published_yet(head, grace, monkeypatch):
    scheduled((0.5, 1), head=head)
    told = []
    monkeypatch.setattr(shown_schedules, "is_test_run", lambda: False)
    monkeypatch.setattr(shown_schedules.background, "publish_soon", lambda: told.append("now"))
    grace.get(PAGE)
    assert not told
    move_clock(monkeypatch, 2 * HOUR)
    assert "overdue by" in text(grace.get(PAGE))
    assert told == ["now"]


def test_without_a_branch_the_last_one_is_shown(head, grace):
    page = grace.get(RAMP)
    assert page.status_code == 200
    assert fields(page)["branch"] == "production"

"""Schedules: publication of due steps, steps that wait, and guards."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from proctor.editor.access.permissions import command, person
from proctor.editor.changes import services as changes
from proctor.editor.errors import Closed, Conflict, Held, PermissionMissing, Refused
from proctor.editor.models import Approval, Branch, Comment, Hold, Kind, Proposal, Revision
from proctor.editor.models import ScheduledStep as Step
from proctor.editor.proposals import deciding
from proctor.editor.publishing.heads import definition_of, find_head, head_of
from proctor.editor.publishing.publishing import Signature
from proctor.editor.schedules import services
from proctor.editor.schedules.guards import GuardedStep, Verdict
from proctor.editor.schedules.planning import Wanted
from proctor.editor.schedules.publisher import LEASE, publish_due
from proctor.editor.serving.branch_matrix import read_newest
from proctor.editor.signals import changed
from tests.editor.api_client import user_with
from tests.editor.samples import text_of
from tests.editor.schedules import ADA, HOUR, NAME, live, move_clock, ramp, running_test, scheduled

#: What `guard` was asked, and what it answers: each test sets its own.
ASKED = []


def guard(step):
    """A guard of the site."""
    answer = ANSWERS[-1]
    ASKED.append((step, connection.in_atomic_block))
    if isinstance(answer, Exception):
        raise answer
    return answer


ANSWERS = [None]
GUARD = f"{__name__}.guard"


@pytest.fixture
def one(editor):
    """A site with one branch, whose database's clock can be moved."""
    editor.PROCTOR_EDITOR_BRANCHES = ("production",)
    editor.PROCTOR_EDITOR_GUARDS = (GUARD,)
    return editor


@pytest.fixture
def answers(monkeypatch):
    """Set the guard's answer; return the calls of the guard."""
    monkeypatch.setattr(f"{__name__}.ASKED", [])
    monkeypatch.setattr(f"{__name__}.ANSWERS", [None])

    def answer(verdict):
        ANSWERS[:] = [verdict]
        return ASKED

    return answer


@pytest.fixture
def later(monkeypatch):
    return lambda by: move_clock(monkeypatch, by)


def states(proposal):
    return [each.state for each in proposal.steps.order_by("position")]


def live_share(test=NAME, branch="production"):
    test = definition_of(head_of(test, branch)).test
    return sum(each.length for each in test.allocations[0].ranges if each.bucket_value >= 0)


def next_due(branch="production"):
    return Branch.objects.get(name=branch).next_due


def published():
    return [outcome.step.position + 1 for outcome in publish_due() if outcome.revision]


# What is published when


def test_the_first_step_is_published_at_once_and_the_next_is_due(one):
    made = scheduled((0.2, None), (0.5, 1), (1.0, 2))
    assert (made.state, states(made)) == ("accepted", ["published", "waiting", "waiting"])
    assert live_share() == pytest.approx(0.2)
    assert next_due() == made.steps.get(position=1).due


def test_nothing_is_published_before_it_is_due(one, later):
    made = scheduled((0.2, 1), (0.5, 2))
    later(0.99 * HOUR)
    assert published() == []
    later(0.02 * HOUR)
    assert published() == [1]
    assert states(made) == ["published", "waiting"]


def test_overdue_steps_are_published_in_their_order(one, later):
    made = scheduled((0.2, 1), (0.5, 2), (1.0, 3))
    later(4 * HOUR)
    assert published() == [1, 2, 3]
    made.refresh_from_db()
    assert (made.state, next_due()) == ("published", None)
    assert live_share() == pytest.approx(1.0)


def test_steps_of_several_tests_are_published_in_the_order_of_their_times(one, later):
    scheduled((0.2, 2), (0.5, 4), test="firsttst")
    scheduled((0.2, 1), (0.5, 3), test="secondtst")
    later(5 * HOUR)
    order = [each.step.test for each in publish_due()]
    assert order == ["secondtst", "firsttst", "secondtst", "firsttst"]


def test_each_step_is_made_from_the_one_before_it_by_the_scheduler_for_a_person(one, later):
    made = scheduled((0.2, None), (0.5, 1), message="spring")
    later(2 * HOUR)
    assert published() == [2]
    first, second, third = Revision.objects.order_by("version")
    assert (second.made_from, third.made_from) == (first, second)
    assert (third.author, third.on_behalf_of, third.message) == ("scheduler", "ada", "spring")
    assert (third.kind, third.due) == (Kind.RAMP, made.steps.get(position=1).due)
    # The time is the real one, an hour after it was due.
    assert third.time - third.due == pytest.approx(HOUR, abs=timedelta(minutes=1))


def test_a_change_of_a_whole_definition_is_scheduled(one, later):
    head = running_test()
    text = text_of(description="in spring", salt=f"&{NAME}")
    wanted = [Wanted(timezone.now() + HOUR, text=text)]
    services.schedule(ADA, NAME, "production", wanted, base=head.id)
    later(2 * HOUR)
    assert published() == [1]
    found = find_head(NAME, "production")
    assert (found.kind, definition_of(found).test.description) == ("edit", "in spring")


def test_ids_that_a_step_will_use_are_not_given_to_another_change(editor):
    head = running_test()
    promoted = changes.promote(ADA, NAME, "trunk", "production", revision=head.id, base=None)
    halves = {0: 0.5, 1: 0.5}  # people jump: the id moves on
    wanted = [
        Wanted(timezone.now() + HOUR, halves),
        Wanted(timezone.now() + 2 * HOUR, {0: 1, 1: 0}),
    ]
    made = services.schedule(ADA, NAME, "production", wanted, base=promoted.revision.id).proposal
    ids = [json.loads(each.allocation_ids) for each in made.steps.order_by("position")]
    taken = {each for part in ids for each in part}
    jump = changes.ramp(ADA, NAME, "trunk", 0, {0: 0.5, 1: 0.5}, base=head.id).revision
    jump = changes.ramp(ADA, NAME, "trunk", 0, {0: 1.0, 1: 0.0}, base=jump.id).revision
    new = {*json.loads(jump.allocation_ids)} - {*json.loads(head.allocation_ids)}
    assert new
    assert not new & taken


def test_a_look_without_anything_due_is_one_row(one, django_assert_num_queries):
    scheduled((0.2, 1))
    with django_assert_num_queries(1):
        assert not read_newest("production", "default").is_due


def test_the_row_says_when_something_is_due(one, later):
    scheduled((0.2, 1))
    later(2 * HOUR)
    assert read_newest("production", "default").is_due
    assert published() == [1]
    assert not read_newest("production", "default").is_due


def test_what_is_due_on_another_branch_is_noticed_too(editor, later):
    head = running_test()
    changes.promote(ADA, NAME, "trunk", "production", revision=head.id, base=None)
    scheduled((0.2, 1), head=head, branch="trunk")
    assert not read_newest("production", "default").is_due
    later(2 * HOUR)
    assert read_newest("production", "default").is_due


def test_the_command_prints_what_it_published(one, later, capsys):
    scheduled((0.2, 1))
    call_command("proctor_publish_due")
    assert capsys.readouterr().out == ""
    later(2 * HOUR)
    call_command("proctor_publish_due")
    assert f"published: {NAME} on production, step 1, due" in capsys.readouterr().out


# What waits for a person


def test_a_step_whose_test_has_changed_waits_and_says_why(one, later):
    made = scheduled((0.2, None), (0.5, 1), (1.0, 2))
    head = find_head(NAME, "production")
    other = changes.ramp(command("bob"), NAME, "production", 0, live(0.3), base=head.id)
    later(3 * HOUR)
    (outcome,) = publish_due()
    assert outcome.revision is None
    assert f"bob published revision {other.revision.id} (ramp)" in outcome.problem
    step = made.steps.get(position=1)
    assert (step.state, step.blocked_by) == ("blocked", "base")
    assert (states(made)[2], next_due()) == ("waiting", None)
    assert list(publish_due()) == []
    assert live_share() == pytest.approx(0.3)


@pytest.mark.django_db(transaction=True)
def test_blocking_is_told_and_kept_in_the_history(one, later):
    made = scheduled((0.2, 1))
    changes.stop(ADA, NAME, "production", reason="it hurts")
    told = []

    def receive(proposal, event, actor, **_others):
        told.append((proposal.pk, event, actor))

    changed.connect(receive)
    later(2 * HOUR)
    try:
        assert published() == []
    finally:
        changed.disconnect(receive)
    assert told == [(made.pk, "blocked", "scheduler")]
    comment = made.comments.last()
    assert (comment.event, comment.author) == (Comment.Event.BLOCKED, "scheduler")
    assert "Step 1: the test is held; ada stopped it: it hurts" in comment.text


def test_a_step_of_a_test_that_was_stopped_cannot_go_on_after_the_release(one, later):
    made = scheduled((0.2, 1))
    changes.stop(ADA, NAME, "production", reason="it hurts")
    later(2 * HOUR)
    list(publish_due())
    assert made.steps.get().blocked_by == "hold"
    changes.release(ADA, NAME, "production")
    assert made.steps.get().state == "waiting"
    list(publish_due())
    step = made.steps.get()
    assert (step.state, step.blocked_by) == ("blocked", "base")
    assert "(stop), but the step is based on" in step.problem


def test_a_step_whose_base_still_matches_goes_on_after_the_release(one, later):
    made = scheduled((0.2, 1))
    head = find_head(NAME, "production")
    branch = Branch.objects.get()
    Hold.objects.create(
        branch=branch, test=NAME, revision=head, reason="x", author="ada", time=timezone.now()
    )
    later(2 * HOUR)
    list(publish_due())
    assert made.steps.get().blocked_by == "hold"
    changes.release(ADA, NAME, "production")
    assert published() == [1]


def test_a_step_that_the_engine_would_drop_waits(one, later):
    head = running_test()
    changes.edit(ADA, "parenttst", text_of(salt="&p"), base=None)
    text = text_of(salt=f"&{NAME}", dependsOn={"testName": "parenttst", "bucketValue": 1})
    made = services.schedule(
        ADA, NAME, "production", [Wanted(timezone.now() + HOUR, text=text)], base=head.id
    ).proposal
    parent = find_head("parenttst", "production")
    changes.delete(ADA, "parenttst", "production", base=parent.id)
    later(2 * HOUR)
    list(publish_due())
    step = made.steps.get()
    assert (step.state, step.blocked_by) == ("blocked", "invalid")
    assert "parenttst" in step.problem


def test_a_schedule_that_somebody_changed_in_the_database_is_not_published(one, later):
    made = scheduled((0.2, 1))
    Step.objects.update(definition=made.steps.get().definition.replace("colour", "color"))
    later(2 * HOUR)
    list(publish_due())
    assert made.steps.get().blocked_by == "approval"


def test_an_error_of_our_own_blocks_one_step_and_no_other(one, later, monkeypatch):
    scheduled((0.2, 1), test="firsttst")
    scheduled((0.2, 2), test="secondtst")
    inner = Signature

    def failing(*args, **options):
        if Step.objects.filter(test="firsttst", state="waiting").exists():
            raise ZeroDivisionError
        return inner(*args, **options)

    monkeypatch.setattr("proctor.editor.schedules.publisher.Signature", failing)
    later(3 * HOUR)
    outcomes = [(each.step.test, each.problem[:17]) for each in publish_due()]
    assert outcomes == [("firsttst", "publishing failed"), ("secondtst", "")]


def test_the_command_says_what_waits(one, later, capsys):
    scheduled((0.2, 1))
    changes.stop(ADA, NAME, "production", reason="it hurts")
    later(2 * HOUR)
    with pytest.raises(CommandError, match="1 due step was not published") as failure:
        call_command("proctor_publish_due")
    assert failure.value.returncode == 1
    assert "the test is held" in capsys.readouterr().err


# What people do


def test_a_cancelled_schedule_publishes_nothing_more(one, later):
    made = scheduled((0.2, None), (0.5, 1))
    services.cancel(ADA, made.pk, message="not now")
    assert (states(made), next_due()) == (["published", "cancelled"], None)
    later(2 * HOUR)
    assert published() == []
    assert made.comments.last().text == "not now"
    with pytest.raises(Closed, match="is over: withdrawn"):
        services.cancel(ADA, made.pk)


def test_a_test_has_one_running_schedule_which_can_be_replaced(one, later):
    made = scheduled((0.2, 1))
    head = find_head(NAME, "production")
    with pytest.raises(
        Refused, match=f"schedule {made.pk} by ada is already running on 'production'"
    ):
        scheduled((0.3, 1), head=head)
    new = scheduled((0.3, 1), head=head, replaces=made.pk)
    made.refresh_from_db()
    assert (made.state, states(made)) == ("withdrawn", ["cancelled"])
    later(2 * HOUR)
    assert published() == [1]
    assert states(new) == ["published"]
    assert live_share() == pytest.approx(0.3)


def test_a_blocked_schedule_goes_on_from_a_new_base_with_new_times(one, later):
    made = scheduled((0.2, 1), (0.5, 2))
    head = find_head(NAME, "production")
    moved = changes.ramp(ADA, NAME, "production", 0, live(0.15), base=head.id).revision
    later(1.5 * HOUR)
    list(publish_due())
    now = timezone.now() + 1.5 * HOUR
    new = services.reschedule(ADA, made.pk, {1: None, 2: now + HOUR}, base=moved.id).proposal
    assert (states(new), new.revision_kind) == (["published", "waiting"], "ramp")
    assert live_share() == pytest.approx(0.2)


def test_times_must_come_one_after_the_other_and_in_the_future(one):
    head = running_test()
    for steps, words in [
        ([(0.2, -1)], "step 1: .* is in the past"),
        ([(0.2, 2), (0.5, 1)], "step 2: .* is not after the time of the previous step"),
        ([(0.2, 1), (0.5, None)], "step 2 has no time"),
        ([], "expected 1 to 50 steps, got 0"),
        ([(0.1, 1)], "a step has the same shares as the previous one"),
        ([(1.5, 1)], "the maximum is 100 %"),
    ]:
        with pytest.raises(Refused, match=words):
            scheduled(*steps, head=head)
    assert not Proposal.objects.exists()


def test_a_schedule_of_an_old_base_or_a_held_test_is_refused(one):
    head = running_test()
    changes.ramp(ADA, NAME, "production", 0, live(0.3), base=head.id)
    with pytest.raises(Conflict):
        scheduled((0.2, 1), head=head)
    stopped = changes.stop(ADA, NAME, "production", reason="x").revision
    with pytest.raises(Held):
        scheduled((0.2, 1), head=stopped)


# Approvals


@pytest.fixture
def approving(one):
    one.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    return person(user_with("edit", "view", name="grace")), person(
        user_with("approve", "view", "edit", name="kay")
    )


def approve(actor, made):
    return deciding.approve(actor, made.pk, content=made.content_hash, base=made.base_id)


def test_a_schedule_waits_for_approval_as_a_whole(approving, later):
    grace, kay = approving
    made = scheduled((0.2, None), (0.5, 1), actor=grace)
    assert (made.state, states(made), next_due()) == ("open", ["proposed"] * 2, None)
    approve(kay, made)
    done = services.accept(kay, made.pk)
    assert (done.state, states(done)) == ("accepted", ["published", "waiting"])
    later(2 * HOUR)
    assert published() == [2]
    newest = find_head(NAME, "production")
    assert (newest.on_behalf_of, newest.approver_names) == ("grace", ["kay"])


def test_a_schedule_is_not_accepted_without_approval(approving):
    from proctor.editor.errors import ApprovalNeeded

    grace, _ = approving
    made = scheduled((0.2, 1), actor=grace)
    with pytest.raises(ApprovalNeeded):
        services.accept(grace, made.pk)
    assert states(made) == ["proposed"]


def test_an_approval_that_is_void_by_then_blocks_the_step(approving, later):
    grace, kay = approving
    made = scheduled((0.2, 1), actor=grace)
    approve(kay, made)
    services.accept(grace, made.pk)
    kay.user.is_active = False
    kay.user.save()
    later(2 * HOUR)
    list(publish_due())
    step = made.steps.get()
    assert (step.blocked_by, step.problem) == (
        "approval",
        "approvals needed: 1; still valid: 0",
    )
    with pytest.raises(Refused, match="cannot be resumed: approvals needed: 1"):
        services.resume(grace, made.pk)


def test_an_approval_is_for_exact_steps_and_times(approving):
    grace, kay = approving
    made = scheduled((0.2, 1), actor=grace)
    approve(kay, made)
    Step.objects.update(due=timezone.now() + 9 * HOUR)
    assert Approval.objects.count() == 1
    from proctor.editor.errors import ApprovalNeeded

    with pytest.raises(ApprovalNeeded):
        services.accept(grace, made.pk)


def test_whoever_lacks_the_permission_of_the_branch_schedules_nothing(one):
    head = running_test()
    for actor in (person(user_with("view", "approve", "stop", name="eve")),):
        with pytest.raises(PermissionMissing):
            scheduled((0.2, 1), head=head, actor=actor)


# Guards


@pytest.mark.parametrize("verdict", [None, "go", Verdict.go()])
def test_a_guard_lets_a_step_pass(one, later, answers, verdict):
    asked = answers(verdict)
    scheduled((0.2, None), head=running_test(), guard=GUARD)
    assert live_share() == pytest.approx(0.2)
    ((step, _),) = asked
    assert isinstance(step, GuardedStep)
    assert (step.test, step.branch, step.number, step.steps) == (NAME, "production", 1, 1)
    assert step.person == "ada"
    assert step.before.allocations != step.after.allocations


@pytest.mark.django_db(transaction=True)
def test_a_guard_is_asked_outside_of_any_transaction(one, answers):
    asked = answers(None)
    scheduled((0.2, None), guard=GUARD)
    assert [is_inside for _, is_inside in asked] == [False]


def test_a_guard_holds_a_step_until_a_person_lets_it_go_on(one, later, answers):
    answers(Verdict.hold("orders fell by 4 %"))
    made = scheduled((0.2, 1), (0.5, 2), guard=GUARD)
    later(3 * HOUR)
    list(publish_due())
    step = made.steps.get(position=0)
    assert (step.blocked_by, step.problem) == ("guard", "orders fell by 4 %")
    assert live_share() == pytest.approx(0.1)
    answers(None)
    services.resume(ADA, made.pk, message="that was a holiday")
    assert states(made) == ["published", "published"]


def test_a_guard_stops_the_test(one, later, answers):
    answers(Verdict.stop("payments are harmed"))
    made = scheduled((0.2, 1), guard=GUARD)
    later(2 * HOUR)
    list(publish_due())
    newest = find_head(NAME, "production")
    assert (newest.kind, newest.author, newest.on_behalf_of) == ("stop", "scheduler", "ada")
    assert newest.message == "payments are harmed"
    assert Hold.objects.get().reason == "payments are harmed"
    step = made.steps.get()
    assert (step.blocked_by, step.problem) == (
        "hold",
        "the guard stopped the test: payments are harmed",
    )


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (ZeroDivisionError("secret"), "failed: ZeroDivisionError"),
        (True, "returned True; expected None or a Verdict"),
        (Verdict.hold(""), "gave no reason"),
    ],
)
def test_a_guard_that_fails_holds_the_step(one, later, answers, answer, problem):
    answers(answer)
    made = scheduled((0.2, 1), guard=GUARD)
    later(2 * HOUR)
    list(publish_due())
    step = made.steps.get()
    assert step.blocked_by == "guard"
    assert problem in step.problem
    assert "secret" not in step.problem


def test_only_guards_of_the_setting_are_called(one, later, answers):
    head = running_test()
    with pytest.raises(Refused, match=r"PROCTOR_EDITOR_GUARDS has no guard 'os.abort'"):
        scheduled((0.2, 1), head=head, guard="os.abort")
    made = scheduled((0.2, 1), head=head, guard=GUARD)
    one.PROCTOR_EDITOR_GUARDS = ()
    later(2 * HOUR)
    list(publish_due())
    assert "ValueError" in made.steps.get().problem


def test_while_a_guard_is_asked_others_leave_the_step_alone(one, later, answers, monkeypatch):
    found = []

    def asked(path, step):
        found.append((list(publish_due()), next_due() - timezone.now()))
        return Verdict.go()

    monkeypatch.setattr("proctor.editor.schedules.publisher.ask", asked)
    scheduled((0.2, 1), guard=GUARD)
    later(2 * HOUR)
    assert published() == [1]
    ((others, pause),) = found
    assert others == []
    assert pause == pytest.approx(2 * HOUR + LEASE, abs=timedelta(minutes=1))


def test_a_process_killed_in_a_guard_is_replaced_after_a_while(one, later, answers, monkeypatch):
    def killed(path, step):
        raise KeyboardInterrupt

    monkeypatch.setattr("proctor.editor.schedules.publisher.ask", killed)
    scheduled((0.2, 1), guard=GUARD)
    later(2 * HOUR)
    with pytest.raises(KeyboardInterrupt):
        published()
    monkeypatch.undo()
    one.PROCTOR_EDITOR_GUARDS = (GUARD,)
    move_clock(monkeypatch, 2 * HOUR + 2 * LEASE)
    assert published() == [1]


def test_a_ramp_has_no_more_steps_than_the_limit(one):
    head = running_test()
    with pytest.raises(Refused, match="expected 1 to 50 steps, got 51"):
        services.schedule(
            ADA, NAME, "production", ramp(*((0.2, hour) for hour in range(1, 52))), base=head.id
        )

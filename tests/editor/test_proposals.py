"""Proposals: permissions, and changes that make approvals void."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Permission, User

from proctor.editor.access.permissions import command, person
from proctor.editor.access.tokens import Scope, actor_of_token, create_token
from proctor.editor.changes import services
from proctor.editor.changes.proposed import publish_proposal
from proctor.editor.changes.updating import rebase_proposal, update_proposal
from proctor.editor.errors import (
    ApprovalNeeded,
    Changed,
    Closed,
    Conflict,
    Held,
    NotFound,
    OwnApproval,
    PermissionMissing,
    Refused,
)
from proctor.editor.models import Approval, Comment, Kind, Proposal, Revision
from proctor.editor.proposals import deciding
from proctor.editor.proposals.approvals import counting_approvals, is_approved
from proctor.editor.signals import changed
from tests.editor.api_client import NAME, user_with
from tests.editor.mailing import send_mail_by
from tests.editor.samples import document, shares, text_of

WRITER = ("view", "edit", "delete", "promote_qa", "promote_production", "stop")


@pytest.fixture
def site(editor):
    """A test on trunk and production. On production, one other person must approve."""
    made = services.edit(command(), NAME, text_of(), base=None).revision
    services.promote(command(), NAME, "trunk", "production", revision=made.id, base=None)
    services.edit(
        command(), NAME, text_of(allocations=shares(inactive=0.4, blue=0.6)), base=made.id
    )
    editor.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    return editor


@pytest.fixture
def ada(site):
    return person(user_with(*WRITER))


@pytest.fixture
def grace(site):
    return person(user_with("view", "approve", name="grace"))


def head(branch="production"):
    return Revision.objects.filter(branch__name=branch).order_by("-version")[0]


def proposed(actor, **options):
    """Ada's proposal to give everyone blue on production."""
    done = services.finish(actor, NAME, "production", 1, base=head().id, **options)
    return done.proposal


def approve(actor, proposal):
    fresh = Proposal.objects.get(pk=proposal.pk)
    return deciding.approve(actor, fresh.pk, content=fresh.content_hash, base=fresh.base_id)


def test_an_approved_proposal_is_published_with_its_author_and_its_approvers(ada, grace):
    proposal = proposed(ada, message="blue won")
    with pytest.raises(ApprovalNeeded, match=r"1 other person \(0 so far\)"):
        publish_proposal(ada, proposal.pk)
    approve(grace, proposal)
    done = publish_proposal(ada, proposal.pk)
    found = done.revision
    assert (found.author, found.approver_names, found.kind) == ("ada", ["grace"], Kind.FINISH)
    assert found.message == "blue won"
    assert head() == found
    proposal.refresh_from_db()
    assert (proposal.state, proposal.revision, proposal.published_by) == ("published", found, "ada")


# -- Whose approval counts --------------------------------------------------------------------


def test_two_approvals_are_two_people(ada, grace, site):
    site.PROCTOR_EDITOR_APPROVALS = {"production": 2}
    proposal = proposed(ada)
    approve(grace, proposal)
    approve(grace, proposal)
    with pytest.raises(ApprovalNeeded, match=r"2 other people \(1 so far\)"):
        publish_proposal(ada, proposal.pk)
    approve(person(user_with("view", "approve", name="eve")), proposal)
    done = publish_proposal(ada, proposal.pk)
    assert done.revision.approver_names == ["grace", "eve"]


def test_nobody_approves_what_they_wrote(site):
    boss = person(User.objects.create_superuser("boss"))
    proposal = proposed(boss)
    with pytest.raises(OwnApproval, match="boss wrote part of it"):
        approve(boss, proposal)
    # Nor does it count if it came into the database in another way.
    Approval.objects.create(
        proposal=proposal,
        approver="boss",
        approver_key=boss.user.pk,
        content_hash=proposal.content_hash,
        base_id=proposal.base_id,
        time=proposal.created,
    )
    assert not is_approved(proposal)
    with pytest.raises(ApprovalNeeded):
        publish_proposal(boss, proposal.pk)


def test_another_name_does_not_make_the_author_another_person(site):
    boss = User.objects.create_superuser("boss")
    proposal = proposed(person(boss))
    boss.username = "someone-else"
    boss.save()
    with pytest.raises(OwnApproval):
        approve(person(boss), proposal)


@pytest.mark.parametrize("act", [deciding.approve, deciding.reject])
def test_neither_a_token_nor_a_command_decides(ada, act):
    proposal = proposed(ada)
    boss = User.objects.create_superuser("boss")
    token = actor_of_token(create_token(boss, "ci", Scope)[1])
    options = {"content": proposal.content_hash, "base": proposal.base_id}
    if act is deciding.reject:
        options = {"reason": "no"}
    for actor in (token, command()):
        with pytest.raises(PermissionMissing, match="only a signed-in person"):
            act(actor, proposal.pk, **options)


def gone(user):
    user.delete()


def inactive(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def without_permission(user):
    user.user_permissions.remove(Permission.objects.get(codename="approve"))


@pytest.mark.parametrize("loss", [gone, inactive, without_permission])
def test_an_approval_counts_while_its_person_may_approve(ada, grace, loss):
    proposal = proposed(ada)
    approve(grace, proposal)
    assert is_approved(proposal)
    loss(grace.user)
    assert counting_approvals(proposal) == []
    with pytest.raises(ApprovalNeeded):
        publish_proposal(ada, proposal.pk)


def test_a_person_of_the_same_name_as_one_who_left_has_approved_nothing(ada, grace):
    proposal = proposed(ada)
    approve(grace, proposal)
    grace.user.delete()
    user_with("view", "approve", name="grace")
    found = counting_approvals(proposal)
    # SQLite may give the key of a deleted row again.
    assert found == [] or User.objects.get(username="grace").pk == grace.user_id


def test_a_backend_that_keeps_people_from_a_test_keeps_them_from_approving_it(ada, grace, site):
    proposal = proposed(ada)
    approve(grace, proposal)
    site.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_proposals.NotThisTest",
        "django.contrib.auth.backends.ModelBackend",
    ]
    assert counting_approvals(proposal) == []


class NotThisTest:
    def authenticate(self, request):
        return None

    def has_perm(self, user, permission, obj=None):
        if permission.endswith("approve") and obj == NAME:
            from django.core.exceptions import PermissionDenied

            raise PermissionDenied
        return False


# -- Void approvals ---------------------------------------------------------------------------


def edit_on_trunk(ada, site):
    """A proposal to edit the test on the first branch."""
    site.PROCTOR_EDITOR_APPROVALS = {"trunk": 1}
    text = text_of(allocations=shares(inactive=0.1, blue=0.9))
    return services.edit(ada, NAME, text, base=head("trunk").id, message="more").proposal


def test_an_edit_of_the_proposal_voids_approvals_and_makes_a_contributor(ada, grace, site):
    proposal = edit_on_trunk(ada, site)
    approve(grace, proposal)
    both = person(user_with("view", "edit", "approve", name="eve"))
    text = text_of(allocations=shares(inactive=0.2, blue=0.8))
    changed = update_proposal(
        both, proposal.pk, text, content=proposal.content_hash, base=proposal.base_id
    ).proposal
    assert changed.contributor_names == ["ada", "eve"]
    assert changed.content_hash != proposal.content_hash
    assert not is_approved(changed)
    with pytest.raises(OwnApproval):
        approve(both, changed)
    with pytest.raises(Changed, match="review it again"):
        deciding.approve(grace, proposal.pk, content=proposal.content_hash, base=proposal.base_id)
    approve(grace, changed)
    revision = publish_proposal(ada, proposal.pk).revision
    assert (revision.author, revision.approver_names) == ("ada", ["grace"])
    assert '"length" : 0.8' in revision.definition


def test_going_back_to_what_was_approved_needs_a_new_approval(ada, grace, site):
    proposal = edit_on_trunk(ada, site)
    approve(grace, proposal)
    first = text_of(allocations=shares(inactive=0.1, blue=0.9))
    other = text_of(allocations=shares(inactive=0.2, blue=0.8))
    content = proposal.content_hash
    for text in (other, first):
        content = update_proposal(
            ada, proposal.pk, text, content=content, base=proposal.base_id
        ).proposal.content_hash
    assert content == proposal.content_hash
    assert not is_approved(Proposal.objects.get(pk=proposal.pk))


def test_two_people_change_a_proposal_and_the_second_looks_again(ada, site):
    proposal = edit_on_trunk(ada, site)
    options = {"content": proposal.content_hash, "base": proposal.base_id}
    other = text_of(allocations=shares(inactive=0.2, blue=0.8))
    update_proposal(ada, proposal.pk, other, **options)
    with pytest.raises(Changed):
        update_proposal(ada, proposal.pk, text_of(description="z"), **options)


def test_what_was_written_past_the_services_voids_approvals(ada, grace):
    proposal = proposed(ada)
    approve(grace, proposal)
    Proposal.objects.update(definition=text_of())
    with pytest.raises(ApprovalNeeded):
        publish_proposal(ada, proposal.pk)


def move_the_base():
    """Publish on production as someone else in the meantime."""
    return services.ramp(
        command("eve"), NAME, "production", 0, {0: 0.2, 1: 0.1}, base=head().id
    ).revision


def test_a_proposal_whose_base_has_moved_is_not_published_until_it_is_made_again(ada, grace):
    proposal = proposed(ada)
    approve(grace, proposal)
    moved = move_the_base()
    with pytest.raises(Conflict) as error:
        publish_proposal(ada, proposal.pk)
    assert (error.value.base, error.value.head) == (proposal.base_id, moved.id)
    with pytest.raises(Conflict):
        approve(person(user_with("view", "approve", name="tim")), proposal)
    again = rebase_proposal(ada, proposal.pk, content=proposal.content_hash, base=moved.id).proposal
    assert again.base_id == moved.id
    assert not is_approved(again)
    approve(grace, again)
    assert publish_proposal(ada, proposal.pk).revision.made_from_id == moved.id


def test_a_rebase_needs_the_newest_base_and_changes_it(ada):
    proposal = proposed(ada)
    content = proposal.content_hash
    with pytest.raises(Refused, match="nothing was changed"):
        rebase_proposal(ada, proposal.pk, content=content, base=proposal.base_id)
    move_the_base()
    with pytest.raises(Conflict):
        rebase_proposal(ada, proposal.pk, content=content, base=proposal.base_id)
    with pytest.raises(Changed):
        rebase_proposal(ada, proposal.pk, content="0" * 64, base=head().id)


def acts_on_production(actor):
    older, newest = Revision.objects.filter(branch__name="production").order_by("version")[:2]
    latest = head("trunk")
    options = {"base": newest.id}
    return {
        "promote": lambda: services.promote(
            actor, NAME, "trunk", "production", revision=latest.id, **options
        ),
        "ramp": lambda: services.ramp(actor, NAME, "production", 0, {1: 0.3, 0: 0.1}, **options),
        "finish": lambda: services.finish(actor, NAME, "production", 1, **options),
        "roll back": lambda: services.roll_back(actor, NAME, "production", older.id, **options),
        "revert": lambda: services.revert(actor, NAME, "production", newest.id, **options),
        "delete": lambda: services.delete(actor, NAME, "production", **options),
    }


@pytest.mark.parametrize("act", ["promote", "ramp", "finish", "roll back", "revert", "delete"])
def test_each_change_is_proposed_approved_and_published(ada, grace, act):
    services.ramp(command(), NAME, "production", 0, {1: 0.2, 0: 0.2}, base=head().id)
    proposal = acts_on_production(ada)[act]().proposal
    assert proposal.revision_kind == act
    before = head()
    approve(grace, proposal)
    found = publish_proposal(ada, proposal.pk).revision
    assert (found.kind, found.made_from_id) == (act, before.id)
    assert found.is_deletion == (act == "delete")
    promoted = head("trunk").id if act == "promote" else None
    assert found.promoted_from_id == promoted


@pytest.mark.parametrize("act", ["promote", "ramp", "finish", "roll back", "delete"])
def test_each_change_can_be_made_again_on_a_base_that_moved(ada, grace, act):
    services.ramp(command(), NAME, "production", 0, {1: 0.2, 0: 0.2}, base=head().id)
    proposal = acts_on_production(ada)[act]().proposal
    moved = services.ramp(
        command(), NAME, "production", 0, {1: 0.25, 0: 0.25}, base=head().id
    ).revision
    again = rebase_proposal(ada, proposal.pk, content=proposal.content_hash, base=moved.id).proposal
    approve(grace, again)
    assert publish_proposal(ada, proposal.pk).revision.kind == act


def test_a_revert_of_what_is_not_the_newest_any_more_is_proposed_anew(ada):
    services.ramp(command(), NAME, "production", 0, {1: 0.2, 0: 0.2}, base=head().id)
    proposal = acts_on_production(ada)["revert"]().proposal
    moved = move_the_base()
    with pytest.raises(Refused, match="withdraw it"):
        rebase_proposal(ada, proposal.pk, content=proposal.content_hash, base=moved.id)


def test_only_an_edit_can_get_another_definition(ada):
    proposal = proposed(ada)
    with pytest.raises(Refused, match="only an edit can be changed"):
        update_proposal(
            ada, proposal.pk, text_of(), content=proposal.content_hash, base=proposal.base_id
        )


def test_a_creation_is_proposed_and_can_be_changed(ada, grace, site):
    site.PROCTOR_EDITOR_APPROVALS = {"trunk": 1}
    proposal = services.edit(ada, "newtst", text_of(salt="&n"), base=None).proposal
    assert proposal.revision_kind == Kind.CREATE
    changed = update_proposal(
        ada,
        proposal.pk,
        text_of(salt="&n", description="better"),
        content=proposal.content_hash,
        base=None,
        message="better",
    ).proposal
    approve(grace, changed)
    found = publish_proposal(ada, proposal.pk).revision
    assert (found.kind, found.message, found.made_from) == (Kind.CREATE, "better", None)
    assert '"#A1"' in found.definition


# -- Closed and held --------------------------------------------------------------------------


def test_a_closed_proposal_stays_closed(ada, grace):
    rejected, withdrawn, published = (
        services.ramp(ada, NAME, "production", 0, {1: 0.3, 0: share}, base=head().id).proposal
        for share in (0.1, 0.2, 0.3)
    )
    deciding.reject(grace, rejected.pk, reason="too early")
    deciding.withdraw(ada, withdrawn.pk)
    approve(grace, published)
    publish_proposal(ada, published.pk)
    for each in (rejected, withdrawn, published):
        for act in (
            lambda each=each: approve(grace, each),
            lambda each=each: deciding.reject(grace, each.pk, reason="no"),
            lambda each=each: deciding.withdraw(ada, each.pk),
            lambda each=each: publish_proposal(ada, each.pk),
            lambda each=each: rebase_proposal(ada, each.pk, content="", base=None),
        ):
            with pytest.raises(Closed):
                act()
    deciding.comment(ada, rejected.pk, text="what now?")


def test_a_held_test_is_not_published_whoever_asks(ada, grace):
    proposal = proposed(ada)
    approve(grace, proposal)
    services.stop(ada, NAME, "production", reason="it hurts")
    services.release(ada, NAME, "production")
    # The stop has moved the base; put it back to see the hold alone.
    proposal = rebase_proposal(
        ada, proposal.pk, content=proposal.content_hash, base=head().id
    ).proposal
    approve(grace, proposal)
    services.stop(command(), NAME, "production", reason="again")
    Proposal.objects.update(base=head())
    Approval.objects.update(base=head())
    boss = person(User.objects.create_superuser("boss"))
    for actor in (ada, boss, command()):
        with pytest.raises(Held, match="again"):
            publish_proposal(actor, proposal.pk)
    with pytest.raises(Held):
        proposed(ada)


def test_the_same_is_proposed_once(ada):
    assert proposed(ada).pk == proposed(ada).pk
    assert Proposal.objects.count() == 1


# -- Permissions --------------------------------------------------------------------------------

NEEDED = {
    "approve": {"view", "approve"},
    "reject": {"view", "approve"},
    "withdraw": {"view", "promote_production"},
    "comment": {"view"},
    "publish": {"view", "promote_production"},
    "rebase": {"view", "promote_production"},
}
EVERYTHING = frozenset({*WRITER, "approve", "override"})


def act_on(act, actor, proposal):
    number = proposal.pk
    calls = {
        "approve": lambda: approve(actor, proposal),
        "reject": lambda: deciding.reject(actor, number, reason="no"),
        "withdraw": lambda: deciding.withdraw(actor, number),
        "comment": lambda: deciding.comment(actor, number, text="hm"),
        "publish": lambda: publish_proposal(actor, number),
        "rebase": lambda: rebase_proposal(
            actor, number, content=proposal.content_hash, base=head().id
        ),
    }
    return calls[act]()


@pytest.mark.parametrize("act", NEEDED)
def test_exactly_these_permissions_are_needed(ada, grace, act):
    proposal = proposed(ada)
    if act == "publish":
        approve(grace, proposal)
    if act == "rebase":
        move_the_base()
    for number, missing in enumerate(sorted(NEEDED[act])):
        actor = person(user_with(*EVERYTHING - {missing}, name=f"user{number}"))
        with pytest.raises(PermissionMissing, match=f"proctor_editor.{missing}"):
            act_on(act, actor, proposal)
    actor = person(user_with(*NEEDED[act], name="enough"))
    if act == "withdraw":
        # Others reject; those who wrote it withdraw.
        with pytest.raises(PermissionMissing, match="Others can reject it"):
            act_on(act, actor, proposal)
        Proposal.objects.update(contributors="ada\nenough")
    act_on(act, actor, proposal)


def test_publishing_a_deletion_takes_the_permission_to_delete(ada, grace):
    proposal = services.delete(ada, NAME, "production", base=head().id).proposal
    approve(grace, proposal)
    with pytest.raises(PermissionMissing, match=r"proctor_editor\.delete"):
        publish_proposal(person(user_with("view", "promote_production", name="eve")), proposal.pk)
    assert publish_proposal(ada, proposal.pk).revision.is_deletion


def test_a_proposal_that_does_not_exist_is_not_found(ada):
    for number in (1, 2**70):
        with pytest.raises(NotFound):
            deciding.withdraw(ada, number)


def test_words_are_needed_to_reject_and_to_comment(ada, grace):
    proposal = proposed(ada)
    with pytest.raises(Refused, match="needs a reason"):
        deciding.reject(grace, proposal.pk, reason=" ")
    with pytest.raises(Refused, match="must not be empty"):
        deciding.comment(grace, proposal.pk, text=" ")


# -- What is wrong by now, and ids --------------------------------------------------------------


def test_what_the_engine_would_drop_by_now_is_not_published(ada, grace, site):
    site.PROCTOR_EDITOR_APPROVALS = {"trunk": 1}
    parent = {"testName": NAME, "bucketValue": 1}
    text = text_of(salt="&child", dependsOn=parent)
    proposal = services.edit(ada, "childtst", text, base=None).proposal
    approve(grace, proposal)
    services.delete(command(), NAME, "trunk", base=head("trunk").id)
    with pytest.raises(Refused):
        publish_proposal(ada, proposal.pk)


def test_ids_of_open_proposals_are_not_given_to_other_changes(ada, site):
    site.PROCTOR_EDITOR_APPROVALS = {"trunk": 1}
    known = document()
    both = [
        text_of(
            allocations=[
                {"rule": f"country == '{country}'", "ranges": known["allocations"][0]["ranges"]},
                *shares(inactive=0.4, blue=0.6),
            ]
        )
        for country in ("DE", "AT")
    ]
    one, two = (
        services.edit(ada, NAME, text, base=head("trunk").id).proposal.definition for text in both
    )
    assert _ids(one).isdisjoint(_ids(two) - _ids(head("trunk").definition))


def _ids(text):
    return {each["id"] for each in json.loads(text)["allocations"]}


# -- Who is told --------------------------------------------------------------------------------


@pytest.fixture
def told():
    found = []

    def receive(sender, proposal, event, actor, **_kwargs):
        found.append((sender, proposal.test, event, actor))

    changed.connect(receive)
    yield found
    changed.disconnect(receive)


def test_a_signal_tells_of_everything_after_the_commit(
    ada, grace, told, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        first = proposed(ada)
        deciding.comment(grace, first.pk, text="why?")
        deciding.reject(grace, first.pk, reason="not yet")
        second = proposed(ada)
        approve(grace, second)
        publish_proposal(ada, second.pk)
        third = services.finish(ada, NAME, "production", 0, base=head().id).proposal
        deciding.withdraw(ada, third.pk)
        assert told == []
    assert {(sender, test) for sender, test, *_ in told} == {(Proposal, NAME)}
    assert [(event, actor) for *_, event, actor in told] == [
        ("opened", "ada"),
        ("commented", "grace"),
        ("rejected", "grace"),
        ("opened", "ada"),
        ("approved", "grace"),
        ("published", "ada"),
        ("opened", "ada"),
        ("withdrawn", "ada"),
    ]
    events = Comment.objects.order_by("pk").values_list("event", flat=True)
    assert list(events) == [event for *_, event, _actor in told]


def test_a_receiver_that_raises_hurts_nobody(ada, caplog, django_capture_on_commit_callbacks, told):
    def fail(**_kwargs):
        raise ValueError("secret")

    changed.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            proposed(ada)
    finally:
        changed.disconnect(fail)
    assert len(told) == 1
    (said,) = [each.getMessage() for each in caplog.records if each.name == "proctor.editor"]
    assert said.startswith("A receiver of the 'changed' signal")
    assert "secret" not in said


def test_people_who_may_approve_get_a_mail(
    ada, grace, site, mailoutbox, django_capture_on_commit_callbacks
):
    User.objects.filter(username__in=["ada", "grace"]).update(email="x@example.com")
    User.objects.filter(username="grace").update(email="grace@example.com")
    User.objects.create_superuser("boss", "boss@example.com")
    user_with("view", name="eve")
    User.objects.filter(username="eve").update(email="eve@example.com")
    send_mail_by(site)
    site.PROCTOR_EDITOR_EMAIL = "https://shop.example/"
    with django_capture_on_commit_callbacks(execute=True):
        proposal = proposed(ada, message="blue won")
        assert mailoutbox == []
    assert sorted(mail.to for mail in mailoutbox) == [["boss@example.com"], ["grace@example.com"]]
    assert mailoutbox[0].subject == "ada asks for approval: edit of buttontst on production"
    assert "blue won" in mailoutbox[0].body
    assert f"https://shop.example/proctor/review/{proposal.pk}/" in mailoutbox[0].body


def test_no_mail_is_sent_if_the_setting_says_so(
    ada, grace, site, mailoutbox, django_capture_on_commit_callbacks
):
    User.objects.update(email="grace@example.com")
    send_mail_by(site)
    site.PROCTOR_EDITOR_EMAIL = False
    with django_capture_on_commit_callbacks(execute=True):
        proposed(ada)
    assert mailoutbox == []


def test_no_mail_is_sent_if_the_settings_do_not_say_how(
    ada, grace, mailoutbox, django_capture_on_commit_callbacks
):
    User.objects.update(email="grace@example.com")
    with django_capture_on_commit_callbacks(execute=True):
        proposed(ada)
    assert mailoutbox == []


def test_mail_that_fails_is_logged_once_and_breaks_nothing(
    ada, grace, site, caplog, django_capture_on_commit_callbacks
):
    User.objects.update(email="grace@example.com")
    send_mail_by(site, "tests.editor.test_proposals.NoBackend")
    with django_capture_on_commit_callbacks(execute=True):
        first = proposed(ada)
        deciding.withdraw(ada, first.pk)
        proposed(ada)
    (said,) = [each.getMessage() for each in caplog.records if each.name == "proctor.editor"]
    assert said.startswith("Mail about proposals cannot be sent: OSError")


class NoBackend:
    def __init__(self, **_options):
        """Accept Django's arguments."""

    def send_messages(self, _messages):
        raise OSError("no network")

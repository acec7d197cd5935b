"""Who may do what: permissions, backends that know single tests, approvals and tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from proctor.editor.access.permissions import command, person
from proctor.editor.access.tokens import Scope, actor_of_token, create_token
from proctor.editor.changes import services
from proctor.editor.errors import PermissionMissing
from proctor.editor.models import Revision, Token
from tests.editor.samples import shares, text_of

NAME = "buttontst"
#: The permissions that each service requires, on a later branch and on the first.
ACTS = {
    "edit": ({"edit"}, None),
    "delete": ({"delete", "edit"}, {"delete", "promote_production"}),
    "promote": (None, {"promote_production"}),
    "ramp": ({"edit"}, {"promote_production"}),
    "finish": ({"edit"}, {"promote_production"}),
    "roll back": ({"edit"}, {"promote_production"}),
    "revert": ({"edit"}, {"promote_production"}),
    "stop": ({"stop"}, {"stop"}),
    "release": ({"stop"}, {"stop"}),
    "check": ({"view"}, {"view"}),
}
ALL = (
    *("view", "edit", "approve", "stop", "delete", "override"),
    *("promote_qa", "promote_production"),
)
TABLE = [
    (act, branch, permissions)
    for act, pair in ACTS.items()
    for branch, permissions in zip(("trunk", "production"), pair, strict=True)
    if permissions is not None
]


def user_with(*permissions, name="ada"):
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def tests_on_branches(editor):
    """A test on trunk and production, changed once on both."""
    anybody = command()
    first = services.edit(anybody, NAME, text_of(), base=None).revision
    live = services.promote(
        anybody, NAME, "trunk", "production", revision=first.id, base=None
    ).revision
    second = services.edit(
        anybody, NAME, text_of(allocations=shares(inactive=0.8, blue=0.2)), base=first.id
    ).revision
    later = services.promote(
        anybody, NAME, "trunk", "production", revision=second.id, base=live.id
    ).revision
    third = services.edit(
        anybody, NAME, text_of(description="x", allocations=shares(control=1.0)), base=second.id
    ).revision
    return {
        "trunk": (second, third),
        "production": (live, later),
    }


def act_on(act, actor, branch, revisions):
    older, head = revisions[branch]
    calls = {
        "edit": lambda: services.edit(actor, NAME, text_of(description="y"), base=head.id),
        "delete": lambda: services.delete(actor, NAME, branch, base=head.id),
        "promote": lambda: services.promote(
            actor, NAME, "trunk", branch, revision=revisions["trunk"][1].id, base=head.id
        ),
        "ramp": lambda: services.ramp(actor, NAME, branch, 0, {1: 0.5, 0: 0.1}, base=head.id),
        "finish": lambda: services.finish(actor, NAME, branch, 1, base=head.id),
        "roll back": lambda: services.roll_back(actor, NAME, branch, older.id, base=head.id),
        "revert": lambda: services.revert(actor, NAME, branch, head.id, base=head.id),
        "stop": lambda: services.stop(actor, NAME, branch, reason="it hurts"),
        "release": lambda: services.release(actor, NAME, branch),
        "check": lambda: services.check(actor, branch, NAME, text_of()),
    }
    if act == "release":
        services.stop(command(), NAME, branch, reason="it hurts")
    return calls[act]()


@pytest.mark.parametrize(("act", "branch", "permissions"), TABLE)
def test_these_permissions_are_enough(tests_on_branches, act, branch, permissions):
    act_on(act, person(user_with(*permissions)), branch, tests_on_branches)


@pytest.mark.parametrize(("act", "branch", "permissions"), TABLE)
def test_without_any_one_of_them_it_is_refused(tests_on_branches, act, branch, permissions):
    before = Revision.objects.count()
    for number, missing in enumerate(sorted(permissions)):
        others = {*ALL} - {missing}
        actor = person(user_with(*others, name=f"user{number}"))
        with pytest.raises(PermissionMissing, match=f"proctor_editor.{missing}"):
            act_on(act, actor, branch, tests_on_branches)
    assert Revision.objects.count() <= before + 1  # the stop before a release


def test_nobody_in_particular_may_nothing(tests_on_branches):
    for act, branch, _ in TABLE:
        with pytest.raises(PermissionMissing):
            act_on(act, person(AnonymousUser()), branch, tests_on_branches)


def test_the_message_says_who_has_the_permission(editor):
    user_with("edit", name="grace")
    with pytest.raises(PermissionMissing) as error:
        services.edit(person(user_with("view")), NAME, text_of(), base=None)
    assert str(error.value) == (
        "ada does not have the permission proctor_editor.edit for 'buttontst' on 'trunk'. "
        "People with this permission: grace."
    )


class OwnTests:
    """A backend that lets people edit their own tests, and denies access to one test."""

    def authenticate(self, request):
        return None

    def has_perm(self, user, permission, obj=None):
        if obj == "forbiddentst":
            raise PermissionDenied
        return obj is not None and obj.startswith(user.get_username())


def test_a_backend_can_give_and_take_single_tests(editor):
    editor.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_access.OwnTests",
        "django.contrib.auth.backends.ModelBackend",
    ]
    limited, editor_of_all = person(user_with()), person(user_with("edit", name="grace"))
    services.edit(limited, "adatst", text_of(), base=None)
    with pytest.raises(PermissionMissing):
        services.edit(limited, NAME, text_of(), base=None)
    services.edit(editor_of_all, NAME, text_of(salt="&b"), base=None)
    with pytest.raises(PermissionMissing):
        services.edit(editor_of_all, "forbiddentst", text_of(salt="&c"), base=None)


APPROVED = ("promote", "ramp", "finish", "roll back", "revert", "delete")


@pytest.mark.parametrize("act", APPROVED)
def test_every_publication_on_the_branch_is_proposed(tests_on_branches, editor, act):
    editor.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    boss = person(User.objects.create_superuser("boss"))
    before = Revision.objects.count()
    done = act_on(act, boss, "production", tests_on_branches)
    assert Revision.objects.count() == before
    assert done.proposal.revision_kind == act


def test_a_stop_needs_no_approval(tests_on_branches, editor):
    editor.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    boss = person(User.objects.create_superuser("boss"))
    services.stop(boss, NAME, "production", reason="it hurts")
    services.release(boss, NAME, "production")


# -- Tokens ---------------------------------------------------------------------------------

SCOPES = {
    "edit": {Scope.EDIT},
    "delete": {Scope.EDIT, Scope.PROMOTE},
    "promote": {Scope.PROMOTE},
    "ramp": {Scope.PROMOTE},
    "stop": {Scope.STOP},
    "check": {Scope.READ, Scope.EDIT, Scope.PROMOTE, Scope.STOP},
}


@pytest.mark.parametrize("act", SCOPES)
@pytest.mark.parametrize("scope", [*Scope])
def test_a_scope_narrows_a_token(tests_on_branches, act, scope):
    boss = User.objects.create_superuser("boss")
    actor = actor_of_token(create_token(boss, "ci", [scope])[1])
    branch = "trunk" if act == "edit" else "production"
    allowed = scope in SCOPES[act]
    if act == "delete":
        # Deleting from a later branch counts as publishing there.
        allowed = scope is Scope.PROMOTE
    if allowed:
        act_on(act, actor, branch, tests_on_branches)
    else:
        with pytest.raises(PermissionMissing, match="The token does not allow"):
            act_on(act, actor, branch, tests_on_branches)


def test_a_token_never_exceeds_its_user(tests_on_branches):
    user = user_with("edit")
    actor = actor_of_token(create_token(user, "ci", Scope)[1])
    with pytest.raises(PermissionMissing):
        act_on("promote", actor, "production", tests_on_branches)
    user.user_permissions.clear()
    secret = create_token(user, "ci", Scope)[1]
    with pytest.raises(PermissionMissing):
        act_on("edit", actor_of_token(secret), "trunk", tests_on_branches)


def test_a_token_may_be_for_one_branch_only(tests_on_branches):
    boss = User.objects.create_superuser("boss")
    actor = actor_of_token(create_token(boss, "ci", Scope, branches=["trunk"])[1])
    act_on("edit", actor, "trunk", tests_on_branches)
    with pytest.raises(PermissionMissing):
        act_on("stop", actor, "production", tests_on_branches)


def test_a_token_cannot_approve(editor):
    actor = actor_of_token(create_token(User.objects.create_superuser("boss"), "ci", Scope)[1])
    assert not actor.may("approve", branch="production")


def test_a_token_that_is_not_good_is_nobody(editor):
    boss = User.objects.create_superuser("boss")
    token, secret = create_token(boss, "ci", [Scope.READ])
    assert secret not in str(Token.objects.values().get())
    assert actor_of_token(secret).name == "boss"
    for forged in ("", secret[:-1], secret + "x", token.digest, "\ud800"):
        assert actor_of_token(forged) is None
    Token.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert actor_of_token(secret) is None
    Token.objects.update(expires=None)
    User.objects.update(is_active=False)
    assert actor_of_token(secret) is None


def test_the_use_of_a_token_is_noted_now_and_then(editor, django_assert_num_queries):
    secret = create_token(User.objects.create_superuser("boss"), "ci", [Scope.READ])[1]
    actor_of_token(secret)
    assert Token.objects.get().last_used is not None
    with django_assert_num_queries(1):
        actor_of_token(secret)


def test_the_command_prints_a_token_once(editor, capsys):
    User.objects.create_superuser("boss")
    call_command("proctor_token", "ci", "--user", "boss", "--scope", "read", "--branch", "qa")
    secret = capsys.readouterr().out.strip()
    assert actor_of_token(secret).branches == {"qa"}
    for arguments, words in (
        (("--user", "eve", "--scope", "read"), "no user 'eve'"),
        (("--user", "boss", "--scope", "reed"), "did you mean 'read'"),
        (("--user", "boss", "--scope", "read", "--branch", "x"), "no branch 'x'"),
        (("--user", "boss", "--scope", "read", "--days", "0"), "expected 1 or more, got 0"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("proctor_token", "ci", *arguments)

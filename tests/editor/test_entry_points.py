"""Permissions through every entry point: the same table applies to all of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from proctor.editor.access.permissions import command, person
from proctor.editor.access.tokens import Scope
from proctor.editor.applications.registering import forget, register
from proctor.editor.changes import services
from proctor.editor.errors import PermissionMissing
from proctor.editor.models import Hold, Proposal, Revision
from proctor.editor.publishing.heads import find_head
from proctor.editor.schedules import services as schedules
from proctor.editor.schedules.planning import Wanted
from tests.editor.api_client import NAME, Api, api_of, user_with
from tests.editor.samples import document, shares, text_of

EVERYTHING = frozenset(
    {
        *("view", "edit", "approve", "stop", "delete", "override", "register"),
        *("promote_qa", "promote_production"),
    }
)
#: The permissions that an action on a branch requires.
TABLE = {
    ("read", "trunk"): {"view"},
    ("read", "production"): {"view"},
    ("history", "trunk"): {"view"},
    ("list", "production"): {"view"},
    ("check", "trunk"): {"view"},
    ("check", "production"): {"view"},
    ("edit", "trunk"): {"edit"},
    ("create", "trunk"): {"edit"},
    ("promote", "qa"): {"promote_qa"},
    ("promote", "production"): {"promote_production"},
    ("roll back", "trunk"): {"edit"},
    ("roll back", "production"): {"promote_production"},
    ("delete", "trunk"): {"delete", "edit"},
    ("delete", "production"): {"delete", "promote_production"},
    ("stop", "trunk"): {"stop"},
    ("stop", "production"): {"stop"},
    ("release", "production"): {"stop"},
    ("ramp", "trunk"): {"edit"},
    ("ramp", "production"): {"promote_production"},
    ("finish", "production"): {"promote_production"},
    ("override", "production"): {"promote_production", "override"},
    ("register", "production"): {"register"},
    ("forget", "trunk"): {"register"},
    ("schedule", "trunk"): {"edit"},
    ("schedule", "production"): {"promote_production"},
    ("schedule now", "production"): {"promote_production"},
    ("cancel", "production"): {"promote_production"},
    ("resume", "production"): {"promote_production"},
}
#: The token scopes of each permission, and the actions that only services have.
SCOPES = {
    "view": {*Scope} - {Scope.REGISTER},
    "edit": {Scope.EDIT},
    "delete": {Scope.EDIT, Scope.PROMOTE},
    "stop": {Scope.STOP},
    "promote_qa": {Scope.PROMOTE},
    "promote_production": {Scope.PROMOTE},
    "override": {Scope.PROMOTE},
    "register": {Scope.REGISTER},
}
ONLY_SERVICES = ("ramp", "finish")
#: Actions that need no approval even if the branch requires approvals.
UNAPPROVED = (
    *("read", "history", "list", "check", "stop", "release"),
    *("register", "forget", "cancel", "resume"),
)
#: The specification of an application that does not declare the group blue.
NO_BLUE = {"tests": {NAME: {"buckets": {"control": 0}, "fallbackValue": 0}}}


@pytest.fixture
def revisions(editor):
    """A test on all branches, changed once on each: the older revision and the head."""
    anybody = command()
    old = services.edit(anybody, NAME, text_of(), base=None).revision
    new = services.edit(
        anybody, NAME, text_of(allocations=shares(inactive=0.8, blue=0.2)), base=old.id
    ).revision
    found = {"trunk": (old.id, new.id)}
    for branch in ("qa", "production"):
        pair, base = [], None
        for each in (old, new):
            base = services.promote(
                anybody, NAME, "trunk", branch, revision=each.id, base=base
            ).revision.id
            pair.append(base)
        found[branch] = (*pair,)
    latest = services.edit(
        anybody, NAME, text_of(description="x", allocations=shares(control=1.0)), base=new.id
    ).revision
    found["trunk"] = (new.id, latest.id)
    return found


def by_service(user, act, branch, revisions):
    """Return whether the service lets the user act. (Reading has no service and uses the actor.)"""
    actor = user if not hasattr(user, "get_username") else person(user)
    older, head = revisions[branch]
    latest = revisions["trunk"][1]
    acts = {
        "read": lambda: actor.require("view", test=NAME, branch=branch),
        "history": lambda: actor.require("view", test=NAME, branch=branch),
        "list": lambda: actor.require("view", branch=branch),
        "check": lambda: services.check(actor, branch, NAME, text_of()),
        "edit": lambda: services.edit(actor, NAME, text_of(description="y"), base=head),
        "create": lambda: services.edit(actor, "newtst", text_of(salt="&n"), base=None),
        "promote": lambda: services.promote(
            actor, NAME, "trunk", branch, revision=latest, base=head
        ),
        "roll back": lambda: services.roll_back(actor, NAME, branch, older, base=head),
        "delete": lambda: services.delete(actor, NAME, branch, base=head),
        "stop": lambda: services.stop(actor, NAME, branch, reason="it hurts"),
        "release": lambda: services.release(actor, NAME, branch),
        "ramp": lambda: services.ramp(actor, NAME, branch, 0, {1: 0.5, 0: 0.1}, base=head),
        "finish": lambda: services.finish(actor, NAME, branch, 1, base=head),
        "override": lambda: services.roll_back(
            actor, NAME, branch, older, base=head, override="agreed"
        ),
        "register": lambda: register(actor, "mobile", branch, "{}"),
        "forget": lambda: forget(actor, "mobile", branch),
        "schedule": lambda: schedules.schedule(
            actor, NAME, branch, [Wanted(later(), {1: 0.5, 0: 0.1})], base=head
        ),
        "schedule now": lambda: schedules.schedule(
            actor, NAME, branch, [Wanted(None, {1: 0.5, 0: 0.1})], base=head
        ),
        "cancel": lambda: schedules.cancel(actor, scheduled_id()),
        "resume": lambda: schedules.resume(actor, scheduled_id()),
    }
    try:
        done = acts[act]()
    except PermissionMissing as error:
        return error.code
    is_open = isinstance(done, schedules.Scheduled) and not done.is_accepted
    return "proposed" if is_open or isinstance(done, services.Proposed) else "allowed"


def later():
    return timezone.now() + timedelta(hours=1)


def scheduled_id():
    return Proposal.objects.get(kind="schedule").pk


def scheduling(branch, base, due):
    """The request to schedule a ramp."""
    step = {"due": due, "shares": {"blue": 0.5, "control": 0.1}}
    return {"test": NAME, "branch": branch, "base": base, "steps": [step]}


def by_api(api, act, branch, revisions):
    """The API's response: allowed, proposed, or the code of the refusal."""
    older, head = revisions[branch]
    latest = revisions["trunk"][1]
    test = f"tests/{NAME}/"
    acts = {
        "read": lambda: api.get(test, branch=branch),
        "history": lambda: api.get(f"{test}history/", branch=branch),
        "list": lambda: api.get("tests/", branch=branch),
        "check": lambda: api.post(
            "check/", {"branch": branch, "test": NAME, "base": head, "definition": document()}
        ),
        "edit": lambda: api.put(document(description="y"), head),
        "create": lambda: api.put(document(salt="&n"), None, test="newtst"),
        "promote": lambda: api.post(
            f"{test}promote/", {"from": "trunk", "to": branch, "revision": latest, "base": head}
        ),
        "roll back": lambda: api.post(
            f"{test}rollback/", {"branch": branch, "revision": older, "base": head}
        ),
        "delete": lambda: api("DELETE", test, branch=branch, base=head),
        "stop": lambda: api.post(f"{test}stop/", {"branch": branch, "reason": "it hurts"}),
        "release": lambda: api.post(f"{test}release/", {"branch": branch}),
        "override": lambda: api.post(
            f"{test}rollback/",
            {"branch": branch, "revision": older, "base": head, "override": "agreed"},
        ),
        "register": lambda: api("PUT", f"applications/mobile/{branch}/", {}),
        "forget": lambda: api("DELETE", f"applications/mobile/{branch}/"),
        "schedule": lambda: api.post("schedules/", scheduling(branch, head, later().isoformat())),
        "schedule now": lambda: api.post("schedules/", scheduling(branch, head, None)),
        "cancel": lambda: api.post(f"schedules/{scheduled_id()}/cancel/", {}),
        "resume": lambda: api.post(f"schedules/{scheduled_id()}/resume/", {}),
    }
    response = acts[act]()
    if response.status_code == 403:
        return response.json()["error"]["code"]
    assert response.status_code in (200, 201, 202), response.content
    return "proposed" if response.status_code == 202 else "allowed"


def by_session(user, *rest):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    api = Api(client=client)
    client.cookies["csrftoken"] = "a" * 32
    api.headers = {"X-CSRFToken": "a" * 32}
    return by_api(api, *rest)


def by_token(user, *rest):
    return by_api(api_of(user), *rest)


ENTRIES = {"service": by_service, "session": by_session, "token": by_token}
ROWS = [
    pytest.param(entry, act, branch, id=f"{entry}-{act}-{branch}")
    for entry in ENTRIES
    for act, branch in TABLE
    if entry == "service" or act not in ONLY_SERVICES
]


def prepare(act, branch):
    if act == "release":
        services.stop(command(), NAME, branch, reason="it hurts")
    if act == "forget":
        register(command(), "mobile", branch, "{}")
    if act == "override":
        register(command(), "mobile", branch, json.dumps(NO_BLUE))
    if act in ("cancel", "resume"):
        base = find_head(NAME, branch).id
        steps = [Wanted(later(), {1: 0.5, 0: 0.1})]
        made = schedules.schedule(command(), NAME, branch, steps, base=base).proposal
        if act == "resume":
            made.steps.update(state="blocked", blocked_by="guard", try_at=None)


@pytest.mark.parametrize(("entry", "act", "branch"), ROWS)
def test_exactly_these_permissions_are_needed(revisions, entry, act, branch):
    prepare(act, branch)
    attempt, needed = ENTRIES[entry], TABLE[act, branch]
    before = Revision.objects.count(), Hold.objects.filter(released=None).count()
    for number, missing in enumerate(sorted(needed)):
        user = user_with(*EVERYTHING - {missing}, name=f"user{number}")
        assert attempt(user, act, branch, revisions) == "permission"
    assert attempt(user_with(name="nobody"), act, branch, revisions) == "permission"
    assert (Revision.objects.count(), Hold.objects.filter(released=None).count()) == before
    assert attempt(user_with(*needed), act, branch, revisions) == "allowed"


@pytest.mark.parametrize(("entry", "act", "branch"), ROWS)
def test_whatever_publishes_is_proposed_except_a_stop(revisions, editor, entry, act, branch):
    prepare(act, branch)
    editor.PROCTOR_EDITOR_APPROVALS = {branch: 1}
    before = Revision.objects.count()
    found = ENTRIES[entry](user_with(*EVERYTHING), act, branch, revisions)
    if act in UNAPPROVED:
        assert found == "allowed"
    else:
        assert (found, Revision.objects.count()) == ("proposed", before)


@pytest.mark.parametrize("scope", [*Scope])
@pytest.mark.parametrize(("act", "branch"), [row for row in TABLE if row[0] not in ONLY_SERVICES])
def test_a_scope_lets_through_its_own_permissions(revisions, scope, act, branch):
    prepare(act, branch)
    allowed = all(scope in SCOPES[each] for each in TABLE[act, branch])
    api = api_of(user_with(*EVERYTHING), [scope])
    assert by_api(api, act, branch, revisions) == ("allowed" if allowed else "permission")


@pytest.mark.parametrize(("act", "branch"), [row for row in TABLE if row[0] not in ONLY_SERVICES])
def test_a_token_is_for_its_branches(revisions, act, branch):
    prepare(act, branch)
    user = user_with(*EVERYTHING)
    others = {"trunk", "qa", "production"} - {branch}
    assert by_api(api_of(user, branches=others), act, branch, revisions) == "permission"
    assert by_api(api_of(user, branches=[branch]), act, branch, revisions) == "allowed"


@pytest.mark.parametrize(("act", "branch"), TABLE)
def test_a_command_needs_no_permission_and_no_approval(revisions, editor, act, branch):
    prepare(act, branch)
    editor.PROCTOR_EDITOR_APPROVALS = {branch: 1}
    assert by_service(command(), act, branch, revisions) == "allowed"


def test_the_commands_themselves_need_none_either(revisions, editor, tmp_path):
    editor.PROCTOR_EDITOR_APPROVALS = {"production": 2}
    call_command("proctor_export", branch="trunk", output=tmp_path / "tree")
    call_command("proctor_import", str(tmp_path / "tree"), branch="production", user="nobody")
    newest = Revision.objects.filter(branch__name="production").order_by("-version")[0]
    assert (newest.author, newest.kind) == ("nobody", "import")

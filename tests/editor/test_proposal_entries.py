"""Permissions for proposals, through services, sessions, tokens and pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from proctor.editor.access.permissions import command, person
from proctor.editor.access.tokens import Scope
from proctor.editor.changes import services
from proctor.editor.changes.proposed import publish_proposal
from proctor.editor.changes.updating import rebase_proposal
from proctor.editor.errors import EditorError
from proctor.editor.models import Comment, Proposal, Revision
from proctor.editor.proposals import deciding
from proctor.editor.proposals.finding import find_proposal
from tests.editor.api_client import NAME, Api, api_of, user_with
from tests.editor.samples import document, text_of

EVERYTHING = frozenset(
    {
        *("view", "edit", "approve", "stop", "delete", "override"),
        *("promote_qa", "promote_production"),
    }
)
#: What an act takes. Those who withdraw must have written it, too.
TABLE = {
    "list": {"view"},
    "read": {"view"},
    "propose": {"promote_production"},
    "propose an edit": {"edit"},
    "approve": {"view", "approve"},
    "reject": {"view", "approve"},
    "withdraw": {"view", "promote_production"},
    "comment": {"view"},
    "publish": {"view", "promote_production"},
    "update": {"view", "promote_production"},
}
#: Acts that only people do, who are signed in.
PERSONAL = ("approve", "reject")
#: What scopes let through. A token comments where it may publish.
SCOPES = {
    "view": {*Scope} - {Scope.REGISTER},
    "edit": {Scope.EDIT},
    "promote_production": {Scope.PROMOTE},
}


@pytest.fixture
def proposal(editor):
    """A proposal by Ada that Grace has approved, and whose base can be moved."""
    made = services.edit(command(), NAME, text_of(), base=None).revision
    live = services.promote(
        command(), NAME, "trunk", "production", revision=made.id, base=None
    ).revision
    services.edit(command(), NAME, text_of(description="newer"), base=made.id)
    editor.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    ada = person(User.objects.create_superuser("ada"))
    return services.finish(ada, NAME, "production", 1, base=live.id).proposal


def prepare(act, proposal):
    if act == "publish":
        grace = person(user_with("view", "approve", name="grace"))
        content, base = proposal.content_hash, proposal.base_id
        deciding.approve(grace, proposal.pk, content=content, base=base)
    if act == "update":
        services.ramp(command(), NAME, "production", 0, {0: 0.2, 1: 0.2}, base=live())


def live(branch="production"):
    return Revision.objects.filter(branch__name=branch).order_by("-version")[0].id


def wrote(act, user):
    """Make the user one of the proposal's authors, if the action requires that."""
    if act == "withdraw":
        Proposal.objects.update(contributors=f"ada\n{user.get_username()}")


def by_service(user, act, proposal):
    actor, number = person(user), proposal.pk
    seen = {"content": proposal.content_hash, "base": proposal.base_id}
    acts = {
        "list": lambda: actor.require("view", branch="production"),
        "read": lambda: find_proposal(actor, number),
        "propose": lambda: services.finish(actor, NAME, "production", 0, base=live()),
        "propose an edit": lambda: services.edit(
            actor, "newtst", text_of(salt="&n"), base=None, review=True
        ),
        "approve": lambda: deciding.approve(actor, number, **seen),
        "reject": lambda: deciding.reject(actor, number, reason="no"),
        "withdraw": lambda: deciding.withdraw(actor, number),
        "comment": lambda: deciding.comment(actor, number, text="hm"),
        "publish": lambda: publish_proposal(actor, number, **seen),
        "update": lambda: rebase_proposal(
            actor, number, content=proposal.content_hash, base=live()
        ),
    }
    try:
        acts[act]()
    except EditorError as error:
        return error.code
    return "allowed"


def by_api(api, act, proposal):
    seen = {"hash": proposal.content_hash, "base": proposal.base_id}
    one = f"proposals/{proposal.pk}/"
    edit = {"kind": "edit", "test": "newtst", "base": None, "definition": document(salt="&n")}
    promotion = {"from": "trunk", "to": "production", "revision": live("trunk")}
    acts = {
        "list": lambda: api.get("proposals/"),
        "read": lambda: api.get(one),
        "propose": lambda: api.post(
            "proposals/", {"kind": "promote", "test": NAME, "base": live(), **promotion}
        ),
        "propose an edit": lambda: api.post("proposals/", edit),
        "approve": lambda: api.post(f"{one}approve/", seen),
        "reject": lambda: api.post(f"{one}reject/", {"reason": "no"}),
        "withdraw": lambda: api.post(f"{one}withdraw/", {}),
        "comment": lambda: api.post(f"{one}comment/", {"text": "hm"}),
        "publish": lambda: api.post(f"{one}publish/", seen),
        "update": lambda: api("PUT", one, {"hash": proposal.content_hash, "base": live()}),
    }
    response = acts[act]()
    if response.status_code >= 400:
        return response.json()["error"]["code"]
    return "allowed"


def by_session(user, *rest):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies["csrftoken"] = "a" * 32
    api = Api(client=client)
    api.headers = {"X-CSRFToken": "a" * 32}
    return by_api(api, *rest)


def by_token(user, *rest):
    return by_api(api_of(user), *rest)


def by_page(user, act, proposal):
    client = Client()
    client.force_login(user)
    one = f"/proctor/review/{proposal.pk}/"
    seen = {"hash": proposal.content_hash, "base": proposal.base_id}
    finish = {"branch": "production", "value": "0", "base": live()}
    edited = {"mode": "json", "json": text_of(salt="&n"), "new": "1", "test": "newtst"}
    acts = {
        "list": lambda: client.get("/proctor/review/"),
        "read": lambda: client.get(one),
        "propose": lambda: client.post(f"/proctor/tests/{NAME}/finish/", finish),
        "propose an edit": lambda: client.post(
            "/proctor/create/", {**edited, "base": "", "do": "publish"}
        ),
        "approve": lambda: client.post(one, {**seen, "do": "approve"}),
        "reject": lambda: client.post(one, {"do": "reject", "text": "no"}),
        "withdraw": lambda: client.post(one, {"do": "withdraw"}),
        "comment": lambda: client.post(one, {"do": "comment", "text": "hm"}),
        "publish": lambda: client.post(one, {**seen, "do": "publish"}),
        "update": lambda: client.post(one, {**seen, "do": "rebase", "head": live()}),
    }
    status = acts[act]().status_code
    return {403: "permission", 200: "allowed", 303: "allowed"}.get(status, status)


ENTRIES = {"service": by_service, "session": by_session, "token": by_token, "page": by_page}
#: Pages are seen by those who may view.
SEEN = {"page": {"view"}}


def rows():
    for entry in ENTRIES:
        for act in TABLE:
            if entry == "token" and act in PERSONAL:
                continue
            yield pytest.param(entry, act, id=f"{entry}-{act}")


def state():
    return (
        Revision.objects.count(),
        Comment.objects.count(),
        [*Proposal.objects.values_list("state", "turn", "base_id").order_by("pk")],
    )


@pytest.mark.parametrize(("entry", "act"), [*rows()])
def test_exactly_these_permissions_are_needed(proposal, editor, entry, act):
    prepare(act, proposal)
    if act == "propose an edit":
        editor.PROCTOR_EDITOR_APPROVALS = {"trunk": 1}
    attempt, needed = ENTRIES[entry], TABLE[act] | SEEN.get(entry, set())
    if entry in ("session", "token") and act == "propose an edit":
        needed = needed | {"view"}
    if entry in ("session", "token") and act == "propose":
        # The API hides a proposal from those who may not view.
        needed = needed | {"view"}
    if entry == "token" and act == "comment":
        needed = needed | {"promote_production"}
    before = state()
    for number, missing in enumerate(sorted(needed)):
        user = user_with(*EVERYTHING - {missing}, name=f"user{number}")
        wrote(act, user)
        assert attempt(user, act, proposal) == "permission"
    assert attempt(user_with(name="nobody"), act, proposal) == "permission"
    assert state()[:2] == before[:2]
    assert [each[::2] for each in state()[2]] == [each[::2] for each in before[2]]
    user = user_with(*needed, name="enough")
    wrote(act, user)
    assert attempt(user, act, proposal) == "allowed"


@pytest.mark.parametrize("act", PERSONAL)
def test_a_token_decides_nothing_whatever_its_user_may(proposal, act):
    before = state()
    api = api_of(User.objects.create_superuser("boss"))
    assert by_api(api, act, proposal) == "permission"
    assert state()[:2] == before[:2]


@pytest.mark.parametrize("scope", [*Scope])
@pytest.mark.parametrize("act", [act for act in TABLE if act not in PERSONAL])
def test_a_scope_lets_through_its_own_acts(proposal, editor, act, scope):
    prepare(act, proposal)
    needed = TABLE[act] | {"view"}
    if act == "comment":
        needed = needed | {"promote_production"}
    allowed = all(scope in SCOPES[each] for each in needed)
    user = User.objects.create_superuser("boss")
    wrote(act, user)
    found = by_api(api_of(user, [scope]), act, proposal)
    assert found == ("allowed" if allowed else "permission")


@pytest.mark.parametrize("act", [act for act in TABLE if act not in (*PERSONAL, "list")])
def test_a_token_for_another_branch_sees_nothing(proposal, act):
    if act == "propose an edit":
        pytest.skip("edits enter the first branch")
    prepare(act, proposal)
    user = User.objects.create_superuser("boss")
    wrote(act, user)
    assert by_api(api_of(user, branches=["trunk"]), act, proposal) == "permission"


@pytest.mark.parametrize("act", ["approve", "reject", "withdraw", "comment", "publish", "update"])
def test_whoever_may_not_see_the_test_is_told_of_no_proposal(proposal, editor, act):
    editor.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_proposal_entries.Secret",
        "django.contrib.auth.backends.ModelBackend",
    ]
    user = user_with(*EVERYTHING, name="eve")
    for entry in (by_service, by_session):
        assert entry(user, act, proposal) == "not-found"
    assert by_page(user, act, proposal) == 404
    assert by_session(user, "list", proposal) == "allowed"
    client = Client()
    client.force_login(user)
    assert client.get("/proctor/api/proposals/").json()["count"] == 0
    assert NAME not in client.get("/proctor/review/?show=all").content.decode()


class Secret:
    def authenticate(self, request):
        return None

    def has_perm(self, user, permission, obj=None):
        from django.core.exceptions import PermissionDenied

        if obj == NAME:
            raise PermissionDenied
        return False


# -- The API ----------------------------------------------------------------------------------


@pytest.fixture
def api(proposal):
    return api_of(User.objects.get(username="ada"))


def people(name):
    client = Client()
    client.force_login(user_with("view", "approve", name=name))
    return Api(client=client)


def test_an_author_who_approves_is_refused(proposal):
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    assert by_api(Api(client=client), "approve", proposal) == "own-approval"


def test_the_list_is_filtered_and_in_pages(api, proposal):
    found = api.get("proposals/", branch="production", test=NAME, state="open")
    (one,) = found.json()["results"]
    assert (one["id"], one["kind"], one["revision_kind"]) == (proposal.pk, "edit", "finish")
    assert api.get("proposals/", state="rejected").json()["count"] == 0
    assert api.get("proposals/", branch="trunk").json()["results"] == []
    assert api.get("proposals/", page=2).json()["results"] == []
    assert api.get("proposals/", state="x").status_code == 400
    assert api.get("proposals/", branch="x").status_code == 404


def test_one_proposal_says_what_publishing_it_would_do(api, proposal):
    found = api.get(f"proposals/{proposal.pk}/").json()
    assert (found["moved"], found["hash"], found["base"]) == (False, proposal.content_hash, live())
    assert found["moves"][0]["test"] == NAME
    assert found["problems"] == []
    assert [each["event"] for each in found["comments"]] == ["opened"]
    assert any("50 % to 0 %" in each for each in found["sentences"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"hash": "x"}, 428, "base-required"),
        ({"base": None}, 400, "bad-request"),
        ({"hash": "0" * 64, "base": None}, 409, "changed"),
        ({"hash": 1, "base": None}, 400, "bad-request"),
        ({"hash": "x", "base": None, "approvers": ["eve"]}, 400, "bad-request"),
    ],
)
def test_a_stale_or_forged_approval_is_refused(proposal, body, status, code):
    response = people("grace").post(f"proposals/{proposal.pk}/approve/", body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert not proposal.approvals.exists()


def test_a_base_that_is_not_the_proposals_is_stale(api, proposal):
    body = {"hash": proposal.content_hash, "base": None}
    for name in ("approve", "publish"):
        client = people(f"user-{name}") if name == "approve" else api
        response = client.post(f"proposals/{proposal.pk}/{name}/", body)
        assert response.json()["error"]["code"] == "changed"


def test_a_moved_base_is_a_conflict_with_all_three_sides(api, proposal):
    prepare("publish", proposal)
    prepare("update", proposal)
    response = api.post(f"proposals/{proposal.pk}/publish/", {})
    body = response.json()
    assert (response.status_code, body["error"]["code"]) == (409, "conflict")
    assert (body["base"]["revision"], body["head"]["revision"]) == (proposal.base_id, live())
    assert body["yours"]["allocations"]
    assert api.get(f"proposals/{proposal.pk}/").json()["moved"] is True


def test_what_is_closed_or_unknown_is_refused(api, proposal):
    api.post(f"proposals/{proposal.pk}/withdraw/", {})
    response = api.post(f"proposals/{proposal.pk}/publish/", {})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "closed")
    for number in (proposal.pk + 1, 2**70):
        assert api.post(f"proposals/{number}/publish/", {}).status_code == 404


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("promote", {"from": "trunk", "to": "qa"}),
        ("delete", {"branch": "production"}),
        ("roll back", {"branch": "production"}),
    ],
)
def test_approval_can_be_asked_for_where_none_is_needed(api, proposal, editor, kind, more):
    editor.PROCTOR_EDITOR_APPROVALS = {}
    old = live()
    services.ramp(command(), NAME, "production", 0, {0: 0.2, 1: 0.2}, base=old)
    revision = {"promote": {"revision": live("trunk")}, "roll back": {"revision": old}}.get(
        kind, {}
    )
    base = None if kind == "promote" else live()
    body = {"kind": kind, "test": NAME, "base": base, "message": "please", **more, **revision}
    response = api.post("proposals/", body)
    assert response.status_code == 202
    found = response.json()["proposal"]
    assert (found["revision_kind"], found["needed"], found["message"]) == (kind, 0, "please")
    published = api.post(f"proposals/{found['id']}/publish/", {})
    assert published.status_code == (201 if base is None else 200)


def test_an_unknown_kind_is_named(api):
    response = api.post("proposals/", {"kind": "x", "test": NAME, "base": None})
    assert response.status_code == 400
    assert "edit, promote, roll back, delete" in response.json()["error"]["message"]


def test_an_edit_that_waits_is_changed_through_the_api(api, editor):
    editor.PROCTOR_EDITOR_APPROVALS = {"trunk": 1}
    opened = api.put(document(salt="&n"), None, test="newtst").json()["proposal"]
    body = {
        "hash": opened["hash"],
        "base": None,
        "definition": document(salt="&n", description="better"),
        "message": "better",
    }
    changed = api("PUT", f"proposals/{opened['id']}/", body).json()
    assert (changed["message"], changed["definition"]["description"]) == ("better", "better")
    assert changed["hash"] != opened["hash"]
    stale = api("PUT", f"proposals/{opened['id']}/", body)
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "changed")

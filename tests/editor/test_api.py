"""The JSON API: documents, statuses and refusals."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.models import Head, Hold, Kind, Revision
from proctor.editor.publishing.publishing import Signature
from proctor.editor.transfer.importing import import_source, read_source
from tests.editor.api_client import NAME, Api, api_of, boss_api, user_with
from tests.editor.samples import document, shares, text_of

KEYS = {"test", "branch", "revision", "version", "definition"}
WRITTEN = KEYS | {"moves", "problems"}
TEST = f"tests/{NAME}/"


@pytest.fixture
def api(editor):
    """A client with the token of a user who may do everything."""
    return boss_api()


def created(api, **changes):
    return api.put(document(**changes), None).json()["revision"]


def promoted(api, revision, target="production", base=None):
    return api.post(
        f"{TEST}promote/", {"from": "trunk", "to": target, "revision": revision, "base": base}
    )


def error(response, status, code):
    assert response.status_code == status, response.content
    body = response.json()
    assert body["error"].keys() == {"code", "message", "problems"}
    assert body["error"]["code"] == code
    return body


# -- What a program does with it --------------------------------------------------------------


def test_create_read_change_and_delete(api):
    response = api.put(document(), None, message="new")
    made = response.json()
    assert (response.status_code, made.keys()) == (201, WRITTEN)
    assert made["revision"] == made["version"] == made["definition"]["version"]
    assert response["ETag"] == f'"{made["revision"]}"'
    assert {row["test"] for row in made["moves"]} == {NAME}
    shown = api.get(TEST)
    assert shown.json() == {key: made[key] for key in KEYS}
    assert shown["ETag"] == response["ETag"]
    wider = document(allocations=shares(inactive=0.2, control=0.4, blue=0.4))
    response = api.put(wider, made["revision"], message="less")
    changed = response.json()
    assert (response.status_code, changed.keys()) == (200, WRITTEN)
    (row,) = changed["moves"]
    assert row["leave"] == pytest.approx(0.2)
    assert Revision.objects.get(id=changed["revision"]).message == "less"
    response = api("DELETE", TEST, branch="trunk", base=changed["revision"], message="over")
    gone = response.json()
    assert (response.status_code, gone["definition"], gone["version"]) == (200, None, None)
    error(api.get(TEST), 404, "not-found")
    assert api.put(document(salt="&new"), None).status_code == 201


def test_promote_roll_back_stop_and_release(api):
    first = created(api)
    response = promoted(api, first)
    live = response.json()
    assert (response.status_code, live.keys(), live["branch"]) == (201, WRITTEN, "production")
    second = api.put(document(description="x"), first).json()["revision"]
    response = promoted(api, second, base=live["revision"])
    assert response.status_code == 200
    back = api.post(
        f"{TEST}rollback/",
        {
            "branch": "production",
            "revision": live["revision"],
            "base": response.json()["revision"],
            "message": "it was better",
        },
    )
    assert (back.status_code, back.json().keys()) == (200, WRITTEN)
    assert back.json()["definition"]["description"] == document()["description"]
    stopped = api.post(f"{TEST}stop/", {"branch": "production", "reason": "it hurts"})
    assert (stopped.status_code, stopped.json().keys()) == (200, WRITTEN)
    hold = Hold.objects.get()
    assert (hold.reason, hold.released, hold.author) == ("it hurts", None, "boss")
    held = promoted(api, first, base=stopped.json()["revision"])
    assert "it hurts" in error(held, 409, "held")["error"]["message"]
    released = api.post(f"{TEST}release/", {"branch": "production", "message": "mended"})
    assert (released.status_code, released.json().keys()) == (200, WRITTEN)
    assert released.json()["revision"] == stopped.json()["revision"]
    assert Hold.objects.get().release_message == "mended"
    error(api.post(f"{TEST}release/", {"branch": "production"}), 404, "not-found")
    assert promoted(api, first, base=stopped.json()["revision"]).status_code == 200


def test_a_stop_takes_the_value_that_it_is_given(api):
    promoted(api, created(api))
    body = {"branch": "production", "value": 1, "reason": "no"}
    error(api.post(f"{TEST}stop/", body), 422, "invalid")
    stopped = api.post(f"{TEST}stop/", {**body, "value": 0}).json()
    (allocation,) = stopped["definition"]["allocations"]
    assert [each["bucketValue"] for each in allocation["ranges"] if each["length"]] == [0]
    error(api.post(f"{TEST}stop/", {"branch": "production"}), 422, "invalid")


def test_the_history_tells_what_happened_newest_first(api):
    first = created(api)
    api.put(document(description="x"), first, message="words")
    found = api.get(f"{TEST}history/").json()
    assert (found["count"], found["next"]) == (2, None)
    newest, oldest = found["results"]
    assert newest.keys() == {
        *("revision", "kind", "author", "approvers", "time", "message", "sentences")
    }
    assert (newest["kind"], newest["author"], newest["message"]) == (Kind.EDIT, "boss", "words")
    assert newest["sentences"] == [
        "The description changed from The colour of the button to x.",
        "The id of allocation 1 changed from #A1 to #B1.",
    ]
    assert "The test was created." in oldest["sentences"]
    page = api.get(f"{TEST}history/", page_size=1).json()
    assert page["next"] == f"/proctor/api/{TEST}history/?page_size=1&page=2"
    assert api.get(f"{TEST}history/", page_size=1, page=2).json()["results"] == [oldest]
    error(api.get(f"{TEST}history/", branch="production"), 404, "not-found")


def test_the_list_has_pages_and_a_search(api):
    for number in range(5):
        name = f"list{'abcde'[number]}tst"
        api.put(document(salt=f"&{name}", description=f"no. {number} Ünï"), None, test=name)
    found = api.get("tests/", page_size=2).json()
    assert found["count"] == 5
    assert [each["test"] for each in found["results"]] == ["listatst", "listbtst"]
    assert found["results"][0].keys() == KEYS
    seen, following = [], "/proctor/api/tests/?page_size=2"
    while following:
        page = api.client.get(following, headers=api.headers).json()
        seen += [each["test"] for each in page["results"]]
        following = page["next"]
    assert seen == [f"list{letter}tst" for letter in "abcde"]
    for query, names in (
        ("NO. 3", ["listdtst"]),
        ("listb", ["listbtst"]),
        ("ünï 4", ["listetst"]),
        ("bucketValue", []),
        ("control", [f"list{letter}tst" for letter in "abcde"]),
    ):
        assert [each["test"] for each in api.get("tests/", q=query).json()["results"]] == names
    assert api.get("tests/", branch="qa").json() == {"count": 0, "next": None, "results": []}
    assert api.get("tests/", page=9).json()["results"] == []


def test_check_says_what_an_edit_would_do_and_writes_nothing(api):
    first = created(api)
    body = {"branch": "trunk", "test": NAME, "base": first}
    smaller = document(allocations=shares(inactive=0.5, blue=0.5))
    found = api.post("check/", {**body, "definition": smaller})
    assert (found.status_code, found.json().keys()) == (
        *(200,),
        {"definition", "moves", "problems"},
    )
    (row,) = found.json()["moves"]
    assert (row["test"], row["audience"]) == (NAME, "same")
    assert row["leave"] == pytest.approx(0.5)
    bad = document(allocations=shares(inactive=0.5, blue=0.4))
    (problem,) = api.post("check/", {**body, "definition": bad}).json()["problems"]
    assert problem.keys() == {"severity", "message", "test", "allocation", "field", "column"}
    assert (problem["allocation"], problem["field"]) == (1, "ranges")
    for nonsense in (None, [], 5, {"tpyo": 1}, {**document(), "rule": "${("}):
        answer = api.post("check/", {**body, "definition": nonsense})
        assert (answer.status_code, bool(answer.json()["problems"])) == (200, True)
    assert Revision.objects.count() == 1
    for base, status in (("aaaaa-bbbbb", 409), (None, 409)):
        answer = api.post("check/", {**body, "base": base, "definition": smaller})
        assert answer.status_code == status
    del body["base"]
    error(api.post("check/", {**body, "definition": smaller}), 428, "base-required")
    large = json.dumps({**body, "base": first, "definition": {"description": "x" * 65536}})
    error(api("POST", "check/", raw=large), 413, "too-large")


def test_moves_name_the_dependents_too(api):
    first = created(api)
    parent = {"testName": NAME, "bucketValue": 1}
    api.put(document(salt="&child", dependsOn=parent), None, test="childtst")
    changed = api.put(document(allocations=shares(inactive=0.8, blue=0.2)), first).json()
    assert list(dict.fromkeys(row["test"] for row in changed["moves"])) == [NAME, "childtst"]


# -- What a program is refused ----------------------------------------------------------------


def test_a_conflict_carries_base_yours_and_head(api):
    first = created(api)
    second = api.put(document(description="theirs"), first).json()["revision"]
    body = error(api.put(document(description="mine"), first), 409, "conflict")
    assert body["base"]["revision"] == first
    assert body["yours"] == document(description="mine")
    assert (body["head"]["revision"], body["head"]["definition"]["description"]) == (
        second,
        "theirs",
    )
    body = error(api.put(document(), None), 409, "conflict")
    assert (body["base"], body["head"]["revision"]) == (None, second)
    api("DELETE", TEST, branch="trunk", base=second)
    body = error(api.put(document(), second), 409, "conflict")
    assert (body["base"]["revision"], body["head"]) == (second, None)


def test_a_missing_base_is_428_for_every_write_that_has_one(api):
    created(api)
    revision = Revision.objects.get().id
    calls = (
        lambda: api("PUT", TEST, {"definition": document()}),
        lambda: api("DELETE", TEST, branch="trunk"),
        lambda: api.post(f"{TEST}promote/", {"from": "trunk", "to": "qa", "revision": revision}),
        lambda: api.post(f"{TEST}rollback/", {"branch": "trunk", "revision": revision}),
    )
    for call in calls:
        error(call(), 428, "base-required")
    error(api("DELETE", TEST, branch="trunk", base=""), 409, "conflict")
    assert Revision.objects.count() == 1


def test_if_match_is_checked(api):
    first = created(api)
    body = {"definition": document(description="x"), "base": first}
    for headers in ({"If-Match": '"aaaaa"'}, {"If-None-Match": "*"}):
        error(api("PUT", TEST, body, headers=headers), 412, "precondition")
        response = api("DELETE", TEST, headers=headers, branch="trunk", base=first)
        error(response, 412, "precondition")
    assert api("PUT", TEST, body, headers={"If-Match": f'"{first}"'}).status_code == 200
    error(api("PUT", "tests/newtst/", body, headers={"If-Match": "*"}), 412, "precondition")
    etag = api.get(TEST)["ETag"]
    assert api("GET", TEST, headers={"If-None-Match": etag}).status_code == 304


def test_edits_enter_at_the_first_branch(api):
    body = error(api.put(document(), None, branch="production"), 422, "invalid")
    assert "'trunk'" in body["error"]["problems"][0]["message"]
    error(api.put(document(), None, branch="nowhere"), 404, "not-found")


def test_nonsense_is_422_with_its_places(api):
    rule = "${country == 5 &&}"
    bad = document(allocations=[{"rule": rule, "ranges": shares(blue=1.0)[0]["ranges"]}])
    (problem,) = error(api.put(bad, None), 422, "invalid")["error"]["problems"]
    assert (problem["test"], problem["allocation"], problem["field"]) == (NAME, 1, "rule")
    assert isinstance(problem["column"], int)
    assert not Revision.objects.exists()
    error(api.put(document(), None, test="no blanks"), 422, "invalid")
    error(promoted(api, created(api), target="trunk"), 422, "invalid")


@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "[]",
        "5",
        '"base"',
        "\ufeff{}",
        '{"base": null, "base": null}',
        '{"base": null, "definition": {"salt": "a", "salt": "b"}}',
        '{"base": null, "definition": {"x": NaN}}',
        '{"base": null, "definition": {"x": 1e999}}',
        '{"base": null, "definition": {"x": %s}}' % ("9" * 5000),
        '{"base": null, "definition": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"base": null}',
        '{"base": 5, "definition": {}}',
        '{"base": null, "definition": {}, "mesage": ""}',
        '{"base": null, "definition": {}, "message": 5}',
        '{"base": null, "definition": {}, "message": "\\u0000"}',
        '{"base": null, "definition": {}, "message": "\\ud800"}',
        '{"base": "\\u0000", "definition": {}}',
        b'{"base": null, "definition": {"x": "\xff"}}',
    ],
)
def test_hostile_json_is_400(api, raw):
    error(api("PUT", TEST, raw=raw), 400, "bad-request")


def test_a_body_is_bounded_and_is_json(api):
    error(api("PUT", TEST, raw=b" " * (1024 * 1024 + 1)), 413, "too-large")
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Encoding": "gzip"},
    ):
        response = api.client.generic(
            "PUT",
            f"/proctor/api/{TEST}",
            "{}",
            content_type=headers.pop("Content-Type", "application/json"),
            headers={**api.headers, **headers},
        )
        error(response, 415, "media-type")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("tests/", {"page": "0"}),
        ("tests/", {"page": "9" * 5000}),
        ("tests/", {"page_size": "201"}),
        ("tests/", {"page_size": "x"}),
        ("tests/", {"pagesize": "5"}),
        ("tests/", {"q": "\0"}),
        (TEST, {"revision": "x"}),
    ],
)
def test_a_bad_query_is_400(api, path, query):
    error(api.get(path, **query), 400, "bad-request")
    twice = api.client.get("/proctor/api/tests/?branch=qa&branch=trunk", headers=api.headers)
    error(twice, 400, "bad-request")


def test_other_methods_are_refused(api):
    response = api.post(TEST, {})
    error(response, 405, "method")
    assert response["Allow"] == "DELETE, GET, PUT"


def test_what_is_unknown_is_404(api):
    first = created(api)
    for path in ("tests/absenttst/", "tests/absenttst/history/", "tests/a%00b/"):
        error(api.get(path), 404, "not-found")
    error(api.get(TEST, branch="nowhere"), 404, "not-found")
    error(promoted(api, "aaaaa-bbbbb"), 404, "not-found")
    stop = {"branch": "qa", "reason": "x"}
    error(api.post(f"{TEST}stop/", stop), 404, "not-found")
    error(api("DELETE", TEST, branch="qa", base=first), 404, "not-found")


def test_any_name_that_an_import_brings_can_be_addressed(api, tmp_path):
    for name in ("größe", "名前", "a b", "😀", "100%"):
        path = tmp_path / "test-definitions" / name / "definition.json"
        path.parent.mkdir(parents=True)
        path.write_text(text_of(), "utf-8")
    import_source(read_source(tmp_path), "trunk", Signature("ada"))
    names = [each["test"] for each in api.get("tests/").json()["results"]]
    assert names == ["100%", "a b", "größe", "名前", "😀"]
    for name in names:
        shown = api.get(f"tests/{name.replace('%', '%25')}/").json()
        assert shown["test"] == name
        changed = api.put(
            {**shown["definition"], "description": "x"},
            shown["revision"],
            test=name.replace("%", "%25"),
        )
        assert changed.status_code == 200, changed.content


def test_a_name_may_have_a_slash(api, tmp_path):
    path = tmp_path / "matrix.json"
    plain = {**document(), "constants": {}}
    del plain["specialConstants"]
    tests = {"a/b": plain, "a/b/history": plain}
    path.write_text(json.dumps({"audit": {"version": "1"}, "tests": tests}))
    import_source(read_source(path), "trunk", Signature("ada"))
    for name in ("a/b", "a/b/history"):
        assert api.get(f"tests/{name}/history/").json()["count"] == 1
    assert api.get("tests/a/b/").json()["test"] == "a/b"


def test_an_import_with_comments_is_shown_as_json(api, tmp_path):
    path = tmp_path / "test-definitions" / NAME / "definition.json"
    path.parent.mkdir(parents=True)
    path.write_text("// why\n" + text_of(), "utf-8")
    import_source(read_source(tmp_path), "trunk", Signature("ada"))
    shown = api.get(TEST).json()
    assert (shown["definition"]["salt"], shown["version"]) == ("&buttontst", None)
    live = promoted(api, shown["revision"])
    assert live.json()["version"] == live.json()["revision"]
    body = error(promoted(api, shown["revision"]), 409, "conflict")
    assert body["yours"] == shown["definition"]


# -- Who sends it -----------------------------------------------------------------------------


def test_without_somebody_it_is_401(editor):
    for api in (Api(), Api("proctor_forged")):
        for method, path in (("GET", "tests/"), ("PUT", TEST), ("POST", "check/")):
            response = api(method, path, {})
            error(response, 401, "token")
            assert response["WWW-Authenticate"] == "Bearer"


def test_a_session_needs_csrf_and_a_token_does_not(editor):
    boss = User.objects.create_superuser("boss")
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)
    api = Api(client=client)
    assert api.get("tests/").status_code == 200
    error(api.put(document(), None), 403, "csrf")
    error(api("DELETE", TEST, branch="trunk", base=""), 403, "csrf")
    form = client.post(f"/proctor/api/{TEST}stop/", {"branch": "trunk"})
    error(form, 415, "media-type")
    secret = "a" * 32
    client.cookies["csrftoken"] = secret
    api.headers = {"X-CSRFToken": secret}
    assert api.put(document(), None).status_code == 201


def test_a_token_makes_the_session_count_for_nothing(editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("boss"))
    limited = api_of(user_with("view"))
    limited.client = client
    assert limited.get("tests/").status_code == 200
    error(limited.put(document(), None), 403, "permission")
    error(Api("proctor_forged", client).get("tests/"), 401, "token")


def test_it_works_behind_login_required(editor):
    editor.MIDDLEWARE = [
        *editor.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    error(Api().get("tests/"), 401, "token")
    assert boss_api().get("tests/").status_code == 200


def test_permissions_are_checked_before_the_body(editor):
    services.edit(command(), NAME, text_of(), base=None)
    api = api_of(user_with("view"))
    for method, path in (
        ("PUT", TEST),
        ("POST", f"{TEST}promote/"),
        ("POST", f"{TEST}stop/"),
        ("POST", f"{TEST}release/"),
        ("POST", f"{TEST}rollback/"),
    ):
        error(api(method, path, raw="{"), 403, "permission")
    error(api("DELETE", TEST, branch="nowhere"), 403, "permission")
    nobody = api_of(user_with(name="eve"))
    error(nobody("POST", "check/", raw="{"), 403, "permission")
    for path in ("tests/", TEST, "tests/absenttst/", f"{TEST}history/"):
        error(nobody.get(path), 403, "permission")


class Hiding:
    """A backend that denies access to one test."""

    def authenticate(self, request):
        return None

    def has_perm(self, user, permission, obj=None):
        from django.core.exceptions import PermissionDenied

        if obj == "secrettst":
            raise PermissionDenied
        return False


def test_a_hidden_test_looks_like_one_that_does_not_exist(editor):
    for name in (NAME, "secrettst"):
        services.edit(command(), name, text_of(salt=f"&{name}"), base=None)
    editor.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_api.Hiding",
        "django.contrib.auth.backends.ModelBackend",
    ]
    api = api_of(user_with("view", "stop"))
    assert [each["test"] for each in api.get("tests/").json()["results"]] == [NAME]
    for tail in ("", "history/"):
        texts = [
            error(api.get(f"tests/{name}/{tail}"), 404, "not-found")["error"]["message"]
            for name in ("secrettst", "absenttst")
        ]
        assert texts[0].replace("secrettst", "absenttst") == texts[1]
    assert api.get(TEST).status_code == 200


def test_what_needs_approval_is_answered_with_a_proposal_and_a_stop_is_not(api, editor):
    first = created(api)
    live = promoted(api, first).json()["revision"]
    second = api.put(document(description="x"), first).json()["revision"]
    editor.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    for response in (
        promoted(api, second, base=live),
        api("DELETE", TEST, branch="production", base=live),
    ):
        assert response.status_code == 202
        proposal = response.json()["proposal"]
        assert response["Location"] == f"/proctor/api/proposals/{proposal['id']}/"
        assert (proposal["state"], proposal["base"], proposal["needed"]) == ("open", live, 1)
    assert Head.objects.get(branch__name="production").revision_id == live
    stop = {"branch": "production", "reason": "it hurts"}
    assert api.post(f"{TEST}stop/", stop).status_code == 200

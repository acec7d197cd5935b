"""No request makes the API fail: every response is a document with a status."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.models import Proposal, Revision
from tests.editor.api_client import NAME, boss_api
from tests.editor.samples import document, shares, text_of

#: pytest-django's fixture uses one transaction for all examples, so their publications add up.
FIXTURES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
    deadline=None,
)
STATUSES = {200, 201, 202, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428}

texts = st.text(max_size=20) | st.sampled_from(
    ["\0", "\ud800", "trunk", "qa", "production", NAME, "x" * 300, "../..", "%00", "${1/0}", "#A1"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted(document())


@st.composite
def definitions(draw):
    """A definition in which some fields, at any depth, are replaced by any value."""
    found = document()
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3, unique=True)):
        found[name] = draw(values)
    if draw(st.booleans()) and isinstance(found["allocations"], list):
        ranges = st.dictionaries(
            st.sampled_from(["bucketValue", "length", "x"]), values, max_size=3
        )
        found["allocations"] = draw(
            st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={"rule": texts, "ranges": st.lists(ranges, max_size=3), "id": texts},
                ),
                max_size=3,
            )
        )
    return found


def answered(response):
    assert response.status_code in STATUSES, response.content
    body = json.loads(response.content)
    assert ("error" in body) is (response.status_code >= 400)
    return body


@pytest.fixture
def api(editor):
    """A client of a site with the test on two branches. It does not raise exceptions of views."""
    first = services.edit(command(), NAME, text_of(), base=None).revision
    services.promote(command(), NAME, "trunk", "production", revision=first.id, base=None)
    found = boss_api()
    found.first = first.id
    return found


def base_of(branch):
    rows = Revision.objects.filter(branch__name=branch, test=NAME).order_by("-version")
    return rows.values_list("id", flat=True).first()


@FIXTURES
@given(data=st.data(), definition=definitions() | values)
def test_any_definition_is_answered(api, data, definition):
    base = data.draw(st.sampled_from([base_of("trunk"), None, "aaaaa-bbbbb"]))
    body = {"branch": "trunk", "base": base, "definition": definition}
    answered(api("POST", "check/", {**body, "test": NAME}))
    answered(api("PUT", f"tests/{NAME}/", body))
    answered(api.get(f"tests/{NAME}/history/"))


PATHS = ("promote/", "stop/", "release/", "rollback/", "")
KEYS = ("branch", "from", "to", "revision", "base", "message", "reason", "value", "definition", "x")


@FIXTURES
@given(
    path=st.sampled_from(PATHS),
    name=texts | st.just(NAME),
    body=st.dictionaries(st.sampled_from(KEYS), values, max_size=6) | values,
    method=st.sampled_from(["POST", "PUT", "GET", "DELETE", "PATCH"]),
)
def test_any_body_is_answered(api, path, name, body, method):
    name = name.encode("utf-8", "replace").decode().replace("/", "-").replace("\n", "-")
    name = name or "x"
    if name in (".", ".."):
        name = "x"
    answered(api(method, f"tests/{quote(name, safe='')}/{path}", body))


@FIXTURES
@given(
    path=st.sampled_from(
        ["", *(f"{{}}/{act}/" for act in ("approve", "reject", "comment", "publish", "withdraw"))]
    )
    | st.just("{}/"),
    number=st.sampled_from([1, 2, 2**63, 2**70]),
    body=st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from(["edit", "promote", "roll back", "delete"]) | values,
            "test": st.just(NAME) | values,
            "hash": st.just("0" * 64) | values,
            **dict.fromkeys(
                ["base", "branch", "to", "from", "definition", "reason", "text"], values
            ),
        },
    )
    | values,
    method=st.sampled_from(["POST", "PUT", "GET"]),
)
def test_any_body_for_a_proposal_is_answered(api, path, number, body, method):
    known = Proposal.objects.first()
    if known is None:
        known = services.delete(
            command(), NAME, "trunk", base=base_of("trunk"), review=True
        ).proposal
    number = known.pk if number == 1 else number
    answered(api(method, f"proposals/{path.format(number)}", body))


@FIXTURES
@given(
    path=st.sampled_from(["tests/", f"tests/{NAME}/", f"tests/{NAME}/history/"]),
    query=st.dictionaries(
        st.sampled_from(["branch", "q", "page", "page_size", "base", "message", "x"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
        | st.sampled_from(["trunk", "\0", "-1", "9" * 400, "1", "%", "_", "\\u0130", "İ", "K"]),
        max_size=4,
    ),
    method=st.sampled_from(["GET", "HEAD", "DELETE"]),
)
def test_any_query_is_answered(api, path, query, method):
    response = api(method, path, **query)
    if method == "HEAD":
        assert response.status_code in STATUSES
    else:
        answered(response)


@FIXTURES
@given(
    raw=st.binary(max_size=200),
    headers=st.dictionaries(
        st.sampled_from(["If-Match", "If-None-Match", "Content-Encoding", "Authorization"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
        max_size=3,
    ),
)
def test_any_bytes_and_headers_are_answered(api, raw, headers):
    answered(api("PUT", f"tests/{NAME}/", raw=raw or b" ", headers=headers))


def test_a_name_that_no_database_can_store_is_no_dependency(api):
    for name in ("\0", "\ud800", "x" * 1000):
        body = document(dependsOn={"testName": name, "bucketValue": 1})
        assert api.put(body, base_of("trunk")).status_code == 422


def refused(response, *words, status=400):
    """Require this status, and a message that contains the words."""
    assert response.status_code == status
    message = answered(response)["error"]["message"]
    assert [word for word in words if word not in message] == []


def test_a_text_that_is_too_long_is_refused_with_its_length(api):
    response = api.put(document(), base_of("trunk"), message="x" * 10_001)
    refused(response, '"message"', "at most 10000 characters", "10001")


def test_a_value_of_the_wrong_type_is_shown_as_json(api):
    refused(api.put(document(), base_of("trunk"), message=None), "expected a string, got null")
    refused(api.put(document(), base_of("trunk"), message=True), "expected a string, got true")


def test_an_integer_that_python_does_not_read_is_refused_in_the_terms_of_json(api):
    raw = '{"base": null, "definition": {"constants": {"a": %s}}}' % ("9" * 5000)
    response = api("PUT", f"tests/{NAME}/", raw=raw)
    refused(response, "a number has 5000 digits; at most 4300 are allowed")


def test_an_address_that_does_not_exist_is_answered_with_a_document(api):
    for path in ("", "nowhere/", f"proposals/{'9' * 5000}/"):
        refused(api.get(path), "no such URL", status=404)
    assert api.get("tests").status_code == 301


def test_a_search_for_many_words_searches_the_database_for_few(api, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as captured:
        found = answered(api.get("tests/", q=" ".join(f"b{number}" for number in range(900))))
    assert found["count"] == 0
    assert max(len(each["sql"]) for each in captured.captured_queries) < 10_000
    assert answered(api.get("tests/", q="button " * 900))["count"] == 1


@pytest.mark.parametrize("reason", ["", " ", "\u200b", "\u202e\u00ad"])
def test_a_reason_that_nobody_can_read_is_none(api, reason):
    body = {"branch": "production", "value": -1, "reason": reason}
    refused(api.post(f"tests/{NAME}/stop/", body), "a stop needs a reason", status=422)


@pytest.fixture
def steps(api):
    """Open a schedule that raises the live groups from 50 % at this time."""
    services.edit(command(), "ramptst", text_of(allocations=HALF), base=None)

    def schedule(due):
        base = Revision.objects.get(test="ramptst").id
        step = {"due": due, "shares": {"inactive": 0.2, "control": 0.4, "blue": 0.4}}
        body = {"test": "ramptst", "branch": "trunk", "base": base, "steps": [step]}
        return api.post("schedules/", body)

    return schedule


HALF = shares(inactive=0.5, control=0.25, blue=0.25)
FAR = "9999-12-31T23:59:59-14:00"


def test_a_time_at_the_end_of_the_calendar_is_refused(steps):
    refused(steps(FAR), "step 1", "9999", "more than a hundred years ahead", status=422)


def test_a_step_that_a_schedule_does_not_have_is_not_rescheduled(api, steps):
    due = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()
    made = answered(steps(due))
    number = made["id"]
    count = Proposal.objects.count()

    def moved(dues):
        path = f"schedules/{number}/reschedule/"
        return api.post(path, {"base": made["base"], "dues": dues})

    refused(moved({"2": due}), "has no step 2 left; it has 1", status=422)
    for unreadable in ("0", "9" * 5000, "\u0663", "-1", ""):
        refused(moved({unreadable: due}), '"dues": expected an object that maps step numbers')
    refused(moved({"1": FAR}), "more than a hundred years ahead", status=422)
    assert Proposal.objects.count() == count

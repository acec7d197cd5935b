from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core import Groups, GroupsRequest, ProctorTest, Registry, SourceError, Variables
from proctor.core.ofrep.access import Access
from proctor.core.ofrep.contexts import MAX_ATTRIBUTES, MAX_BODY, MAX_DEPTH
from proctor.core.ofrep.service import FILE, FLAGS, MANIFEST, OfrepService
from tests.core.ofrep.asking import answer, ask, carrying, source_of
from tests.core.small_matrices import allocation, definition, everybody


@pytest.fixture
def service(tmp_path):
    """A service for a matrix with these tests."""

    def service(options=None, /, variables=None, **tests):
        return OfrepService(source_of(tmp_path, variables, **tests), **(options or {}))

    return service


def header(reply, name):
    return dict(reply.headers).get(name)


# -- one flag --------------------------------------------------------------------------------


def test_a_flag_has_key_value_variant_reason_and_metadata(service):
    assert answer(service(t=carrying(stringValue="#2B60DE")), "t") == (
        200,
        {
            "key": "t",
            "value": "#2B60DE",
            "variant": "blue",
            "reason": "STATIC",
            "metadata": {"value": 1, "version": "3", "allocation_id": "#A1"},
        },
    )


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ({"stringValue": "x"}, "x"),
        ({"longValue": 7}, 7),
        ({"doubleValue": 1.0}, 1.0),
        ({"stringArray": ["a", "b"]}, ["a", "b"]),
        ({"map": {"color": "red"}}, {"color": "red"}),
        ({"json": {"deep": [1, {"x": None}]}}, {"deep": [1, {"x": None}]}),
        ({"json": False}, False),
    ],
)
def test_a_test_with_payloads_has_the_payload_as_its_value(service, payload, value):
    found = answer(service(t=carrying(**payload)), "t")[1]["value"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("bucket", "value"), [("blue", True), ("control", False), ("inactive", False)]
)
def test_any_other_test_says_whether_the_value_of_the_bucket_is_above_0(service, bucket, value):
    document = answer(service(t=everybody(bucket)), "t")[1]
    assert (document["value"], document["variant"]) == (value, bucket)


def test_a_split_has_the_reason_split(service):
    assert answer(service(t=definition()), "t")[1]["reason"] == "SPLIT"


def test_a_rule_that_chose_is_a_targeting_match(service):
    tests = service(t=everybody("blue", rule="${country == 'US'}"))
    context = {"targetingKey": "ann", "country": "US"}
    assert answer(tests, "t", context)[1]["reason"] == "TARGETING_MATCH"


def test_a_visitor_who_is_not_eligible_gets_no_value_so_that_the_code_has_its_default(service):
    tests = service(t=everybody("blue", rule="${country == 'US'}"))
    assert answer(tests, "t", {"targetingKey": "ann", "country": "FR"}) == (
        200,
        {"key": "t", "reason": "DEFAULT", "variant": "", "metadata": {}},
    )


def test_a_declared_default_is_the_variant_of_a_visitor_without_a_group(service):
    tests = Registry([ProctorTest("t", groups=("control", "blue"), default="control")])
    found = service({"tests": tests}, t=everybody("blue", rule="${false}"))
    assert answer(found, "t")[1]["variant"] == "control"


def test_a_group_that_is_not_declared_gives_the_default(service):
    tests = Registry([ProctorTest("t", groups=("control", "green"), default="control")])
    document = answer(service({"tests": tests}, t=everybody("blue")), "t")[1]
    assert (document["reason"], document["variant"], "value" in document) == (
        "DEFAULT",
        "control",
        False,
    )


def test_a_group_has_the_name_that_is_declared_for_its_value(service):
    tests = Registry([ProctorTest("t", groups={"off": 0, "on": 1})])
    assert answer(service({"tests": tests}, t=everybody("blue")), "t")[1]["variant"] == "on"


def test_a_payload_of_another_type_than_declared_is_an_error(service):
    tests = Registry([ProctorTest("t", payload=int)])
    status, document = answer(service({"tests": tests}, t=carrying(stringValue="x")), "t")
    assert (status, document["errorCode"]) == (400, "PARSE_ERROR")


def test_a_payload_of_null_is_no_value(service):
    document = answer(service(t=carrying(json=None)), "t")[1]
    assert ("value" in document, document["variant"]) == (False, "blue")


def test_a_number_that_json_lacks_is_an_error(service):
    status, document = answer(service(t=carrying(doubleValue="NaN")), "t")
    assert (status, document["errorCode"]) == (400, "PARSE_ERROR")


# -- who the visitor is ----------------------------------------------------------------------


def test_the_targeting_key_is_an_identifier_of_the_type_user(service):
    tests = service(t=definition())
    groups = tests._flags.source.determine_groups(GroupsRequest({"USER": "bob"}))
    assert answer(tests, "t", {"targetingKey": "bob"})[1]["variant"] == groups["t"].group


def test_the_targeting_key_may_be_an_identifier_of_another_type(service):
    tests = service({"targeting_key": "ACCOUNT"}, t=everybody("blue", testType="ACCOUNT"))
    assert answer(tests, "t")[1]["variant"] == "blue"


def test_an_attribute_with_the_name_of_a_test_type_is_no_identifier(service):
    tests = service(t=everybody("blue", testType="ACCOUNT"))
    status, document = answer(tests, "t", {"targetingKey": "ann", "ACCOUNT": "5083"})
    assert (status, document["errorCode"]) == (400, "TARGETING_KEY_MISSING")


def test_attributes_have_the_types_that_are_declared(service):
    variables = Variables.from_settings(context={"age": "int"})
    tests = service(variables=variables, t=everybody("blue", rule="${age > 17}"))
    assert answer(tests, "t", {"targetingKey": "ann", "age": "18"})[1]["variant"] == "blue"


def test_nobody_forces_groups(service):
    tests = service(t=definition(allocations=[allocation(control=1.0)]))
    context = {"targetingKey": "ann", "prforceGroups": "t1", "forceGroups": "t1"}
    headers = {"x_prforcegroups": "t1", "cookie": "prforceGroups=t1"}
    assert answer(tests, "t", context, **headers)[1]["variant"] == "control"


# -- errors ----------------------------------------------------------------------------------


def test_an_unknown_flag_is_a_404(service):
    status, document = answer(service(t=definition()), "other")
    assert (status, document["key"], document["errorCode"]) == (404, "other", "FLAG_NOT_FOUND")


def test_a_test_that_is_not_declared_is_a_404(service):
    tests = service({"tests": Registry(["t"])}, t=definition(), secrettst=definition())
    assert answer(tests, "secrettst")[0] == 404


def test_a_missing_targeting_key_is_an_error(service):
    status, document = answer(service(t=definition()), "t", {})
    assert (status, document["errorCode"]) == (400, "TARGETING_KEY_MISSING")


def test_a_missing_variable_is_an_invalid_context(service):
    status, document = answer(service(t=everybody("blue", rule="${country == 'US'}")), "t")
    assert (status, document["errorCode"]) == (400, "INVALID_CONTEXT")
    assert "'country'" in document["errorDetails"]


def test_a_rule_that_fails_is_a_general_error_without_the_visitors_values(service):
    tests = service(t=everybody("blue", rule="${name > 5}"))
    context = {"targetingKey": "ann", "name": "secret name"}
    status, document = answer(tests, "t", context)
    assert (status, document["errorCode"]) == (400, "GENERAL")
    assert "secret" not in document["errorDetails"]


def test_a_dropped_test_is_a_parse_error_that_shows_no_rule(service):
    tests = service(t=everybody("blue", rule="${secret ==== 1}"))
    status, document = answer(tests, "t")
    assert (status, document["errorCode"]) == (400, "PARSE_ERROR")
    assert "secret" not in document["errorDetails"]


@pytest.mark.parametrize("key", ["t", None])
def test_without_a_matrix_the_answer_is_a_500_that_shows_no_place(service, tmp_path, key):
    tests = service(t=definition())
    (tmp_path / "matrix.json").unlink()
    status, document = answer(tests, key)
    assert status == 500
    assert str(tmp_path) not in json.dumps(document)


def test_a_source_of_another_kind_is_asked_too():
    class Empty:
        waits = False

        def determine_groups(self, request):
            return Groups({})

    tests = OfrepService(Empty(), tests=Registry([ProctorTest("t", default="off")]))
    assert answer(tests, "t")[1]["variant"] == "off"
    assert answer(tests, "t", {})[1]["errorCode"] == "TARGETING_KEY_MISSING"


def test_a_source_without_an_answer_is_a_500():
    class Down:
        waits = False

        def determine_groups(self, request):
            raise SourceError("http://user:password@pipet.example is down")

    status, document = answer(OfrepService(Down(), tests=Registry(["t"])), "t")
    assert status == 500
    assert "password" not in json.dumps(document)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH"])
def test_flags_are_asked_for_with_post(service, method):
    reply = ask(service(t=definition()), "t", method=method)
    assert (reply.status, header(reply, "Allow")) == (405, "POST, OPTIONS")


# -- all flags -------------------------------------------------------------------------------


def test_all_flags_are_those_of_the_matrix_sorted(service):
    tests = service(b=everybody("blue"), a=carrying(stringValue="x"))
    status, document = answer(tests)
    assert status == 200
    assert [(each["key"], each["value"]) for each in document["flags"]] == [("a", "x"), ("b", True)]


def test_all_flags_are_the_declared_ones_if_tests_are_declared(service):
    tests = service({"tests": Registry(["b"])}, a=definition(), b=definition())
    assert [each["key"] for each in answer(tests)[1]["flags"]] == ["b"]


def test_a_flag_that_fails_does_not_fail_the_others(service):
    tests = service(
        bad=everybody("blue", rule="${country == 'US'}"),
        nan=carrying(doubleValue="Infinity"),
        good=everybody("blue"),
    )
    flags = {each["key"]: each for each in answer(tests)[1]["flags"]}
    assert flags["good"]["value"] is True
    assert flags["bad"]["errorCode"] == "INVALID_CONTEXT"
    assert flags["nan"]["errorCode"] == "PARSE_ERROR"


def test_all_tests_can_be_switched_off_as_for_a_pipet(service):
    tests = service({"all_tests": False}, t=everybody("blue"))
    assert answer(tests)[1] == {"flags": []}
    assert answer(tests, "t")[1]["value"] is True


# -- entity tags -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["t", None])
def test_a_client_that_has_the_answer_gets_a_304(service, key):
    tests = service(t=definition())
    tag = header(ask(tests, key), "ETag")
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        reply = ask(tests, key, if_none_match=known)
        assert (reply.status, reply.body, header(reply, "ETag")) == (304, b"", tag)


def test_another_body_has_another_tag(service):
    tests = service(t=everybody("blue", rule="${country == 'US'}"))
    here, there = (
        header(ask(tests, "t", {"targetingKey": "ann", "country": each}), "ETag")
        for each in ("US", "FR")
    )
    assert here != there


def test_an_error_has_no_tag(service):
    assert header(ask(service(t=definition()), "other"), "ETag") is None


# -- hostile bodies --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"context": NaN}',
        b"[" * 50_000,
        b'{"context": {"a": ' + b"1" * 5000 + b"}}",
    ],
)
def test_a_body_that_is_not_json_is_a_parse_error(service, body):
    status, document = answer(service(t=definition()), "t", body=body)
    assert (status, document["errorCode"]) == (400, "PARSE_ERROR")


@pytest.mark.parametrize(
    "document",
    [
        [],
        "text",
        5,
        {"context": []},
        {"context": "x"},
        {"context": {"targetingKey": 5}},
        {"context": {"targetingKey": {"a": "b"}}},
        {"context": {"a": 2**63}},
        {"context": {"a": [-(2**63) - 1]}},
        {"context": {str(each): 1 for each in range(MAX_ATTRIBUTES + 1)}},
    ],
)
def test_a_context_that_cannot_be_evaluated_is_an_invalid_context(service, document):
    status, found = answer(service(t=definition()), "t", body=json.dumps(document).encode())
    assert (status, found["errorCode"]) == (400, "INVALID_CONTEXT")


def test_a_number_beyond_double_precision_is_an_invalid_context(service):
    status, found = answer(service(t=definition()), "t", body=b'{"context": {"a": 1e999}}')
    assert (status, found["errorCode"]) == (400, "INVALID_CONTEXT")


def test_a_context_may_be_nested_only_so_deep(service):
    value = "x"
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    tests = service(t=definition())
    assert answer(tests, "t", {"targetingKey": "ann", "a": value})[0] == 400
    assert answer(tests, "t", {"targetingKey": "ann", "a": value[0]})[0] == 200


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", b'{"context": null}'])
def test_a_request_without_a_context_is_one_without_a_targeting_key(service, body):
    assert answer(service(t=definition()), "t", body=body)[1]["errorCode"] == (
        "TARGETING_KEY_MISSING"
    )


def test_a_large_body_is_a_413(service):
    tests = service(t=definition())
    assert answer(tests, "t", body=b" " * (MAX_BODY + 1))[0] == 413
    assert answer(tests, "t", body=b" " * MAX_BODY)[0] == 400


_CONTEXTS = st.dictionaries(
    st.text(max_size=10),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


@given(context=_CONTEXTS | st.fixed_dictionaries({"name": st.text(), "targetingKey": st.text()}))
def test_every_context_has_an_answer_of_the_protocol(tmp_path_factory, context):
    tests = {
        "a": everybody("blue", rule="${name > 5 && name.length() > 2}"),
        "b": everybody("blue", rule="${proctor:contains(name, 'x')}"),
    }
    found = OfrepService(source_of(tmp_path_factory.mktemp("m"), **tests))
    status, document = answer(found, None, context)
    assert status in (200, 400)
    for each in document.get("flags", []):
        assert "errorCode" in each or "reason" in each


@given(body=st.binary(max_size=200), key=st.text(min_size=1, max_size=20))
def test_every_body_and_key_has_an_answer(tmp_path_factory, body, key):
    found = OfrepService(source_of(tmp_path_factory.mktemp("m"), t=definition()))
    assert ask(found, key, body=body).status in (200, 400, 404)


# -- access ----------------------------------------------------------------------------------


def test_without_a_token_and_not_public_the_api_is_closed(service):
    tests = service({"access": Access()}, t=definition())
    assert [answer(tests, key)[0] for key in ("t", None)] == [403, 403]
    assert answer(tests, method="GET", path=MANIFEST)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer two"}, {"authorization": "bearer  one "}, {"x_api_key": "one"}],
)
def test_one_of_the_tokens_lets_a_client_in(service, headers):
    tests = service({"access": Access(["one", "two"])}, t=definition())
    assert ask(tests, "t", **headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer three"},
        {"authorization": "Bearer"},
        {"authorization": "Basic one"},
        {"authorization": "Bearer \u00e9"},
        {"x_api_key": "one two"},
    ],
)
def test_without_one_of_the_tokens_a_client_gets_a_401(service, headers):
    reply = ask(service({"access": Access(["one", "two"])}, t=definition()), "t", **headers)
    assert reply.status == 401
    assert header(reply, "WWW-Authenticate").startswith("Bearer")


# -- browsers --------------------------------------------------------------------------------

SHOP = "https://shop.example.com"


def test_a_page_of_a_listed_origin_may_ask(service):
    tests = service({"origins": [SHOP]}, t=definition())
    reply = ask(tests, "t", method="OPTIONS", origin=SHOP)
    assert reply.status == 204
    assert header(reply, "Access-Control-Allow-Origin") == SHOP
    assert "Authorization" in header(reply, "Access-Control-Allow-Headers")
    assert "If-None-Match" in header(reply, "Access-Control-Allow-Headers")
    reply = ask(tests, "t", origin=SHOP)
    assert header(reply, "Access-Control-Allow-Origin") == SHOP
    assert "ETag" in header(reply, "Access-Control-Expose-Headers")
    assert header(reply, "Vary") == "Origin"


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_a_page_of_another_origin_may_not(service, method):
    tests = service({"origins": [SHOP]}, t=definition())
    reply = ask(tests, "t", method=method, origin="https://evil.example")
    assert header(reply, "Access-Control-Allow-Origin") is None
    assert header(reply, "Vary") == "Origin"


def test_pages_of_all_origins_may_ask_if_that_is_listed(service):
    reply = ask(service({"origins": ["*"]}, t=definition()), "t", origin="https://any.example")
    assert header(reply, "Access-Control-Allow-Origin") == "*"
    assert header(reply, "Access-Control-Allow-Credentials") is None


def test_a_preflight_needs_no_token_and_errors_can_be_read(service):
    tests = service({"origins": [SHOP], "access": Access(["one"])}, t=definition())
    assert ask(tests, "t", method="OPTIONS", origin=SHOP).status == 204
    reply = ask(tests, "t", origin=SHOP)
    assert (reply.status, header(reply, "Access-Control-Allow-Origin")) == (401, SHOP)


# -- the manifest ----------------------------------------------------------------------------


def test_the_manifest_has_the_flags_as_the_command_line_pulls_them(service):
    tests = service(t=carrying(stringValue="x"), on=everybody("blue", description="Is it on?"))
    reply = ask(tests, method="GET", path=MANIFEST)
    assert header(reply, "X-Manifest-Capabilities") == "read"
    assert json.loads(reply.body) == {
        "flags": [
            {"key": "on", "type": "boolean", "defaultValue": False, "description": "Is it on?"},
            {"key": "t", "type": "string", "defaultValue": "x"},
        ]
    }


def test_the_manifest_is_there_as_a_file_too_with_an_entity_tag(service):
    tests = service(t=carrying(stringValue="x"))
    reply = ask(tests, method="GET", path=FILE)
    assert json.loads(reply.body) == {"flags": {"t": {"flagType": "string", "defaultValue": "x"}}}
    again = ask(tests, method="GET", path=FILE, if_none_match=header(reply, "ETag"))
    assert again.status == 304


def test_an_error_of_the_manifest_has_the_form_that_the_command_line_reads(service):
    tests = service({"access": Access(["one"])}, t=definition())
    assert answer(tests, method="GET", path=MANIFEST)[1]["error"]["status"] == 401


def test_the_manifest_is_read_with_get(service):
    assert answer(service(t=definition()), method="POST", path=MANIFEST)[0] == 405


@pytest.mark.parametrize("path", [f"{FLAGS}s", "/", f"{MANIFEST}/flags", "/ofrep/v1/configuration"])
def test_other_addresses_are_a_404(service, path):
    assert answer(service(t=definition()), path=path)[0] == 404

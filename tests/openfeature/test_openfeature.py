from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import subprocess
import sys
import threading
import time
import weakref
from datetime import datetime, timezone

import pytest

pytest.importorskip("openfeature", reason="openfeature-sdk is not installed")

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode, OpenFeatureError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from proctor.core import (
    ConfigurationError,
    GroupAssignment,
    Groups,
    GroupsRequest,
    MatrixSource,
    PipetSource,
    Proctor,
    SourceError,
    Variables,
)
from proctor.core import Reason as GroupReason
from proctor.openfeature import ProctorProvider
from tests.core.httpserver import Reply, serving
from tests.core.small_matrices import allocation, definition, everybody, matrix

LONG = 30.0
ANN = EvaluationContext("ann")


def document(version="1", **tests):
    return json.dumps({"audit": {"version": version}, "tests": tests}).encode()


def replace(path, content):
    """Replace the file by a new one, as deployments do."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def eventually(condition):
    """Wait until the condition is true, up to a limit; then the test's own assertion fails."""
    ends = time.monotonic() + LONG
    while not (result := condition()) and time.monotonic() < ends:
        time.sleep(0.002)
    return result


def child(test, value, salt):
    """A test in which everyone who is in a bucket of another test is in one bucket."""
    depends_on = {"testName": test, "bucketValue": value}
    return everybody("blue", dependsOn=depends_on, salt=salt)


def carrying(**payload):
    """A test in which everyone is in one bucket, with a payload."""
    return everybody("blue", buckets=[{"name": "blue", "value": 1, "payload": payload}])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "matrix.json"


@pytest.fixture
def connect():
    """The SDK's client for a provider."""

    def connect(provider):
        # Without a matrix, this raises an exception, but the provider is set anyway.
        with contextlib.suppress(OpenFeatureError):
            api.set_provider_and_wait(provider)
        return api.get_client()

    yield connect
    api.shutdown()
    for thread in threading.enumerate():
        if thread.name == "proctor-matrix":
            thread.join(LONG)


@pytest.fixture
def serve(connect, path):
    """A client for a matrix with these tests."""

    def serve(options=None, /, **tests):
        path.write_bytes(document(**tests))
        return connect(ProctorProvider(MatrixSource(path), **(options or {})))

    return serve


def error_of(details):
    return details.error_code, details.reason, details.value


class Counting(MatrixSource):
    """A source that counts the requests for a single test."""

    short = 0

    def determine_group(self, request, test, *, proctor=None):
        self.short += 1
        return super().determine_group(request, test, proctor=proctor)


class OfOnesOwn(Counting):
    """A source that overrides `determine_groups`."""

    def determine_groups(self, request, *, proctor=None):
        return Groups({"atest": GroupAssignment("mine", 1)})


# Values

OBJECT = {"a": [1, {"b": None}], "c": "d"}


@pytest.mark.parametrize(
    ("kind", "payload", "default", "expected"),
    [
        ("boolean", {"json": True}, False, True),
        ("boolean", {"json": False}, True, False),
        ("string", {"stringValue": "Join"}, "Sign up", "Join"),
        ("string", {"stringValue": ""}, "Sign up", ""),
        ("string", {"json": "Join"}, "Sign up", "Join"),
        ("integer", {"longValue": 2**40}, 1, 2**40),
        ("integer", {"json": 7}, 1, 7),
        ("float", {"doubleValue": 0.25}, 1.0, 0.25),
        ("float", {"doubleValue": 2}, 1.0, 2.0),
        ("float", {"json": 0.25}, 1.0, 0.25),
        ("object", {"stringArray": ["a", "b"]}, [], ["a", "b"]),
        ("object", {"longArray": [1, 2]}, [], [1, 2]),
        ("object", {"doubleArray": [0.5]}, [], [0.5]),
        ("object", {"map": OBJECT}, {}, OBJECT),
        ("object", {"json": OBJECT}, {}, OBJECT),
        ("object", {"json": [OBJECT]}, [], [OBJECT]),
    ],
)
def test_a_flag_of_each_type_is_the_payload_of_the_group(serve, kind, payload, default, expected):
    client = serve(carried=carrying(**payload))
    details = getattr(client, f"get_{kind}_details")("carried", default, ANN)
    assert (details.value, type(details.value)) == (expected, type(expected))
    assert (details.error_code, details.variant) == (None, "blue")


@pytest.mark.parametrize(
    ("kind", "payload", "default"),
    [
        ("string", {"longValue": 7}, "x"),
        ("string", {"stringArray": ["a"]}, "x"),
        ("string", {"json": None}, "x"),
        ("integer", {"stringValue": "7"}, 1),
        ("integer", {"doubleValue": 7.0}, 1),
        ("integer", {"json": True}, 1),
        ("float", {"longValue": 7}, 1.5),
        ("float", {"stringValue": "7.5"}, 1.5),
        ("object", {"stringValue": "[]"}, {}),
        ("object", {"json": False}, {}),
        ("integer", None, 1),
        ("float", None, 1.5),
        ("object", None, {}),
    ],
)
def test_a_payload_of_another_type_is_not_converted(serve, kind, payload, default):
    client = serve(t=carrying(**payload) if payload else everybody("blue"))
    details = getattr(client, f"get_{kind}_details")("t", default, ANN)
    assert error_of(details) == (ErrorCode.TYPE_MISMATCH, Reason.ERROR, default)
    assert ("no payload" if payload is None else next(iter(payload))) in details.error_message


@pytest.mark.parametrize(
    ("bucket", "expected"), [("inactive", False), ("control", False), ("blue", True)]
)
def test_a_boolean_is_whether_the_value_of_the_bucket_is_above_0(serve, bucket, expected):
    client = serve(rollout=everybody(bucket))
    assert client.get_boolean_value("rollout", not expected, ANN) is expected


def test_a_boolean_asks_for_the_bucket_where_the_payload_is_of_another_type(serve):
    client = serve(t=carrying(stringValue="false"))
    assert client.get_boolean_details("t", False, ANN).value is True


def test_a_string_is_the_name_of_the_group_where_no_bucket_has_a_payload(serve):
    client = serve(t=everybody("control"))
    assert client.get_string_value("t", "blue", ANN) == "control"


def test_the_empty_payload_is_none(serve):
    client = serve(t=carrying())
    assert client.get_string_value("t", "x", ANN) == "blue"


def test_an_object_belongs_to_whoever_asked_for_it(serve):
    client = serve(t=carrying(map={"words": ["a"]}))
    client.get_object_value("t", {}, ANN)["words"].append("b")
    assert client.get_object_value("t", {}, ANN) == {"words": ["a"]}


def test_the_variant_of_each_visitor_is_the_group_that_the_engine_gives(serve):
    proctor = Proctor(matrix(t=definition()))
    client = serve(t=definition())
    visitors = [f"visitor{number}" for number in range(200)]
    got = [
        client.get_boolean_details("t", False, EvaluationContext(each)).variant for each in visitors
    ]
    assert got == [
        proctor.determine_groups(identifiers={"USER": each})["t"].group for each in visitors
    ]
    assert set(got) == {"control", "blue"}


# Reasons and metadata


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (definition(), Reason.SPLIT),
        (definition(rule="${country == 'US'}"), Reason.SPLIT),
        (definition(testType="RANDOM"), Reason.SPLIT),
        (everybody("blue"), Reason.STATIC),
        (everybody("blue", rule="${}"), Reason.STATIC),
        (definition(allocations=[allocation(blue=1.0, control=0.0)]), Reason.STATIC),
        (everybody("blue", rule="${country == 'US'}"), Reason.TARGETING_MATCH),
        (
            definition(allocations=[allocation("${country == 'US'}", blue=1.0)]),
            Reason.TARGETING_MATCH,
        ),
        (
            definition(
                allocations=[
                    allocation("${country == 'DE'}", control=0.5, blue=0.5),
                    allocation(blue=1.0, id="#B1"),
                ]
            ),
            Reason.TARGETING_MATCH,
        ),
        (
            definition(
                allocations=[
                    allocation("${true}", blue=1.0),
                    allocation("${country == 'DE'}", control=1.0, id="#B1"),
                ]
            ),
            Reason.STATIC,
        ),
        (
            child("parent", 1, "&child"),
            Reason.TARGETING_MATCH,
        ),
    ],
    ids=[
        "split",
        "rule and split",
        "random",
        "everybody",
        "empty rule",
        "empty range",
        "rule of the test",
        "rule of the allocation",
        "rule of the allocation before",
        "rule that is true",
        "dependency",
    ],
)
def test_the_reason_says_what_chose_the_group(serve, test, expected):
    client = serve(t=test, parent=everybody("blue"))
    details = client.get_boolean_details("t", False, EvaluationContext("ann", {"country": "US"}))
    assert details.reason == expected


def test_the_metadata_tell_what_else_is_known_of_the_group(serve):
    client = serve(t=everybody("blue"))
    details = client.get_boolean_details("t", False, ANN)
    assert details.flag_metadata == {"value": 1, "version": "3", "allocation_id": "#A1"}


@pytest.mark.parametrize(
    "test",
    [
        everybody("blue", rule="${country == 'DE'}"),
        child("parent", 0, "&child"),
        definition(allocations=[allocation("${country == 'DE'}", blue=1.0)]),
    ],
    ids=["rule", "dependency", "allocations"],
)
def test_a_visitor_who_is_not_eligible_has_the_default_and_that_is_no_error(serve, test):
    client = serve(t=test, parent=everybody("blue"))
    context = EvaluationContext("ann", {"country": "US"})
    details = client.get_string_details("t", "the default", context)
    assert error_of(details) == (None, Reason.DEFAULT, "the default")
    assert details.variant is None


# Who the visitor is


def test_the_targeting_key_may_stand_for_another_test_type(serve):
    client = serve({"targeting_key": "ACCOUNT"}, t=everybody("blue", testType="ACCOUNT"))
    assert client.get_string_value("t", "none", ANN) == "blue"


def test_attributes_that_are_named_are_identifiers(serve):
    client = serve({"identifiers": ["ACCOUNT"]}, t=everybody("blue", testType="ACCOUNT"))
    context = EvaluationContext(attributes={"ACCOUNT": 5083})
    assert client.get_string_value("t", "none", context) == "blue"


def test_attributes_may_have_other_names_than_the_test_types(serve):
    client = serve({"identifiers": {"accountId": "ACCOUNT"}}, t=definition(testType="ACCOUNT"))
    proctor = Proctor(matrix(t=definition(testType="ACCOUNT")))
    context = EvaluationContext("ann", {"accountId": 5083})
    expected = proctor.determine_groups(identifiers={"ACCOUNT": "5083"})["t"].group
    assert client.get_string_value("t", "none", context) == expected


def test_attributes_that_are_not_named_are_variables_of_rules(serve):
    client = serve(t=everybody("blue", rule="${ACCOUNT == 5083}"))
    context = EvaluationContext("ann", {"ACCOUNT": 5083})
    assert client.get_string_value("t", "none", context) == "blue"


def test_identifiers_are_no_variables_of_rules(serve):
    client = serve({"identifiers": ["ACCOUNT"]}, t=everybody("blue", rule="${ACCOUNT == 5083}"))
    context = EvaluationContext("ann", {"ACCOUNT": 5083})
    assert client.get_string_details("t", "none", context).error_code is ErrorCode.INVALID_CONTEXT


def test_source_keys_and_types_are_those_of_the_source(connect, path):
    path.write_bytes(document(t=everybody("blue", rule="${age >= 18}", testType="ACCOUNT")))
    variables = Variables.from_settings(
        {"acctid": "ACCOUNT"}, {"years": {"type": "Integer", "name": "age"}}
    )
    client = connect(ProctorProvider(MatrixSource(path, variables), targeting_key="acctid"))
    context = EvaluationContext("5083", {"years": "20"})
    assert client.get_string_value("t", "none", context) == "blue"


def test_contexts_of_the_sdk_come_together(serve):
    client = serve(t=everybody("blue", rule="${country == 'US' && age == 20}"))
    api.set_evaluation_context(EvaluationContext("ann", {"country": "DE", "age": 20}))
    context = EvaluationContext(attributes={"country": "US"})
    assert client.get_string_value("t", "none", context) == "blue"


@pytest.mark.parametrize(
    "options",
    [
        {"identifiers": "ACCOUNT"},
        {"identifiers": ["USER"]},
        {"identifiers": {"a": "ACCOUNT", "b": "ACCOUNT"}},
        {"identifiers": ["ACCOUNT"], "force_attribute": "ACCOUNT"},
    ],
    ids=str,
)
def test_arguments_that_contradict_each_other_are_refused(path, options):
    with pytest.raises(ConfigurationError, match=r"ACCOUNT|USER"):
        ProctorProvider(MatrixSource(path), **options)


# Forced groups


def test_a_group_can_be_forced_where_the_application_names_the_attribute(serve):
    client = serve({"force_attribute": "forced"}, tst=everybody("control", rule="${false}"))
    details = client.get_string_details("tst", "none", EvaluationContext("ann", {"forced": "tst1"}))
    assert (details.value, details.reason) == ("blue", Reason.STATIC)
    assert details.flag_metadata == {"value": 1, "version": "3", "forced": True}


def test_nobody_forces_groups_where_the_application_names_no_attribute(serve):
    client = serve(tst=everybody("control"))
    context = EvaluationContext("ann", {"prforceGroups": "tst1", "force_attribute": "tst1"})
    assert client.get_string_value("tst", "none", context) == "control"


def test_an_attribute_that_forces_groups_must_be_a_text(serve):
    client = serve({"force_attribute": "forced"}, t=everybody("control"))
    details = client.get_string_details("t", "none", EvaluationContext("ann", {"forced": 1}))
    assert error_of(details) == (ErrorCode.INVALID_CONTEXT, Reason.ERROR, "none")


def test_an_attribute_that_forces_nothing_may_be_none(serve):
    client = serve({"force_attribute": "forced"}, t=everybody("control"))
    context = EvaluationContext("ann", {"forced": None})
    assert client.get_string_value("t", "none", context) == "control"


# Errors


def test_a_flag_that_the_matrix_does_not_have_is_not_found(serve):
    details = serve(t=definition()).get_boolean_details("another", True, ANN)
    assert error_of(details) == (ErrorCode.FLAG_NOT_FOUND, Reason.ERROR, True)
    assert "'another'" in details.error_message


@pytest.mark.parametrize("context", [None, EvaluationContext(), EvaluationContext("")], ids=str)
def test_a_targeting_key_that_the_test_needs_is_missed(serve, context):
    details = serve(t=definition()).get_boolean_details("t", True, context)
    assert error_of(details) == (ErrorCode.TARGETING_KEY_MISSING, Reason.ERROR, True)
    assert "USER" in details.error_message


def test_an_identifier_of_another_type_does_not_help(serve):
    details = serve(t=definition(testType="ACCOUNT")).get_boolean_details("t", True, ANN)
    assert error_of(details) == (ErrorCode.TARGETING_KEY_MISSING, Reason.ERROR, True)


def test_a_test_of_the_type_random_needs_no_targeting_key(serve):
    client = serve(t=everybody("blue", testType="RANDOM"), u=definition(testType="RANDOM"))
    assert client.get_string_value("t", "none") == "blue"


def test_who_is_not_eligible_for_a_random_test_lacks_nothing(serve):
    client = serve(t=everybody("blue", testType="RANDOM", rule="${false}"))
    assert error_of(client.get_string_details("t", "none")) == (None, Reason.DEFAULT, "none")


def test_a_test_that_is_bad_by_itself_cannot_be_parsed(serve):
    client = serve(t=everybody("blue", rule="${country ==}"), well=everybody("blue"))
    details = client.get_string_details("t", "none", ANN)
    assert error_of(details) == (ErrorCode.PARSE_ERROR, Reason.ERROR, "none")
    assert client.get_string_value("well", "none", ANN) == "blue"


def test_a_variable_that_a_rule_needs_and_nobody_gave_is_an_invalid_context(serve):
    client = serve(t=everybody("blue", rule="${country == 'US'}"))
    details = client.get_string_details("t", "none", ANN)
    assert error_of(details) == (ErrorCode.INVALID_CONTEXT, Reason.ERROR, "none")
    assert "'country'" in details.error_message


def test_a_rule_that_fails_otherwise_is_a_general_error_that_shows_no_values(serve):
    client = serve(t=everybody("blue", rule="${age > 18}"))
    context = EvaluationContext("ann", {"age": "a secret"})
    details = client.get_string_details("t", "none", context)
    assert error_of(details) == (ErrorCode.GENERAL, Reason.ERROR, "none")
    assert "secret" not in details.error_message


class Textless:
    def __str__(self):
        raise ValueError("a secret")


def test_an_identifier_without_a_text_is_an_invalid_context(serve):
    client = serve({"identifiers": ["ACCOUNT"]}, t=definition(testType="ACCOUNT"))
    details = client.get_string_details(
        "t", "none", EvaluationContext(None, {"ACCOUNT": Textless()})
    )
    assert error_of(details) == (ErrorCode.INVALID_CONTEXT, Reason.ERROR, "none")
    assert "secret" not in details.error_message


def test_an_identifier_of_the_type_random_is_an_invalid_context(serve):
    client = serve({"targeting_key": "RANDOM"}, t=definition())
    details = client.get_string_details("t", "none", ANN)
    assert error_of(details) == (ErrorCode.INVALID_CONTEXT, Reason.ERROR, "none")


def test_a_variable_may_be_a_date_as_the_sdk_allows(serve):
    client = serve(t=everybody("blue"))
    context = EvaluationContext("ann", {"born": datetime(1990, 1, 1, tzinfo=timezone.utc)})
    assert client.get_string_value("t", "none", context) == "blue"


def test_without_a_matrix_the_provider_is_not_ready(connect, path):
    client = connect(ProctorProvider(MatrixSource(path)))
    details = client.get_string_details("t", "none", ANN)
    assert error_of(details) == (ErrorCode.PROVIDER_NOT_READY, Reason.ERROR, "none")
    assert client.get_provider_status() is ProviderStatus.ERROR


def test_a_matrix_that_is_none_cannot_be_parsed(connect, path):
    path.write_bytes(b"no matrix")
    client = connect(ProctorProvider(MatrixSource(path)))
    details = client.get_string_details("t", "none", ANN)
    assert error_of(details) == (ErrorCode.PARSE_ERROR, Reason.ERROR, "none")


def test_before_it_is_initialized_the_sdk_does_not_ask(path):
    client = api.get_client("a domain without a provider")
    path.write_bytes(document(t=everybody("blue")))
    provider = ProctorProvider(MatrixSource(path))
    # If it is asked anyway, it loads the matrix.
    assert provider.resolve_string_details("t", "none", ANN).value == "blue"
    assert client.get_string_value("t", "none", ANN) == "none"


# Events


@contextlib.contextmanager
def heard(client, event):
    """A list of the details of one kind of event, filled as events arrive."""
    found = []
    client.add_handler(event, found.append)
    try:
        yield found
    finally:
        client.remove_handler(event, found.append)


@pytest.fixture
def live(connect, path):
    """A client for a matrix that is checked at each evaluation, and a function to evaluate."""

    def live(**tests):
        path.write_bytes(document(**tests))
        client = connect(ProctorProvider(MatrixSource(path, reload_interval=0)))
        return client, lambda: client.get_string_value("t", "none", ANN)

    return live


def test_a_new_matrix_is_a_change_of_the_configuration(live, path):
    client, ask = live(
        t=everybody("control"),
        same=definition(),
        removed=definition(),
        child=child("t", 0, "&child"),
        grandchild=child("child", 1, "&grandchild"),
    )
    changed = {
        "t": everybody("blue"),
        "same": definition(),
        "added": definition(),
        "child": child("t", 0, "&child"),
        "grandchild": child("child", 1, "&grandchild"),
    }
    with heard(client, ProviderEvent.PROVIDER_CONFIGURATION_CHANGED) as events:
        assert ask() == "control"
        replace(path, document("2", **changed))
        assert eventually(lambda: ask() == "blue" and events)
    (details,) = events
    assert details.flags_changed == ["added", "child", "grandchild", "removed", "t"]
    assert details.metadata == {"matrix_version": "2"}
    assert details.provider_name == "Proctor"


def test_a_new_version_in_which_no_test_has_changed_is_no_event(path):
    path.write_bytes(document(t=everybody("blue")))
    source, emitted = MatrixSource(path, reload_interval=0), []
    provider = ProctorProvider(source)
    provider.attach(lambda provider, event, details: emitted.append(event))
    provider.initialize(EvaluationContext())
    replace(path, document("2", t=everybody("blue")))
    assert eventually(lambda: source.current().matrix_version == "2")
    replace(path, document("3", t=everybody("control")))
    assert eventually(lambda: source.current() and emitted)
    assert emitted == [ProviderEvent.PROVIDER_CONFIGURATION_CHANGED]
    provider.shutdown()


def test_it_is_stale_while_no_new_matrix_can_be_had_and_then_ready_again(live, path):
    client, ask = live(t=everybody("blue"))
    with heard(client, ProviderEvent.PROVIDER_STALE) as events:
        replace(path, b"no matrix")
        assert eventually(lambda: ask() == "blue" and events)
        assert client.get_provider_status() is ProviderStatus.STALE
        replace(path, document("1", t=everybody("blue")))
        stale = ProviderStatus.STALE
        assert eventually(lambda: ask() == "blue" and client.get_provider_status() is not stale)
    assert client.get_provider_status() is ProviderStatus.READY
    # Failures during an outage do not cause separate events.
    assert len(events) == 1


def test_it_becomes_ready_when_the_first_matrix_comes_late(connect, path):
    client = connect(ProctorProvider(MatrixSource(path, reload_interval=0)))
    assert client.get_provider_status() is ProviderStatus.ERROR
    path.write_bytes(document(t=everybody("blue")))
    assert eventually(lambda: client.get_string_value("t", "none", ANN) == "blue")
    assert client.get_provider_status() is ProviderStatus.READY


def test_it_waits_for_a_matrix_that_comes_over_the_network(connect):
    with serving(Reply(document(), drip="body")) as server:
        # The source alone would not wait.
        client = connect(ProctorProvider(MatrixSource(server.url, wait=0)))
        assert client.get_provider_status() is ProviderStatus.READY
        details = client.get_string_details("t", "none", ANN)
    assert details.error_code is ErrorCode.FLAG_NOT_FOUND


def test_after_its_end_it_emits_nothing_and_can_begin_anew(path):
    path.write_bytes(document(t=everybody("blue")))
    source, emitted = MatrixSource(path, reload_interval=0), []
    provider = ProctorProvider(source)
    provider.attach(lambda provider, event, details: emitted.append(details.metadata))
    provider.initialize(EvaluationContext())
    provider.shutdown()
    provider.shutdown()
    replace(path, document("2", t=everybody("control")))
    assert eventually(lambda: source.current().matrix_version == "2")
    provider.initialize(EvaluationContext())
    replace(path, document("3", t=everybody("blue")))
    assert eventually(lambda: source.current() and emitted)
    assert emitted == [{"matrix_version": "3"}]
    provider.shutdown()


def test_after_its_end_the_source_holds_nothing_of_it(path):
    path.write_bytes(document(t=everybody("blue")))
    source = MatrixSource(path)
    provider = ProctorProvider(source)
    provider.initialize(EvaluationContext())
    provider.initialize(EvaluationContext())
    provider.shutdown()
    left = weakref.ref(provider)
    del provider
    gc.collect()
    assert left() is None


def test_shutting_down_leaves_the_source_to_its_owner(path):
    path.write_bytes(document(t=everybody("blue")))
    source = MatrixSource(path, reload_interval=0)
    provider = ProctorProvider(source)
    provider.initialize(EvaluationContext())
    provider.shutdown()
    replace(path, document("2", t=everybody("control")))
    assert eventually(lambda: source.current().matrix_version == "2")


# Without blocking an event loop


@pytest.mark.parametrize(
    ("kind", "payload", "default", "expected"),
    [
        ("boolean", {"json": True}, False, True),
        ("string", {"stringValue": "Join"}, "Sign up", "Join"),
        ("integer", {"longValue": 7}, 1, 7),
        ("float", {"doubleValue": 0.25}, 1.0, 0.25),
        ("object", {"map": OBJECT}, {}, OBJECT),
    ],
)
def test_each_type_has_its_coroutine(serve, kind, payload, default, expected):
    client = serve(carried=carrying(**payload))
    found = asyncio.run(getattr(client, f"get_{kind}_details_async")("carried", default, ANN))
    assert (found.value, found.reason, found.variant) == (expected, Reason.STATIC, "blue")


def test_a_coroutine_answers_with_an_error_too(serve):
    client = serve(t=everybody("blue"))
    found = asyncio.run(client.get_integer_details_async("t", 5, ANN))
    assert error_of(found) == (ErrorCode.TYPE_MISMATCH, Reason.ERROR, 5)


class Here:
    """A source that puts everyone into one group, and records the thread in which it is asked."""

    def __init__(self, waits=None, reason=GroupReason.ASSIGNED):
        if waits is not None:
            self.waits = waits
        self.assignment = GroupAssignment("blue", 1, reason=reason)
        self.asked = []

    def determine_groups(self, request: GroupsRequest) -> Groups:
        self.asked.append(threading.current_thread())
        return Groups({"t": self.assignment})

    def close(self):
        pass


@pytest.mark.parametrize("waits", [True, None])
def test_a_source_that_waits_is_not_asked_in_the_loop(connect, waits):
    source = Here(waits)
    client = connect(ProctorProvider(source))
    assert asyncio.run(client.get_string_value_async("t", "none", ANN)) == "blue"
    assert threading.current_thread() not in source.asked


def test_a_source_that_does_not_wait_is_asked_in_the_loop(connect):
    source = Here(waits=False)
    client = connect(ProctorProvider(source))
    assert asyncio.run(client.get_string_value_async("t", "none", ANN)) == "blue"
    assert source.asked == [threading.current_thread()]


def test_a_loop_goes_on_while_a_matrix_is_waited_for(path):
    async def ask(provider, release):
        asked = asyncio.ensure_future(provider.resolve_string_details_async("t", "none", ANN))
        await asyncio.to_thread(begun.wait, LONG)
        # Only if the loop is not blocked does it get here and let the source answer.
        release.set()
        return await asked

    begun, release = threading.Event(), threading.Event()

    class Slow(Here):
        def determine_groups(self, request):
            begun.set()
            release.wait(LONG)
            return super().determine_groups(request)

    provider = ProctorProvider(Slow(waits=True))
    assert asyncio.run(ask(provider, release)).value == "blue"


# Other sources


def reply(**groups):
    return Reply(json.dumps({"data": {"groups": groups}, "meta": {"status": 200}}).encode())


BLUE = {"name": "blue", "value": 1, "version": "3", "payload": {"stringValue": "#00F"}}


def test_a_matrix_is_asked_for_one_test_the_short_way(connect, path):
    path.write_bytes(document(atest=everybody("blue")))
    source = Counting(path)
    assert connect(ProctorProvider(source)).get_string_value("atest", "x", ANN) == "blue"
    assert source.short == 1


def test_a_matrix_source_with_groups_of_its_own_is_not_passed_by(connect, path):
    path.write_bytes(document(atest=everybody("blue")))
    source = OfOnesOwn(path)
    assert connect(ProctorProvider(source)).get_string_value("atest", "x", ANN) == "mine"
    assert source.short == 0


def test_a_pipet_can_be_asked(connect):
    with serving(reply(t=BLUE)) as server, PipetSource(server.url, timeout=LONG) as source:
        details = connect(ProctorProvider(source)).get_string_details("t", "none", ANN)
    assert (details.value, details.variant, details.reason) == ("#00F", "blue", Reason.SPLIT)
    assert details.flag_metadata == {"value": 1, "version": "3"}


def test_a_group_without_a_version_has_none_in_its_metadata(connect):
    with (
        serving(reply(t={"name": "blue", "value": 1})) as server,
        PipetSource(server.url, timeout=LONG) as source,
    ):
        details = connect(ProctorProvider(source)).get_string_details("t", "none", ANN)
    assert (details.value, details.flag_metadata) == ("blue", {"value": 1})


def test_who_gets_no_group_from_a_pipet_has_the_default(connect):
    with serving(reply()) as server, PipetSource(server.url, timeout=LONG) as source:
        details = connect(ProctorProvider(source)).get_string_details("t", "none", ANN)
    assert error_of(details) == (None, Reason.DEFAULT, "none")


def test_a_pipet_is_not_asked_about_nobody(connect):
    with serving(reply(t=BLUE)) as server, PipetSource(server.url, timeout=LONG) as source:
        details = connect(ProctorProvider(source)).get_string_details("t", "none")
        assert server.requests == []
    assert error_of(details) == (ErrorCode.TARGETING_KEY_MISSING, Reason.ERROR, "none")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, ErrorCode.INVALID_CONTEXT),
        (414, ErrorCode.INVALID_CONTEXT),
        (404, ErrorCode.GENERAL),
        (500, ErrorCode.GENERAL),
    ],
)
def test_a_pipet_that_does_not_answer_is_an_error(connect, status, expected):
    with serving(Reply(status=status)) as server, PipetSource(server.url, timeout=LONG) as source:
        details = connect(ProctorProvider(source)).get_string_details("t", "none", ANN)
    assert error_of(details) == (expected, Reason.ERROR, "none")


def test_what_was_forced_comes_from_a_pipet_as_forced(connect):
    with serving(reply(tst=BLUE)) as server, PipetSource(server.url, timeout=LONG) as source:
        client = connect(ProctorProvider(source, force_attribute="forced"))
        context = EvaluationContext("ann", {"forced": "tst1"})
        details = client.get_string_details("tst", "none", context)
    assert (details.reason, details.flag_metadata["forced"]) == (Reason.STATIC, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GroupReason.ASSIGNED, (Reason.SPLIT, "blue")),
        (GroupReason.STALE, (Reason.STALE, "blue")),
        (GroupReason.FORCED, (Reason.STATIC, "blue")),
        (GroupReason.NO_GROUP, (Reason.DEFAULT, "none")),
    ],
)
def test_the_reason_of_a_source_of_ones_own_is_told(connect, given, expected):
    client = connect(ProctorProvider(Here(reason=given)))
    details = client.get_string_details("t", "none", ANN)
    assert (details.reason, details.value) == expected


def test_a_source_that_can_prepare_does_so_before_the_first_visitor(connect):
    class Prepared(Here):
        prepared = False

        def prepare(self):
            self.prepared = True

    source = Prepared()
    connect(ProctorProvider(source))
    assert source.prepared


def test_a_source_without_an_answer_gives_the_default(connect):
    class Failing(Here):
        def determine_groups(self, request):
            raise SourceError("not today")

    details = connect(ProctorProvider(Failing())).get_string_details("t", "none", ANN)
    assert error_of(details) == (ErrorCode.PROVIDER_NOT_READY, Reason.ERROR, "none")
    assert details.error_message == "not today"


def test_the_provider_shows_what_it_asks(path):
    assert "m.json" in repr(ProctorProvider(MatrixSource(path.with_name("m.json"))))


# The optional dependency


def run(code):
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_the_sdk_the_error_says_what_to_install():
    result = run("import sys; sys.modules['openfeature'] = None; import proctor.openfeature")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: proctor.openfeature needs the OpenFeature SDK")
    assert "pip install 'django-proctor[openfeature]'" in last


def test_it_needs_no_django(path):
    path.write_bytes(document(t=everybody("blue")))
    code = f"""
import sys
sys.modules.update(dict.fromkeys(["django", "appconf", "pytest"]))
from openfeature.evaluation_context import EvaluationContext
from proctor.core import MatrixSource
from proctor.openfeature import ProctorProvider
provider = ProctorProvider(MatrixSource({str(path)!r}))
print(provider.resolve_string_details("t", "none", EvaluationContext("ann")).value)
"""
    result = run(code)
    assert (result.stdout, result.stderr) == ("blue\n", "")

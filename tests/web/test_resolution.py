from __future__ import annotations

import logging

import pytest
from django.test import override_settings

from proctor import ProctorTest
from proctor.configuration import Configuration, current_configuration
from proctor.core.exceptions import MatrixNotReady, SourceError
from proctor.core.groups import GroupAssignment, Groups, Reason
from proctor.core.sources import GroupsRequest
from proctor.identify import identify
from proctor.resolution import Resolution
from proctor.signals import source_failed
from tests.web.matrices import definition, one_bucket, write_matrix


class OwnSource:
    """A source as a site writes it."""

    def determine_groups(self, request):
        return Groups({"buttoncolortst": GroupAssignment("green", 2), "othertst": MORE})

    def close(self):
        pass


MORE = GroupAssignment("more", 1)


class Unready(OwnSource):
    def determine_groups(self, request):
        raise MatrixNotReady("not yet")


class Broken(OwnSource):
    def determine_groups(self, request):
        raise ZeroDivisionError("pa5xq0lz4n80")


class Down(OwnSource):
    def determine_groups(self, request):
        raise SourceError("no answer\nforged line")


def own(source):
    return override_settings(PROCTOR_SOURCE=f"{__name__}.{source.__name__}")


@pytest.fixture
def color(site):
    """The one test, as its declaration says and the matrix answers."""
    return lambda: identify({"USER": "a"}).buttoncolortst


def test_an_answer_that_was_declared_is_given(color):
    assert (color().group, color().reason) == ("blue", Reason.ASSIGNED)


def test_a_group_that_was_not_declared_gives_the_default(site, color):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", {"control": 0, "red": 3}, "control"),)
    assignment = color()
    assert (assignment.group, assignment.value, assignment.payload) == ("control", 0, None)
    assert assignment.reason is Reason.UNEXPECTED_GROUP


def test_a_default_without_a_declared_value_has_none(site, color):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("control", "red"), "control"),)
    assert color().value is None


def test_without_a_default_there_is_no_group(site, color):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("control", "red")),)
    assert (color().group, color().value, color().payload) == (None, None, None)


def test_a_payload_of_another_type_becomes_none_and_the_group_stays(site):
    site.PROCTOR_TESTS = (ProctorTest("headlinetst", payload=int),)
    assignment = identify({"USER": "a"}).headlinetst
    assert (assignment.group, assignment.value, assignment.payload) == ("warm", 1, None)
    assert assignment.reason is Reason.ASSIGNED


@pytest.mark.parametrize(
    ("declared", "payload"),
    [
        (str, {"stringValue": "a"}),
        (int, {"longValue": 3}),
        (float, {"doubleValue": 1.5}),
        (list[str], {"stringArray": ["a"]}),
        (list[int], {"longArray": [1]}),
        (list[float], {"doubleArray": [1.5]}),
        (dict, {"map": {"a": 1.0}}),
        ("stringValue", {"stringValue": "a"}),
    ],
)
def test_a_payload_of_the_declared_type_is_given(site, tmp_path, declared, payload):
    site.PROCTOR_TESTS = (ProctorTest("payloadtst", payload=declared),)
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, payloadtst=definition(one_bucket("a", 1, **payload))
    )
    assert identify({"USER": "a"}).payloadtst.payload is not None


@pytest.mark.parametrize(
    "test",
    [
        ProctorTest("headlinetst", groups=("cold",)),
        ProctorTest("headlinetst", payload=int),
    ],
)
def test_what_does_not_fit_is_logged_once(site, caplog, test):
    site.PROCTOR_TESTS = (test,)
    for _ in range(3):
        identify({"USER": "a"}).headlinetst  # noqa: B018
    assert [each.levelname for each in caplog.records if each.name == "proctor.resolution"] == [
        "WARNING"
    ]


def test_a_rule_that_fails_is_logged_once_and_by_name_of_test_and_variable(site, tmp_path, caplog):
    site.PROCTOR_CONTEXT = None
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), rule="${planet == 'x'}")
    )
    for _ in range(3):
        assert identify({"USER": "a"}).buttoncolortst.reason is Reason.NO_GROUP
    (record,) = [each for each in caplog.records if each.name == "proctor.answers"]
    assert "buttoncolortst failed with UndefinedName of planet" in record.getMessage()


def test_a_source_of_the_site_s_own_decides(site, color):
    with own(OwnSource):
        assert color().group == "green"


def test_what_a_source_says_of_undeclared_tests_is_left_out(site):
    with own(OwnSource):
        proc = identify({})
        assert ("othertst" in proc, str(proc)) == (False, "buttoncolortst2")


def test_a_source_that_is_not_ready_gives_the_defaults_and_says_so(site, color):
    with own(Unready):
        assert color().reason is Reason.NOT_READY


def test_a_source_that_is_down_is_logged_once_in_one_line(site, color, caplog):
    with own(Down):
        for _ in range(3):
            assert color().reason is Reason.SOURCE_FAILED
    (record,) = [each for each in caplog.records if each.name == "proctor.answers"]
    assert record.getMessage() == r"No groups from Down: no answer\nforged line"


def test_a_source_with_a_mistake_gives_the_defaults_and_is_logged_once(site, color, caplog):
    with own(Broken):
        for _ in range(3):
            assert color().reason is Reason.SOURCE_FAILED
    (record,) = [each for each in caplog.records if each.name == "proctor.answers"]
    assert "ZeroDivisionError" in record.getMessage()
    assert "pa5xq" not in caplog.text


def test_a_source_with_a_mistake_raises_in_debug(site, color):
    with own(Broken), override_settings(DEBUG=True), pytest.raises(ZeroDivisionError):
        color()


def test_a_source_that_is_down_does_not_raise_in_debug(site, color):
    with own(Down), override_settings(DEBUG=True):
        assert color().reason is Reason.SOURCE_FAILED


def test_each_failure_of_a_source_is_told(site, color):
    told = []

    def note(sender, **_):
        told.append(sender)

    source_failed.connect(note)
    with own(Down):
        color()
        color()
    source_failed.disconnect(note)
    assert told == [Down, Down]


def test_the_defaults_are_made_once_and_shared(site):
    site.PROCTOR_MATRIX = None
    assert identify({}).buttoncolortst is identify({}).buttoncolortst


def test_what_one_visitor_gets_changes_nothing_for_the_next(site):
    configuration = Configuration()
    first = Resolution().assignments(configuration)
    first.clear()
    assert len(Resolution().assignments(configuration)) == len(configuration.registry)


def test_an_assignment_that_two_tests_share_is_looked_at_for_each(site):
    site.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", ("blue", "green")),
        ProctorTest("headlinetst", ("warm",)),
    )
    shared = GroupAssignment("blue", 1)
    groups = Groups({"buttoncolortst": shared, "headlinetst": shared})
    found = Resolution(groups).assignments(current_configuration())
    assert (found["buttoncolortst"].group, found["headlinetst"].group) == ("blue", None)


def test_what_is_remembered_of_assignments_is_bounded(site, monkeypatch):
    monkeypatch.setattr(Configuration, "FITTING", 10)
    configuration = current_configuration()
    for _ in range(100):
        groups = Groups({"buttoncolortst": GroupAssignment("blue", 1)})
        assert Resolution(groups).assignments(configuration)["buttoncolortst"].group == "blue"
    assert len(dict(configuration.particular)[configuration.registry["buttoncolortst"]]) <= 10


def test_a_source_is_asked_for_the_declared_tests(site):
    asked = []

    class Asked(OwnSource):
        def determine_groups(self, request):
            asked.append(request)
            return Groups({})

    configuration = current_configuration()
    configuration.source, kept = Asked(), configuration.source
    identify({"USER": "a"}, {"country": "US"}).buttoncolortst  # noqa: B018
    configuration.source = kept
    assert asked == [
        GroupsRequest({"USER": "a"}, {"country": "US"}, tests=configuration.registry.names)
    ]


def test_records_name_the_module_s_logger(site, color, caplog):
    with own(Down), caplog.at_level(logging.DEBUG, "proctor"):
        color()
    assert {each.name for each in caplog.records} >= {"proctor.answers"}

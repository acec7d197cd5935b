from __future__ import annotations

import gc
import logging

import pytest
from django.test import override_settings

from proctor import ProctorTest
from proctor.core.evaluation.groups import GroupAssignment, Groups, Reason
from proctor.core.exceptions import MatrixNotReady, SourceError
from proctor.core.sources.source import GroupsRequest
from proctor.identify import identify
from proctor.resolving.fitted_answers import FittedAnswers
from proctor.resolving.site_setup import SiteSetup, current_setup
from proctor.resolving.source_answer import SourceAnswer
from proctor.signals import exposed, source_failed
from tests.site_matrices import definition, one_bucket, write_matrix


class OwnSource:
    """A site's own source."""

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
    """The only test, with this declaration and this answer of the matrix."""
    return lambda: identify({"USER": "a"}).buttoncolortst


def test_an_answer_that_was_declared_is_given(color):
    assert (color().group, color().reason) == ("blue", Reason.ASSIGNED)


def test_a_group_that_was_not_declared_gives_the_default(site, color):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", {"control": 0, "red": 3}, "control"),)
    assignment = color()
    assert (assignment.group, assignment.value, assignment.payload) == ("control", 0, None)
    assert assignment.reason is Reason.UNEXPECTED_GROUP


def test_a_default_without_a_declared_value_has_that_of_its_bucket(site, color):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("control", "green"), "green"),)
    assert (color().group, color().value, bool(color())) == ("green", 2, True)


def test_a_default_without_a_bucket_has_no_value_and_is_false(site, color):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("red",), "red"),)
    assert (color().group, color().value, bool(color())) == ("red", None, False)


def test_a_default_keeps_the_value_that_its_bucket_last_had(site, tmp_path):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("off", "green"), "green"),)
    site.PROCTOR_MATRIX_RELOAD = 0
    assert identify({"USER": "a"}).buttoncolortst.value == 2
    write_matrix(tmp_path, othertst=definition(one_bucket("on", 1)))
    current_setup().source.close()
    later = type(current_setup().source)(site.PROCTOR_MATRIX)
    current_setup().source = later
    assignment = identify({"USER": "a"}).buttoncolortst
    assert (assignment.reason, assignment.value) == (Reason.NO_GROUP, 2)
    later.close()


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
    assert [each.levelname for each in caplog.records if each.name == "proctor.groups"] == [
        "WARNING"
    ]


def test_a_rule_that_fails_is_logged_once_and_by_name_of_test_and_variable(site, tmp_path, caplog):
    site.PROCTOR_CONTEXT = None
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), rule="${planet == 'x'}")
    )
    for _ in range(3):
        assert identify({"USER": "a"}).buttoncolortst.reason is Reason.NO_GROUP
    (record,) = [each for each in caplog.records if each.name == "proctor.groups"]
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
    (record,) = [each for each in caplog.records if each.name == "proctor.groups"]
    assert record.getMessage() == r"No groups from Down: no answer\nforged line"


def test_a_source_with_a_mistake_gives_the_defaults_and_is_logged_once(site, color, caplog):
    with own(Broken):
        for _ in range(3):
            assert color().reason is Reason.SOURCE_FAILED
    (record,) = [each for each in caplog.records if each.name == "proctor.groups"]
    assert "ZeroDivisionError" in record.getMessage()
    assert "pa5xq" not in caplog.text


def test_a_source_with_a_mistake_raises_in_debug(site, color):
    with own(Broken), override_settings(DEBUG=True), pytest.raises(ZeroDivisionError):
        color()


ODD_ANSWERS = {
    "None": "returned a NoneType; return Groups",
    "{'buttoncolortst': MORE}": "returned a dict; return Groups",
    "Groups({'buttoncolortst': ('blue', 1, None)})": "returned a tuple for the test",
    "Groups({'buttoncolortst': GroupAssignment('blue', '1')})": "TypeError (groups.py",
    "Groups({'buttoncolortst': GroupAssignment('blue', True)})": "TypeError (groups.py",
    "Groups({'buttoncolortst': GroupAssignment(b'blue', 1)})": "TypeError (groups.py",
}


class OddSource(OwnSource):
    answer = "None"

    def determine_groups(self, request):
        return eval(self.answer, {**globals()})


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_an_answer_of_the_wrong_type_gives_the_defaults_and_is_logged(
    color, caplog, monkeypatch, answer
):
    monkeypatch.setattr(OddSource, "answer", answer)
    with own(OddSource):
        assert color().reason is Reason.SOURCE_FAILED
    assert ODD_ANSWERS[answer] in caplog.text


def test_an_answer_of_the_wrong_type_raises_in_debug(color):
    with (
        own(OddSource),
        override_settings(DEBUG=True),
        pytest.raises(TypeError, match=r"OddSource\.determine_groups returned a NoneType"),
    ):
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
    setup = SiteSetup()
    first = SourceAnswer().assignments(setup)
    first.clear()
    assert len(SourceAnswer().assignments(setup)) == len(setup.registry)


def test_an_assignment_that_two_tests_share_is_looked_at_for_each(site):
    site.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", ("blue", "green")),
        ProctorTest("headlinetst", ("warm",)),
    )
    shared = GroupAssignment("blue", 1)
    groups = Groups({"buttoncolortst": shared, "headlinetst": shared})
    found = SourceAnswer(groups).assignments(current_setup())
    assert (found["buttoncolortst"].group, found["headlinetst"].group) == ("blue", None)


@pytest.fixture
def only_new_objects():
    """Exclude existing objects from `gc`: visiting those of a whole test run takes minutes."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("only_new_objects")
def test_what_is_remembered_of_assignments_is_bounded(site, monkeypatch):
    monkeypatch.setattr(FittedAnswers, "LIMIT", 10)
    living = []
    for _ in range(100):
        groups = Groups({"buttoncolortst": GroupAssignment("blue", 1)})
        SourceAnswer(groups).assignments(current_setup())
        living.append(living_assignments())
    assert living[0] > 0
    assert max(living) - living[0] <= 10


def living_assignments():
    gc.collect()
    return sum(type(each) is GroupAssignment for each in gc.get_objects())


def test_a_source_is_asked_for_the_declared_tests(site):
    asked = []

    class Asked(OwnSource):
        def determine_groups(self, request):
            asked.append(request)
            return Groups({})

    setup = current_setup()
    setup.source, kept = Asked(), setup.source
    identify({"USER": "a"}, {"country": "US"}).buttoncolortst  # noqa: B018
    setup.source = kept
    assert asked == [GroupsRequest({"USER": "a"}, {"country": "US"}, tests=setup.registry.names)]


def test_records_name_the_module_s_logger(site, color, caplog):
    with own(Down), caplog.at_level(logging.DEBUG, "proctor"):
        color()
    assert {each.name for each in caplog.records} >= {"proctor.groups"}


def test_a_declared_value_decides_under_which_name_a_group_is_given(site):
    site.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", {"control": 0, "azure": 1, "green": 2}, "control"),
    )
    assignment = identify({"USER": "a"}).buttoncolortst
    assert (assignment.group, assignment.value) == ("azure", 1)
    assert assignment.matrix_group == "blue"


def test_an_exposure_carries_the_name_that_the_matrix_has(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", {"azure": 1}, "azure"),)
    told = []

    def note(assignment, **_):
        told.append(assignment.group)

    exposed.connect(note)
    try:
        assert identify({"USER": "a"}).buttoncolortst.group == "azure"
    finally:
        exposed.disconnect(note)
    assert told == ["blue"]


def test_a_declared_name_under_another_value_gives_the_default_and_is_logged(site, caplog):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", {"control": 0, "blue": 5}, "control"),)
    assignment = identify({"USER": "a"}).buttoncolortst
    assert (assignment.group, assignment.reason) == ("control", Reason.UNEXPECTED_GROUP)
    assert "assigns the group blue with the value 1" in caplog.text

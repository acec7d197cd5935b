from __future__ import annotations

import copy
import pickle
import threading

import pytest
from django.http import Http404, HttpResponse
from django.template import engines
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from proctor.core.evaluation.groups import GroupAssignment, Groups, Reason
from proctor.identify import identify
from proctor.middleware import BaseProctorMiddleware
from proctor.resolving.site_setup import current_setup
from proctor.resolving.source_answer import SourceAnswer
from proctor.signals import exposed
from proctor.testing import override_proctor
from proctor.visits.proc import Proc

HERE = __name__


class Everybody(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}


class Missing(BaseProctorMiddleware):
    def get_identifiers(self, request):
        raise Http404


class Mistaken(BaseProctorMiddleware):
    def get_identifiers(self, request):
        raise KeyError("account")


class Reading(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": request.proc.buttoncolortst.group}


def reason_at_the_second_read(request):
    try:
        request.proc.buttoncolortst  # noqa: B018 - the read is the point
    except Http404:
        return HttpResponse(request.proc.buttoncolortst.reason.value)
    return HttpResponse("no exception")


def group(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


urlpatterns = [path("", group), path("twice", reason_at_the_second_read)]


@pytest.fixture
def proc(site):
    return identify({"USER": "a"})


@pytest.fixture(params=["heard", "unheard"])
def listeners(request, monkeypatch):
    """Run the test with the shop's receiver of exposures, and without any receiver."""
    if request.param == "unheard":
        monkeypatch.setattr(exposed, "receivers", [])


class Resolving:
    """Counts the requests for groups, and answers with given groups."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.count = 0

    def __call__(self):
        self.count += 1
        return self.answers[min(self.count, len(self.answers)) - 1]


def proc_over(resolve):
    return Proc(current_setup(), resolve)


def test_a_test_is_read_by_attribute(proc, listeners):
    assert [proc.buttoncolortst.group, proc.headlinetst.group] == ["blue", "warm"]


def test_a_test_is_read_by_item(proc):
    assert proc["button-dash"].group == "dashed"


def test_every_declared_test_is_there(proc):
    assert [proc[name].group for name in proc] == ["blue", "warm", "inactive", "off", "dashed"]


def test_a_payload_comes_with_its_group(proc):
    assert proc.headlinetst.payload == "Welcome"


def test_iteration_gives_the_names_in_the_order_of_their_declaration(proc):
    assert list(proc) == [
        "buttoncolortst",
        "headlinetst",
        "sleepingtst",
        "absenttst",
        "button-dash",
    ]


def test_the_length_is_the_number_of_declared_tests(proc):
    assert len(proc) == 5


def test_a_declared_test_is_in_proc_and_another_is_not(proc):
    assert ("absenttst" in proc, "othertst" in proc) == (True, False)


def test_proc_is_true_also_without_tests(site):
    site.PROCTOR_TESTS = ()
    assert identify({"USER": "a"})


@pytest.mark.parametrize("name", ["keys", "items", "values", "get", "pop", "update"])
def test_it_is_no_mapping(proc, name):
    assert not hasattr(proc, name)


def test_an_undeclared_attribute_names_the_nearest_test(proc):
    with pytest.raises(AttributeError, match=r"buttoncolourtst.*buttoncolortst"):
        proc.buttoncolourtst  # noqa: B018


def test_an_undeclared_item_names_the_nearest_test(proc):
    with pytest.raises(KeyError, match=r"buttoncolourtst.*buttoncolortst"):
        proc["buttoncolourtst"]


def test_to_peek_at_an_undeclared_test_names_the_nearest_too(proc):
    with pytest.raises(KeyError, match=r"buttoncolourtst.*buttoncolortst"):
        proc.peek("buttoncolourtst")


def test_the_message_shows_only_the_start_of_a_long_name(proc):
    with pytest.raises(KeyError) as found:
        proc.peek("x" * 1_000_000)
    assert len(str(found.value)) < 300


def test_a_name_that_is_no_text_is_a_key_error(proc):
    with pytest.raises(KeyError, match="not in PROCTOR_TESTS"):
        proc[3]


def test_nothing_can_be_set_and_nothing_deleted(proc):
    with pytest.raises(AttributeError, match="read-only"):
        proc.buttoncolortst = "green"
    with pytest.raises(AttributeError, match="read-only"):
        del proc.buttoncolortst


def test_the_groups_are_asked_for_once(site):
    resolve = Resolving(SourceAnswer())
    proc = proc_over(resolve)
    for name in proc:
        proc[name], proc.peek(name), str(proc), proc.logging_string()
    assert resolve.count == 1


@pytest.mark.parametrize(
    "use",
    [
        repr,
        dir,
        list,
        len,
        bool,
        copy.copy,
        copy.deepcopy,
        lambda proc: "buttoncolortst" in proc,
        lambda proc: hasattr(proc, "_private"),
        lambda proc: hasattr(proc, "undeclared"),
        lambda proc: hasattr(proc, "__wrapped__"),
        lambda proc: proc.known_groups(),
    ],
)
def test_what_reads_no_group_asks_for_none(site, use):
    resolve = Resolving(SourceAnswer())
    use(proc_over(resolve))
    assert resolve.count == 0


def test_str_is_the_log_line_sorted_by_name_and_without_sleeping_tests_and_defaults(proc):
    assert str(proc) == "button-dash0,buttoncolortst1,headlinetst1"


def test_the_group_strings_are_the_same_as_a_list(proc):
    assert proc.get_group_string_list() == ["button-dash0", "buttoncolortst1", "headlinetst1"]


def test_the_logging_string_is_that_of_the_java(site):
    site.PROCTOR_TESTS = ("buttoncolortst", "sleepingtst")
    proc = identify({"USER": "a"})
    assert proc.logging_string() == proc._source_answer.groups.logging_string()


def test_a_default_is_in_no_string(site):
    site.PROCTOR_MATRIX = None
    proc = identify({"USER": "a"})
    assert (proc.buttoncolortst.group, str(proc), proc.logging_string()) == ("control", "", "")


def test_the_repr_says_that_nothing_was_determined_yet(proc):
    assert repr(proc) == "<Proc: not determined yet>"


def test_the_repr_shows_the_groups_once_they_are_there(proc):
    proc.peek("buttoncolortst")
    assert repr(proc) == "<Proc: button-dash0,buttoncolortst1,headlinetst1>"


def test_the_names_of_tests_are_in_dir_once(proc):
    proc.buttoncolortst  # noqa: B018
    assert dir(proc).count("buttoncolortst") == 1


def test_a_copy_is_the_same_object(proc):
    assert copy.copy(proc) is copy.deepcopy(proc) is proc


def test_it_cannot_be_pickled_and_says_what_can(proc):
    with pytest.raises(TypeError, match="pickle single assignments"):
        pickle.dumps(proc)


def test_its_assignments_can_be_pickled(proc):
    assert pickle.loads(pickle.dumps(proc.buttoncolortst)) == proc.buttoncolortst


@pytest.mark.parametrize("name", ["peek", "logging_string", "_resolve", "_answer", "_text"])
def test_a_test_with_a_name_of_proc_s_own_is_an_item_and_changes_no_attribute(
    site, name, listeners
):
    site.PROCTOR_TESTS = (name, "buttoncolortst")
    site.PROCTOR_MATRIX = None
    proc = identify({"USER": "a"})
    proc.buttoncolortst  # noqa: B018
    assert not isinstance(getattr(proc, name, None), GroupAssignment)
    assert proc[name].reason is Reason.NO_SOURCE


def test_a_template_reads_a_test_and_its_parts():
    template = engines["django"].from_string("{{ proc.buttoncolortst.group }}")
    with override_proctor(buttoncolortst="blue"):
        assert template.render({"proc": identify({})}) == "blue"


def test_a_template_iterates_over_names(proc):
    template = engines["django"].from_string("{% for name in proc %}{{ name }} {% endfor %}")
    assert template.render({"proc": proc}).split() == list(proc)


def test_a_template_shows_nothing_for_an_undeclared_test(proc):
    assert engines["django"].from_string("{{ proc.othertst.group }}").render({"proc": proc}) == ""


def test_a_second_read_after_a_hook_s_answer_gives_the_defaults(site):
    with override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Missing"], PROCTOR_LAZY=True):
        assert Client().get("/twice").content == Reason.HOOK_FAILED.value.encode()


def test_a_hook_s_key_error_does_not_pass_for_an_undeclared_test_in_debug(site):
    with (
        override_settings(
            ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Mistaken"], PROCTOR_LAZY=True, DEBUG=True
        ),
        pytest.raises(KeyError, match="account"),
    ):
        Client().get("/")


def test_a_hook_s_mistake_is_raised_at_each_read_in_debug(site):
    request = RequestFactory().get("/")
    with override_settings(PROCTOR_LAZY=True, DEBUG=True):
        Mistaken(lambda request: HttpResponse())(request)
        for _ in range(2):
            with pytest.raises(KeyError, match="account"):
                request.proc.buttoncolortst  # noqa: B018


def test_a_hook_that_reads_proc_is_told_so_in_debug(site):
    with (
        override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Reading"], DEBUG=True),
        pytest.raises(RuntimeError, match="reads proc, but the hooks must finish before proc"),
    ):
        Client().get("/")


def test_a_hook_that_reads_proc_costs_the_groups_and_not_the_page(site):
    with override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Reading"]):
        assert Client().get("/").content == b"control"


def test_two_threads_that_read_at_once_get_the_same_answer(site):
    meeting = threading.Barrier(2)
    blue, green = GroupAssignment("blue", 1), GroupAssignment("green", 2)
    answers = [SourceAnswer(Groups({"buttoncolortst": each})) for each in (blue, green)]

    def resolve():
        answer = answers.pop()
        meeting.wait(timeout=10)
        return answer

    proc = proc_over(resolve)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(proc.buttoncolortst)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen[0] is seen[1] is proc.peek("buttoncolortst")


def test_one_request_sees_one_matrix(site, tmp_path):
    request = RequestFactory().get("/")
    Everybody(lambda request: HttpResponse())(request)
    request.proc.buttoncolortst  # noqa: B018
    site.PROCTOR_MATRIX = None
    assert request.proc.headlinetst.group == "warm"

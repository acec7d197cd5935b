from __future__ import annotations

import logging
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from proctor import ProctorTest
from proctor.conf import settings
from proctor.core.sources.matrix_report import report_missing
from proctor.core.sources.snapshots import Snapshot
from proctor.core.sources.source import MatrixSource
from proctor.identify import identify
from proctor.resolving.site_setup import current_setup, current_variables
from tests.core.httpserver import Reply, serving
from tests.site_matrices import definition, one_bucket, write_matrix


class OwnSource:
    def determine_groups(self, request):
        raise NotImplementedError

    def close(self):
        pass


def test_what_was_made_holds_for_as_long_as_the_settings(site):
    assert current_setup() is current_setup()


def test_an_overridden_setting_makes_another(site):
    before = current_setup()
    with override_settings(PROCTOR_TESTS=("othertst",)):
        inside = current_setup()
    assert (list(inside.registry), current_setup() is before) == (["othertst"], True)


def test_a_setting_that_is_set_on_the_object_counts_too(site):
    with override_settings():
        settings.PROCTOR_TESTS = ("settst",)
        assert list(current_setup().registry) == ["settst"]


@pytest.mark.parametrize(
    "declared",
    [
        ("a", ProctorTest("b")),
        ["a", ProctorTest("b")],
        {"a": {}, "b": {"groups": ["x"], "default": "x"}},
    ],
)
def test_tests_are_declared_in_each_form(declared):
    with override_settings(PROCTOR_TESTS=declared):
        assert list(current_setup().registry) == ["a", "b"]


def test_a_text_where_a_tuple_was_meant_is_named():
    with (
        override_settings(PROCTOR_TESTS=("buttoncolortst")),
        pytest.raises(ImproperlyConfigured, match=r"PROCTOR_TESTS: .*needs a comma"),
    ):
        current_setup()


def test_a_source_of_the_site_s_own_is_made_by_its_path():
    with override_settings(PROCTOR_SOURCE=f"{__name__}.OwnSource"):
        assert isinstance(current_setup().source, OwnSource)


def test_a_source_that_is_not_there_is_named():
    with (
        override_settings(PROCTOR_SOURCE=f"{__name__}.NoSource"),
        pytest.raises(ImproperlyConfigured, match="NoSource"),
    ):
        current_setup()


def test_with_a_matrix_the_source_is_the_matrix(site):
    assert isinstance(current_setup().source, MatrixSource)


def test_with_neither_there_is_no_source(site):
    site.PROCTOR_MATRIX = None
    assert current_setup().source is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROCTOR_CONTEXT", {"country": "Strang"}),
        ("PROCTOR_IDENTIFIERS", {"acctid": 3}),
        ("PROCTOR_MATRIX_RELOAD", -1),
        ("PROCTOR_TIMEOUT", -1),
        ("PROCTOR_PIPET_CONFIG", "none.json"),
    ],
)
def test_what_makes_no_sense_to_the_source_is_named(site, name, value):
    setattr(site, name, value)
    with pytest.raises(ImproperlyConfigured, match="the source of Proctor's groups"):
        current_setup()


def test_threads_that_begin_at_once_share_what_is_made(site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(tmp_path, a=definition(one_bucket("b", 1)))
    meeting = threading.Barrier(8)
    made = []

    def ask():
        meeting.wait(timeout=10)
        made.append(current_setup())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(map(id, made))) == 1


def test_what_source_keys_mean_is_read_once(site):
    assert current_variables() is current_variables()


def test_the_middleware_needs_no_installed_app():
    program = (
        "from django.conf import settings; settings.configure(PROCTOR_TESTS=('a',)); "
        "import django; django.setup(); "
        "from proctor.identify import identify; print(identify({}).a.reason.value)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "no_source"


# -- What is logged of a new matrix -----------------------------------------------------------


def records(caplog, level):
    return [each.getMessage() for each in caplog.records if each.levelno == level]


def test_declared_tests_that_a_matrix_drops_are_one_warning_with_reasons(site, tmp_path, caplog):
    bad = definition(one_bucket("on", 1))
    bad["allocations"][0]["ranges"][0]["length"] = 0.9
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, headlinetst=bad, absenttst=definition(one_bucket("on", 1), rule="${a ==}")
    )
    caplog.set_level(logging.INFO, "proctor.matrix")
    for visitor in ("a", "b"):
        identify({"USER": visitor}).headlinetst  # noqa: B018
    (warning,) = records(caplog, logging.WARNING)
    assert "2 of 5 declared tests are dropped" in warning
    assert "headlinetst, allocation 1: range lengths add up to 0.9" in warning
    assert "absenttst, rule: column 7" in warning
    assert "manage.py proctor_check" in warning


def test_declared_tests_that_a_matrix_does_not_have_are_one_line_of_information(site, caplog):
    caplog.set_level(logging.INFO, "proctor.matrix")
    identify({"USER": "a"}).headlinetst  # noqa: B018
    assert records(caplog, logging.WARNING) == []
    (line,) = [each for each in records(caplog, logging.INFO) if "does not have" in each]
    assert line.endswith("does not have these declared tests: absenttst")


def test_a_declared_test_that_is_misspelled_is_logged_with_the_nearest(site, tmp_path, caplog):
    caplog.set_level(logging.INFO, "proctor.matrix")
    site.PROCTOR_TESTS = ("colrtst", "colourtst", "brandnew")
    right = definition(one_bucket("on", 1))
    site.PROCTOR_MATRIX = write_matrix(tmp_path, colortst=right, colourtst=right)
    identify({"USER": "a"}).colourtst  # noqa: B018
    (line,) = [each for each in records(caplog, logging.INFO) if "does not have" in each]
    assert line.endswith("tests: colrtst (did you mean 'colortst'?), brandnew")


def test_in_a_large_matrix_no_time_is_spent_on_the_nearest_names(caplog):
    caplog.set_level(logging.INFO, "proctor.matrix")
    names = ["colortst", *(f"t{number}tst" for number in range(10_000))]
    matrix = SimpleNamespace(tests=dict.fromkeys(names))
    report_missing(Snapshot(SimpleNamespace(matrix=matrix), "1", 0), ("colrtst",))
    assert records(caplog, logging.INFO) == [
        "Matrix version 1 does not have these declared tests: colrtst"
    ]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            "${proctor:version('2.4.7') == country}",
            "column 19: the rule always fails here: expected a version of four numbers",
        ),
        (
            "#{country == 'US'}",
            "the rule \"#{country == 'US'}\" is never true: write it between ${ and }, as in",
        ),
    ],
)
def test_a_rule_that_is_never_true_is_a_warning_at_load(site, tmp_path, caplog, rule, problem):
    caplog.set_level(logging.INFO, "proctor.matrix")
    site.PROCTOR_CONTEXT = None
    bad = definition(one_bucket("on", 1), rule=rule)
    site.PROCTOR_MATRIX = write_matrix(tmp_path, headlinetst=bad, undeclaredtst=bad)
    current_setup().source.prepare()
    (warning,) = records(caplog, logging.WARNING)
    assert warning.startswith(
        f"Matrix version 1: a rule is never true: headlinetst, rule: {problem}"
    )
    assert warning.endswith(". See manage.py proctor_check")


@pytest.fixture
def reload_matrix(site, tmp_path, caplog):
    """Returns a function that loads a matrix of invalid tests and returns the warnings."""
    caplog.set_level(logging.INFO, "proctor.matrix")
    bad = definition(one_bucket("on", 1))
    bad["allocations"][0]["ranges"][0]["length"] = 0.9

    def load(*names):
        caplog.clear()
        path = write_matrix(tmp_path, **dict.fromkeys(names, bad))
        path.write_text(path.read_text().replace('"version": "1"', f'"version": "{len(names)}"', 1))
        current_setup().source.refresh(10)
        return records(caplog, logging.WARNING)

    site.PROCTOR_TESTS = ("headlinetst", "absenttst")
    site.PROCTOR_MATRIX = str(tmp_path / "matrix.json")
    return load


def test_a_second_matrix_that_drops_tests_is_logged_again(site, reload_matrix):
    reload_matrix("headlinetst")
    (warning,) = reload_matrix("headlinetst", "absenttst")
    assert "2 of 2 declared tests are dropped" in warning


def test_the_same_matrix_is_not_logged_again(site, reload_matrix):
    reload_matrix("headlinetst")
    assert reload_matrix("headlinetst") == []


def test_hundreds_of_dropped_tests_are_all_listed_in_a_record_that_collectors_accept(
    site, reload_matrix
):
    names = [f"quite_a_long_name_of_a_test_{number}tst" for number in range(400)]
    site.PROCTOR_TESTS = tuple(names)
    (warning,) = reload_matrix(*names)
    assert [each for each in names if f"{each}, allocation 1" not in warning] == []
    assert len(warning) < 32_000


def test_thousands_of_dropped_tests_are_counted(site, reload_matrix):
    names = [f"t{number}tst" for number in range(3000)]
    site.PROCTOR_TESTS = tuple(names)
    (warning,) = reload_matrix(*names)
    assert "; and 2500 more. See manage.py proctor_check" in warning
    assert len(warning) < 32_000


# -- Keys of hooks ----------------------------------------------------------------------------


@pytest.fixture
def keys(site, caplog):
    site.DEBUG = False
    caplog.set_level(logging.WARNING, "proctor.hooks")

    def told(identifiers, context=None):
        caplog.clear()
        for _ in range(2):
            identify(identifiers, context).headlinetst  # noqa: B018
        return [each.getMessage() for each in caplog.records if each.name == "proctor.hooks"]

    return told


def test_a_misspelled_identifier_key_is_logged_once_with_the_nearest(keys):
    (line,) = keys({"user": "a"})
    assert line.startswith("The identifier key 'user' is unknown and ignored: did you mean 'USER'?")
    assert line.endswith("Declare new keys in PROCTOR_IDENTIFIERS")


def test_a_key_that_differs_in_case_alone_is_the_nearest(site, keys):
    site.PROCTOR_IDENTIFIERS = {"acct2": "ACCOUNT"}
    (line,) = keys({"account": "a"})
    assert "did you mean 'ACCOUNT'?" in line


def test_a_misspelled_context_key_is_logged_once_with_the_nearest(keys):
    (line,) = keys({"USER": "a"}, {"contry": "US"})
    assert "did you mean 'country'?" in line


def test_a_near_miss_raises_in_debug(site):
    site.DEBUG = True
    with pytest.raises(ImproperlyConfigured, match="did you mean 'country'"):
        identify({"USER": "a"}, {"Country": "US"}).headlinetst  # noqa: B018


def test_a_key_that_is_near_to_nothing_is_only_logged_in_debug(site, caplog):
    site.DEBUG = True
    assert identify({"USER": "a"}, {"basket": 5}).headlinetst.group == "warm"
    assert "The context key 'basket' is unknown" in caplog.text


def test_any_key_is_a_variable_if_no_context_is_declared(site, keys):
    site.PROCTOR_CONTEXT = None
    assert keys({"USER": "a"}, {"basket": 5}) == []


def test_two_keys_that_contradict_each_other_are_logged_once(keys):
    (line,) = keys({"ACCOUNT": "5", "acctid": "6"})
    assert line == (
        "The keys ACCOUNT and acctid give different identifiers for the test type ACCOUNT: "
        "return only one of them"
    )


def test_an_unknown_key_is_declared_in_the_configuration_of_a_pipet(site, keys):
    site.PROCTOR_PIPET_CONFIG = {
        "identifiers": {"USER": {"source": "QUERY", "sourceKey": "visitor"}},
        "context": {"country": {"source": "QUERY", "type": "String"}},
    }
    lines = keys({"visitor": "a", "basket": "5"}, {"season": "spring"})
    assert len(lines) == 2
    assert all(each.endswith("Declare new keys in PROCTOR_PIPET_CONFIG") for each in lines)


@pytest.mark.parametrize("other", ["5", 5, None, "", b"5", b""])
def test_two_keys_that_say_the_same_are_not_logged(keys, other):
    assert keys({"ACCOUNT": "5", "acctid": other}) == []


def test_bytes_are_identifiers_as_version_1_sent_them(site, keys):
    from proctor.core.inputs.variables import Variables

    found = Variables().identifiers({"USER": b"pa5x", "ACCOUNT": b"\xff"})
    assert found == {"USER": "pa5x", "ACCOUNT": "\ufffd"}


def test_the_token_of_the_matrix_reaches_its_server_as_a_bearer_header(site, tmp_path):
    path = write_matrix(tmp_path, buttontst=definition(one_bucket("on", 1)))
    with (
        serving(Reply(path.read_bytes())) as server,
        override_settings(PROCTOR_MATRIX=server.url, PROCTOR_MATRIX_TOKEN="secret"),
    ):
        source = current_setup().source
        source.current(30)
        source.close()
    assert server.requests[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("value", [["cache"], {}, 5, "x" * 1000])
def test_a_cache_method_of_any_other_type_names_the_setting(site, value):
    site.PROCTOR_MATRIX, site.PROCTOR_API_ROOT = None, "http://127.0.0.1:9"
    site.PROCTOR_CACHE_METHOD = value
    with pytest.raises(
        ImproperlyConfigured, match=r"^PROCTOR_CACHE_METHOD: expected 'cache'"
    ) as no:
        current_setup()
    assert len(str(no.value)) < 200

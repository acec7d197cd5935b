from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from proctor import ProctorTest
from proctor.conf import settings
from proctor.configuration import current_configuration, current_variables
from proctor.core.sources import MatrixSource
from tests.web.matrices import definition, one_bucket, write_matrix


class OwnSource:
    def determine_groups(self, request):
        raise NotImplementedError

    def close(self):
        pass


def test_what_was_made_holds_for_as_long_as_the_settings(site):
    assert current_configuration() is current_configuration()


def test_an_overridden_setting_makes_another(site):
    before = current_configuration()
    with override_settings(PROCTOR_TESTS=("othertst",)):
        inside = current_configuration()
    assert (list(inside.registry), current_configuration() is before) == (["othertst"], True)


def test_a_setting_that_is_set_on_the_object_counts_too(site):
    with override_settings():
        settings.PROCTOR_TESTS = ("settst",)
        assert list(current_configuration().registry) == ["settst"]


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
        assert list(current_configuration().registry) == ["a", "b"]


def test_a_text_where_a_tuple_was_meant_is_named():
    with (
        override_settings(PROCTOR_TESTS=("buttoncolortst")),
        pytest.raises(ImproperlyConfigured, match=r"PROCTOR_TESTS: .*needs a comma"),
    ):
        current_configuration()


def test_a_source_of_the_site_s_own_is_made_by_its_path():
    with override_settings(PROCTOR_SOURCE=f"{__name__}.OwnSource"):
        assert isinstance(current_configuration().source, OwnSource)


def test_a_source_that_is_not_there_is_named():
    with (
        override_settings(PROCTOR_SOURCE=f"{__name__}.NoSource"),
        pytest.raises(ImproperlyConfigured, match="NoSource"),
    ):
        current_configuration()


def test_with_a_matrix_the_source_is_the_matrix(site):
    assert isinstance(current_configuration().source, MatrixSource)


def test_with_neither_there_is_no_source(site):
    site.PROCTOR_MATRIX = None
    assert current_configuration().source is None


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
        current_configuration()


def test_threads_that_begin_at_once_share_what_is_made(site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(tmp_path, a=definition(one_bucket("b", 1)))
    meeting = threading.Barrier(8)
    made = []

    def ask():
        meeting.wait(timeout=10)
        made.append(current_configuration())

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

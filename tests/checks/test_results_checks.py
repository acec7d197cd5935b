"""The checks of the results."""

from __future__ import annotations

import pytest

from proctor import Metric, ProctorTest
from proctor.results.checks import check_results


def ids():
    return [each.id for each in check_results(app_configs=None)]


def text():
    (found,) = check_results(app_configs=None)
    return f"{found.msg} {found.hint}"


def orders():
    """A site's source of a metric."""


NOT_CALLABLE = 5


def test_the_shop_records_what_it_declares():
    assert ids() == []


def test_a_site_without_the_app_has_no_message(settings):
    settings.INSTALLED_APPS = ["django.contrib.contenttypes", "proctor"]
    settings.PROCTOR_METRICS = (Metric("order"), Metric("order"))
    assert ids() == []


def test_a_metric_that_is_declared_twice_is_an_error(settings):
    settings.PROCTOR_METRICS = (Metric("order"), Metric("order"))
    assert ids() == ["proctor.E040"]


def test_a_ratio_of_an_undeclared_metric_is_an_error(settings):
    settings.PROCTOR_METRICS = (
        Metric("order"),
        Metric("revenue_per_order", numerator="revenu", denominator="order"),
    )
    assert ids() == ["proctor.E041"]
    assert "'revenu', which PROCTOR_METRICS does not declare" in text()


@pytest.mark.parametrize("name", ["missing", "NOT_CALLABLE"])
def test_a_source_that_cannot_be_called_is_an_error(settings, name):
    settings.PROCTOR_METRICS = (Metric("order", source=f"{__name__}.{name}"),)
    assert ids() == ["proctor.E042"]


def test_a_source_that_is_a_function_is_right(settings):
    settings.PROCTOR_METRICS = (Metric("order", source=f"{__name__}.orders"),)
    assert ids() == []


def test_metrics_of_another_type_are_left_to_the_check_of_settings(settings):
    settings.PROCTOR_METRICS = ("order",)
    assert ids() == []


def test_tests_of_a_pipet_need_an_identifier(settings):
    settings.PROCTOR_MATRIX = None
    settings.PROCTOR_API_ROOT = "https://pipet.example.com"
    settings.PROCTOR_TESTS = ("onetst", ProctorTest("othertst", identifier="USER"))
    assert ids() == ["proctor.W040"]
    assert "No exposure is recorded for onetst:" in text()


def test_an_identifier_is_a_test_type(settings):
    settings.PROCTOR_TESTS = (ProctorTest("onetst", identifier="USR"),)
    assert ids() == ["proctor.W041"]
    assert "did you mean 'USER'" in text()
    settings.PROCTOR_TEST_TYPES = ("USR",)
    assert ids() == []


def test_a_process_without_threads_is_told_so(settings):
    settings.PROCTOR_RESULTS_THREAD = False
    assert ids() == ["proctor.W042"]


def test_digests_need_a_key_that_stays(settings):
    settings.PROCTOR_RESULTS_IDENTIFIERS = "digest"
    assert ids() == ["proctor.W043"]
    settings.PROCTOR_RESULTS_DIGEST_KEY = "a random text"
    assert ids() == []

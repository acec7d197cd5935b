"""`Metric`, which settings modules declare."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from proctor import Metric
from proctor.core.exceptions import ConfigurationError


def test_a_metric_is_importable_without_apps_and_extras():
    code = (
        "import sys\nfor name in ('django', 'duckdb', 'numpy', 'tea_tasting'):\n"
        "    sys.modules[name] = None\nfrom proctor import Metric\nMetric('orders')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_numerator_and_a_denominator_make_a_ratio():
    metric = Metric("revenue per order", numerator="revenue", denominator="orders")
    assert (metric.kind, metric.sources) == ("ratio", ("revenue", "orders"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"kind": "median"},
            "expected kind to be one of mean, proportion, ratio, quantile; got 'median'",
        ),
        ({"numerator": "a"}, "needs both a numerator and a denominator"),
        ({"kind": "ratio"}, "expected numerator and denominator with kind='ratio'"),
        ({"better": "more"}, "expected better='higher' or better='lower', got 'more'"),
        ({"window": 7}, "expected window as a timedelta above 0, got 7"),
        ({"past": timedelta(0)}, "expected past as a timedelta above 0"),
        ({"guardrail": -1}, "expected guardrail as a number 0 or more, got -1"),
        ({"smallest": 0}, "expected smallest as a number above 0, got 0"),
        ({"smallest": float("nan")}, "got nan"),
        ({"quantile": 1}, "expected a quantile between 0 and 1, got 1"),
        ({"guardrail": 1, "primary": True}, "a guardrail cannot be a primary metric"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, problem):
    with pytest.raises(ConfigurationError, match=r"Metric 'orders': .*") as caught:
        Metric("orders", **options)
    assert problem in str(caught.value)


def test_a_name_is_needed():
    with pytest.raises(ConfigurationError, match="Expected the name of a metric"):
        Metric("")

"""The page of a report in a browser: its width, and its accessibility according to axe-core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proctor import Metric
from proctor.analysis import analyze
from tests.analysis.samples import HALVES, at, counted, with_values
from tests.live.browser import browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages of a test with a winner, of a young test and of a broken one."""
    random = np.random.default_rng(1)
    values = {"control": random.normal(5, 1, 400), "blue": random.normal(6, 1, 400)}
    seen, happened = with_values(values)
    seen = seen.append_column("country", [["US", "GB"] * 400])
    reports = {
        "winner": analyze(
            "atst", seen, happened, [HALVES], [Metric("revenue", smallest=0.01)],
            until=at(14), horizon=at(10), segments=["country"],
        ),
        "young": analyze("atst", seen, None, [HALVES], until=at(1), horizon=at(10)),
        "broken": analyze(
            "atst", *counted({"1": {"control": (600, 50), "blue": (400, 40)}}), [HALVES]
        ),
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("pages")
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(report.to_html(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def window():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    package = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["winner", "young", "broken"])
def test_axe_finds_nothing_that_keeps_anybody_out(window, axe, pages, name, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    window.get((pages / f"{name}.html").as_uri())
    window.execute_script(axe)
    found = window.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then(done, done);"
    )
    assert [(each["id"], len(each["nodes"])) for each in found["violations"]] == []


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(window, pages, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    window.get((pages / "winner.html").as_uri())
    assert window.execute_script("return document.documentElement.scrollWidth") <= width

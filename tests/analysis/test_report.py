"""The output formats of the report."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import numpy as np
import pytest

from proctor import Metric
from proctor.analysis import Query, analyze
from proctor.analysis.inputs.sources import is_small
from proctor.analysis.report.words import amount, days, percent, weeks
from tests.analysis.samples import HALVES, at, counted, exposures, split, with_values


def values(shift, size=400):
    random = np.random.default_rng(1)
    return with_values(
        {"control": random.normal(5, 1, size), "blue": random.normal(5 + shift, 1, size)}
    )


@pytest.fixture(scope="module")
def winner():
    return analyze("atst", *values(1.0), [HALVES], until=at(14), horizon=at(10))


@pytest.fixture(scope="module")
def broken():
    seen, happened = counted({"1": {"control": (600, 50), "blue": (400, 40)}})
    return analyze("atst", seen, happened, [HALVES])


def test_the_verdict_comes_first(winner):
    assert winner.verdict.kind == "wins"
    first = winner.to_text().splitlines()[0]
    assert re.fullmatch(
        r"“blue” wins: \+1\.\d+ in revenue per visitor, between \+0\.\d+ and "
        r"\+1\.\d+; trustworthy\.",
        first,
    )


def test_a_worse_group_loses():
    assert analyze("atst", *values(-1.0), [HALVES]).verdict.kind == "loses"


def test_lower_may_be_better():
    metric = Metric("revenue", better="lower")
    assert analyze("atst", *values(-1.0), [HALVES], [metric]).verdict.kind == "wins"


def test_no_difference_says_what_may_still_be():
    report = analyze("atst", *values(0.0), [HALVES])
    assert report.verdict.kind == "undecided"
    assert "between" in report.verdict.sentence


def test_before_the_declared_end_a_report_says_how_long_to_wait():
    report = analyze("atst", *values(0.0), [HALVES], until=at(5), horizon=at(14))
    assert report.verdict.sentence == (
        "Too early to tell: about 9 more days until the declared end."
    )
    page = report.to_html()
    assert page.index("about 9 more days") < page.index("Metrics")


def test_a_broken_report_says_not_to_use_the_test_before_why(broken):
    page = broken.to_html(fragment=True)
    assert 0 < page.index("proctor-report-verdict-bad") < page.index("Sample ratio: broken")
    assert "trustworthy" not in page
    assert broken.to_text().splitlines()[0].startswith("Do not use this test: ")


def test_a_test_without_a_declared_end_shows_only_always_valid_intervals(broken):
    assert "RANGE AT THE END" not in broken.to_text()
    assert "range at the declared end" not in broken.to_html()
    (effect,) = broken.to_dict()["metrics"][0]["effects"]
    assert None not in (effect["p_value"], *effect["interval"])


def test_a_test_with_a_declared_end_shows_both(winner):
    assert "RANGE AT THE END" in winner.to_text()
    assert "range at the declared end" in winner.to_html()


class Tags(HTMLParser):
    """Collects tags, and their attributes."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.seen, self.linking = [], set(), set(), set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.linking |= {tag for name, _ in attrs if name == "href"}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ["winner", "broken"])
@pytest.mark.parametrize("fragment", [False, True])
def test_the_page_is_well_formed_and_loads_nothing(request, name, fragment):
    page = request.getfixturevalue(name).to_html(fragment=fragment)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "form"}
    assert not tags.attributes & {"style", "src", "onclick"}
    # A link loads nothing before somebody clicks on it.
    assert tags.linking <= {"a"}
    assert ("style" in tags.seen) is not fragment


def test_names_from_outside_are_escaped():
    evil = "<script>alert(1)</script>"
    seen = exposures(
        [
            {"at": at(), "visitor": f"{g}{i}", "group": g}
            for g in ("control", evil)
            for i in range(3)
        ]
    )
    page = analyze("atst", seen, None, [split((0, 1.0), allocation="#Z")]).to_html()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_json_has_no_nan(winner):
    json.dumps(winner.to_dict(details=True), allow_nan=False)


def test_details_have_what_the_page_shows(winner):
    found = winner.to_dict(details=True)
    assert found["verdict_kind"] == "wins"
    assert {"p_adjusted", "history", "guardrail"} <= found["metrics"][0]["effects"][0].keys()


def test_every_term_has_a_line_of_help(winner):
    assert all(each.help for each in winner.trust)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.021, "proportion", "+2.1 points"),
        (-0.004, "proportion", "−0.40 points"),
        (0.0, "mean", "0"),
        (12.345, "mean", "+12.35"),
        (-1234.5, "mean", "−1,234"),
    ],
)
def test_effects_are_written_as_people_read_them(value, kind, text):
    assert amount(value, Metric("orders", kind=kind), sign=True) == text


def test_shares_and_days_are_written_as_people_read_them():
    assert [percent(each) for each in (0.0, 0.004, 0.123, 1.0, None)] == [
        "0 %", "0.40 %", "12.3 %", "100 %", "–",
    ]  # fmt: skip
    assert [days(each) for each in (0.2, 8.4)] == ["about 1 more day", "about 9 more days"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.2, "about 1 more week"),
        (7.0, "about 1 more week"),
        (7.1, "about 2 more weeks"),
        (364.0, "about 52 more weeks"),
        (1e8, "more than a year"),
    ],
)
def test_an_estimate_is_in_whole_weeks(number, text):
    assert weeks(number) == text


def test_options_are_checked_before_data_are_read():
    from proctor.analysis import AnalysisError

    for options in ({"alpha": 2.0}, {"window": 7}, {"lateness": timedelta(-1)}, {"kind": "sum"}):
        with pytest.raises(AnalysisError, match=next(iter(options))):
            analyze("atst", "nowhere.csv", None, **options)
    with pytest.raises(TypeError, match="no option 'windows'; did you mean 'window'"):
        analyze("atst", "nowhere.csv", None, windows=7)


def test_a_small_analysis_runs_in_memory(tmp_path):
    assert is_small(values(0.0)[0])
    assert is_small(None)
    assert not is_small(Query("SELECT 1"))
    (tmp_path / "a.csv").write_bytes(b"at")
    assert is_small(tmp_path / "a.csv")
    with (tmp_path / "b.csv").open("wb") as file:
        file.truncate(50_000_000)
    assert not is_small([tmp_path / "a.csv", tmp_path / "b.csv"])


def test_a_smallest_effect_on_a_share_is_in_points():
    seen, happened = counted({"1": {"control": (400, 40), "blue": (400, 44)}})
    metric = Metric("orders", kind="proportion", smallest=0.01)
    report = analyze("atst", seen, happened, [HALVES], [metric])
    for text in (report.to_text(), report.to_html()):
        assert "If the true effect is 1.0 points, up or down" in text


def test_a_difference_that_was_found_needs_no_more_days():
    report = analyze("atst", *values(1.0), [HALVES], [Metric("revenue", smallest=0.001)])
    assert not report.metrics[0].effects[0].outlook.is_over
    for text in (report.to_text(), report.to_html()):
        assert "4 in 5" not in text


def test_below_a_negative_baseline_no_relative_effect_is_shown():
    random = np.random.default_rng(1)
    rows = {"control": random.normal(-5, 1, 400), "blue": random.normal(-6, 1, 400)}
    report = analyze("atst", *with_values(rows), [HALVES])
    assert report.metrics[0].effects[0].relative > 0
    assert report.verdict.kind == "loses"
    assert "%" not in report.verdict.sentence
    for text in (report.to_text(), report.to_html(fragment=True)):
        assert not re.search(r"\+\d+\.\d %", text)


def test_in_a_broken_report_nothing_is_green():
    seen, happened = counted({"1": {"control": (600, 50), "blue": (400, 300)}})
    report = analyze("atst", seen, happened, [HALVES])
    assert report.verdict.kind == "broken"
    page = report.to_html(fragment=True)
    assert "better than" not in page
    assert page.count("not to be trusted") == 2
    assert report.to_text().splitlines()[1] == "The numbers below cannot be trusted."


def test_a_metric_without_outcomes_says_so():
    seen, happened = values(0.0)
    metrics = [Metric("revenue", primary=True), Metric("signed_up", primary=True)]
    report = analyze("atst", seen, happened, [HALVES], metrics)
    empty = report.metrics[1]
    assert (empty.is_empty, empty.effects, empty.groups["blue"].visitors) == (True, (), 400)
    assert report.verdict.kind == "undecided"
    for text in (report.to_text(), report.to_html()):
        assert text.count("No outcomes yet.") == 1


def test_if_no_primary_metric_has_outcomes_the_verdict_says_so():
    metrics = [Metric("signed_up", primary=True), Metric("revenue")]
    report = analyze("atst", *values(0.0), [HALVES], metrics)
    assert report.verdict.sentence == "No verdict: there are no outcomes of “signed_up” yet."


def test_equal_values_are_no_difference():
    rows = {"control": [5.0] * 200, "blue": [5.0] * 200}
    report = analyze("atst", *with_values(rows), [HALVES])
    assert report.verdict.sentence == "No difference found: all values of “revenue” are equal."


def test_a_range_with_0_says_that_better_and_worse_are_possible():
    page = analyze("atst", *values(0.0), [HALVES]).to_html()
    assert "no clear difference: both better and worse are possible" in page


def test_before_a_verdict_a_range_with_0_is_too_early_to_tell():
    report = analyze("atst", *values(0.0), [HALVES], until=at(5), horizon=at(14))
    page = report.to_html()
    assert "too early to tell</small>" in page
    assert "no clear difference" not in page


def test_a_secondary_metric_says_that_it_does_not_decide():
    metrics = [Metric("signed_up", primary=True), Metric("revenue")]
    page = analyze("atst", *values(1.0), [HALVES], metrics).to_html()
    assert "better than “control” (this metric does not decide)" in page


def test_a_primary_metric_does_not_say_that_it_does_not_decide(winner):
    assert "better than “control”</small>" in winner.to_html()


def test_the_table_explains_its_terms(winner):
    words = winner.to_text().partition("WORDS\n")[2]
    for term in ("Sample ratio", "Follow-up", "Effect", "Likely range", "Range at the end", "p"):
        assert f"\n{term}: " in f"\n{words}"

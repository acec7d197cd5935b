"""The lines that say if readers can trust a report, and what they do not say by mistake."""

from __future__ import annotations

import re

import pytest

from proctor import Metric
from proctor.analysis import analyze
from tests.analysis.samples import BUCKETS, HALVES, at, counted, evenly, exposures, split

RAMP = [
    split((0, 0.1), (-1, 0.8), (1, 0.1)),
    split((0, 0.25), (-1, 0.5), (1, 0.25), version="2", allocation="#A2"),
]


def line(report, title):
    (found,) = [each for each in report.trust if each.title == title]
    return found


def broken_report():
    seen, happened = counted({"1": {"control": (600, 50), "blue": (400, 40)}})
    return analyze("atst", seen, happened, [HALVES])


def two_splits():
    """Half of the visitors are under a split without control."""
    seen, happened = counted(
        {
            "1": {"control": (400, 40), "blue": (400, 44)},
            "2": {"blue": (250, 25), "green": (250, 20)},
        }
    )
    matrices = [HALVES, split((1, 0.5), (2, 0.5), version="2", allocation="#A2")]
    return analyze("atst", seen, happened, matrices)


def test_visitors_under_a_split_without_the_baseline_are_told():
    found = line(two_splits(), "Compared")
    assert found.text == (
        "800 of 1,300 visitors; 500 were under a split without “control” (#A2, version 2); "
        "this needs no action"
    )
    assert found.level == "note"
    assert "within each split only" in found.help


def test_if_most_visitors_are_not_compared_that_is_a_warning():
    seen, happened = counted(
        {
            "1": {"control": (200, 40), "blue": (200, 44)},
            "2": {"blue": (250, 25), "green": (250, 20)},
        }
    )
    matrices = [HALVES, split((1, 0.5), (2, 0.5), version="2", allocation="#A2")]
    assert line(analyze("atst", seen, happened, matrices), "Compared").level == "warning"


def test_visitors_under_a_split_with_too_few_visitors_are_told():
    seen, happened = counted(
        {"1": {"control": (200, 40), "blue": (200, 44)}, "2": {"control": (50, 5), "blue": (50, 5)}}
    )
    matrices = [HALVES, split((0, 0.5), (1, 0.5), version="2", allocation="#A2", salt="t2")]
    assert line(analyze("atst", seen, happened, matrices), "Compared").text == (
        "400 of 500 visitors; 100 were under a split with too few visitors (#A2, version 2); "
        "this needs no action"
    )


def test_if_all_visitors_are_compared_there_is_a_tick():
    seen, happened = counted({"1": {"control": (200, 40), "blue": (200, 44)}})
    found = line(analyze("atst", seen, happened, [HALVES]), "Compared")
    assert (found.level, found.text) == ("good", "all 400 visitors")


def test_a_broken_report_has_no_ticks():
    report = broken_report()
    assert "✓" not in report.to_text()
    assert "✓" not in report.to_html()
    assert "✓" in two_splits().to_text()


@pytest.mark.parametrize("form", ["to_text", "to_html"])
def test_a_broken_report_gives_the_usual_reasons_and_a_link(form):
    text = re.sub(r"\s+", " ", getattr(broken_report(), form)())
    for reason in ("a redirect", "crawler filter", "page of one group fails", "allocation was"):
        assert reason in text
    assert "docs/pitfalls.md" in text
    assert text.index("a redirect") < text.index("Other checks" if form == "to_html" else "OTHER")


def test_the_page_on_what_can_go_wrong_exists():
    from pathlib import Path

    from proctor.analysis.report.glossary import GUIDE

    page = Path(__file__).parents[2] / GUIDE.partition("/blob/main/")[2]
    assert page.read_text(encoding="utf-8").startswith("# What can go wrong")


def test_a_broken_report_says_first_what_to_do():
    assert broken_report().verdict.sentence == (
        "Do not use this test: “blue” has about 100 fewer visitors than expected. Stop the test, "
        "find out why visitors are missing, and start a new test."
    )


def test_visitors_in_a_group_without_a_share_are_told():
    seen, happened = counted({"1": {"control": (300, 30), "blue": (300, 30), "green": (5, 1)}})
    assert "“green” has visitors, but its share in the split is 0" in (
        analyze("atst", seen, happened, [HALVES]).verdict.sentence
    )


def test_several_splits_have_a_lower_limit_for_an_alarm():
    report = two_splits()
    assert line(report, "Sample ratio").text == (
        "as configured (smallest p of 2 splits = 1.00, alarm below 0.0005)"
    )
    assert "A p below 0.0005 is an alarm" in report.to_html()


def test_the_p_of_one_split_is_that_of_the_table():
    report = broken_report()
    p = f"{report.sample_ratio.p_value:.1e}"
    assert line(report, "Sample ratio").text == (
        "broken; “blue” has 400 visitors instead of 500, “control” has 600 visitors instead of 500 "
        f"(p = {p}, alarm below 0.001)"
    )
    assert "is an alarm" not in report.to_html()


def test_a_change_has_its_day():
    seen, happened = evenly([30, 30, 60, 60])
    found = line(analyze("atst", seen, happened, RAMP), "Changes")
    assert (
        found.text
        == "1 change: on 2026-03-04, the test was opened to another 30.0 % of eligible visitors"
    )
    assert found.level == "note"


def payloads(version, text):
    """A matrix in which blue has a payload."""
    buckets = [
        {**each, "payload": {"stringValue": text if each["name"] == "blue" else "x"}}
        for each in BUCKETS
    ]
    return split((0, 0.5), (1, 0.5), version=version, buckets=buckets)


@pytest.mark.parametrize(
    ("text", "level", "told"),
    [
        ("Tea", "note", "no visitor moved"),
        (
            "Coffee",
            "warning",
            (
                "no visitor moved, and the payload of “blue” changed: from then on, visitors saw "
                "something different"
            ),
        ),
    ],
)
def test_a_changed_payload_is_told(text, level, told):
    rows = [
        {"at": at(day), "visitor": f"{group}{day}{index}", "group": group, "version": version}
        for day, version in ((0, "1"), (2, "2"))
        for group in ("control", "blue")
        for index in range(20)
    ]
    matrices = [payloads("1", "Tea"), payloads("2", text)]
    found = line(analyze("atst", exposures(rows), None, matrices), "Changes")
    assert (found.level, found.text) == (level, f"1 change: on 2026-03-04, {told}")


@pytest.mark.parametrize(
    ("days", "level", "text"),
    [
        (3, "warning", "3.0 days, less than a week"),
        (7, "good", "1 whole week"),
        (10, "note", "10.0 days: not whole weeks, so some weekdays count more than others"),
        (13.98, "good", "2 whole weeks"),
    ],
)
def test_the_tick_of_the_time_is_for_whole_weeks(days, level, text):
    seen, happened = evenly([20])
    found = line(analyze("atst", seen, happened, [HALVES], until=at(days)), "Time run")
    assert (found.level, found.text) == (level, text)


def test_outcomes_that_do_not_count_say_why():
    text = re.sub(r"\s+", " ", two_splits().to_text())
    for reason in (
        "before the visitor's first exposure",
        "after the end of the visitor's window",
        "never exposed to the test, saw two groups under one split, or saw only a forced group",
    ):
        assert reason in text


def test_splits_are_compared_in_plain_words():
    seen, happened = counted(
        {
            "1": {"control": (400, 40), "blue": (400, 44)},
            "2": {"control": (400, 40), "blue": (400, 160)},
        }
    )
    matrices = [HALVES, split((0, 0.5), (1, 0.5), version="2", allocation="#A2", salt="t2")]
    metric = Metric("orders", kind="proportion")
    apart = analyze("atst", seen, happened, matrices, [metric]).to_html()
    assert "differ more between the splits than chance explains" in apart
    seen, happened = counted(
        {
            "1": {"control": (400, 40), "blue": (400, 44)},
            "2": {"control": (400, 40), "blue": (400, 43)},
        }
    )
    alike = analyze("atst", seen, happened, matrices, [metric]).to_html()
    assert "chance alone could explain why the effects of the splits differ" in alike
    assert "groups of similar size counted more" not in alike
    for page in (apart, alike):
        assert not re.search("heterogen|overlap", page, re.IGNORECASE)


#: Words of the glossary, as a pattern if the report has them in another form.
FORMS = {
    "Exposure": "expos", "Outcome": "outcome", "Window": "window", "Points": "points",
    "Mean": "mean", "p": r"p = |>p<", "Matrix": "matrix", "Quantile": "quantile",
    "Likely range": "likely range", "Range at the end": "range at the",
}  # fmt: skip


@pytest.mark.parametrize(
    "metrics",
    [
        [Metric("orders", kind="proportion", primary=True), Metric("visits")],
        [Metric("orders")],
        [Metric("orders", kind="quantile"), Metric("errors", guardrail=0.1)],
        [],
    ],
)
@pytest.mark.parametrize("horizon", [None, at(10)])
def test_the_glossary_has_the_words_of_the_report_and_only_these(metrics, horizon):
    seen, happened = counted({"1": {"control": (200, 40), "blue": (200, 44)}})
    report = analyze(
        "atst", seen, happened if metrics else None, [HALVES], metrics, horizon=horizon
    )
    page, _, words = report.to_html(fragment=True).partition("<h2>Words</h2>")
    explained = set(re.findall(r"<dt>(.*?)</dt>", words))
    for word in explained:
        pattern = FORMS.get(word, re.escape(word.lower()))
        assert re.search(pattern, page, re.IGNORECASE), word
    columns = set(re.findall(r'<th scope="col">(.*?)</th>', page))
    own = {"Group", "Share seen", "Share in the matrix"}
    badges = {each.capitalize() for each in re.findall(r'report-badge">(\w+)<', page)}
    assert (columns - own) | badges <= explained

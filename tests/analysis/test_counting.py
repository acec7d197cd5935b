"""Which visitors and outcomes count, with a small example that was computed by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from proctor import Metric
from proctor.analysis import AnalysisError, analyze
from tests.analysis.samples import HALVES, at, exposures, outcomes, split

WEEK = timedelta(days=7)

#: Control and blue swap a quarter: visitors jump. Version 2 starts on day 10.
BEFORE = split((0, 0.75), (1, 0.25), version="1", allocation="#A1")
AFTER = split((0, 0.5), (1, 0.5), version="2", allocation="#A2")

LATER = {"version": "2", "allocation": "#A2"}

SEEN = exposures(
    [
        # Three plain visitors, seen more than once.
        {"at": at(0), "visitor": "ann", "group": "control"},
        {"at": at(2), "visitor": "ann", "group": "control"},
        {"at": at(1), "visitor": "bob", "group": "blue"},
        {"at": at(1), "visitor": "cas", "group": "control"},
        # Two groups under one split.
        {"at": at(1), "visitor": "dan", "group": "control"},
        {"at": at(2), "visitor": "dan", "group": "blue"},
        # Only forced.
        {"at": at(1), "visitor": "eve", "group": "blue", "forced": True},
        # Forced first, then not: counts from the second on.
        {"at": at(1), "visitor": "fay", "group": "blue", "forced": True},
        {"at": at(2), "visitor": "fay", "group": "control"},
        # Jumped: seen under both splits.
        {"at": at(1), "visitor": "gus", "group": "control"},
        {"at": at(11), "visitor": "gus", "group": "blue", **LATER},
        # Stayed: seen under both splits.
        {"at": at(1), "visitor": "hal", "group": "blue"},
        {"at": at(12), "visitor": "hal", "group": "blue", **LATER},
        # Exposed a day before the change: the window is open there.
        {"at": at(9), "visitor": "ida", "group": "control"},
        # The change, and one whose window is open at the end.
        {"at": at(10), "visitor": "joe", "group": "control", **LATER},
        {"at": at(18), "visitor": "kim", "group": "blue", **LATER},
        # Another test.
        {"at": at(1), "visitor": "lou", "group": "control", "test": "other"},
    ]
)

HAPPENED = outcomes(
    [
        (at(-1), "ann", "orders", 1.0),  # before
        (at(0), "ann", "orders", 2.0),  # at the moment of the exposure: counted
        (at(6.9), "ann", "orders", 3.0),  # counted
        (at(7), "ann", "orders", 4.0),  # the window is over: after
        (at(1.5), "fay", "orders", 5.0),  # before the first unforced exposure
        (at(2.5), "fay", "orders", 6.0),  # counted
        (at(2), "dan", "orders", 7.0),  # left out: a stranger
        (at(2), "eve", "orders", 8.0),  # left out: a stranger
        (at(2), "zoe", "orders", 9.0),  # never exposed: a stranger
        (at(2), "gus", "orders", 10.0),  # counted in the first stratum
        (at(12), "gus", "orders", 11.0),  # counted in the second stratum
        (at(9.5), "gus", "orders", 12.0),  # between the windows: after
        (at(19), "kim", "orders", 13.0),  # in a window that has not matured: counted
        (at(20), "zoe", "orders", 1.0),  # the newest time
    ]
)


@pytest.fixture(scope="module")
def report():
    return analyze("atst", SEEN, HAPPENED, [BEFORE, AFTER], window=WEEK)


def test_visitors_count_as_computed_by_hand(report):
    assert report.to_dict()["visitors"] == {
        # ann, bob, cas, fay, gus, hal, ida, joe, kim
        "counted": 9,
        "two_groups": 1,
        "carried_over": 1,
        "forced": 1,
        # ida at the change, kim at the end
        "not_matured": 2,
    }


def test_outcomes_count_as_computed_by_hand(report):
    assert report.to_dict()["outcomes"] == {"counted": 6, "before": 2, "after": 2, "strangers": 4}


def test_each_stratum_counts_everybody_seen_there(report):
    strata = report.to_dict()["sample_ratio"]["strata"]
    assert [(each["allocation"], each["version"], each["observed"]) for each in strata] == [
        ("#A1", "1", {"blue": 2, "control": 5}),
        ("#A2", "2", {"blue": 3, "control": 1}),
    ]
    assert [each["expected"] for each in strata] == [
        {"control": 0.75, "blue": 0.25},
        {"control": 0.5, "blue": 0.5},
    ]


def test_means_take_only_matured_windows(report):
    (metric,) = report.metrics
    # First stratum: ann 5, cas 0, fay 6, gus 10 against bob 0, hal 0. Second: joe against gus 11,
    # hal 0; joe is alone, so the stratum does not count.
    (effect,) = metric.effects
    (stratum,) = effect.strata
    assert (stratum.baseline_visitors, stratum.visitors) == (4, 2)
    assert effect.absolute == pytest.approx(-21 / 4)
    assert metric.groups["control"].visitors == 5
    assert metric.groups["blue"].visitors == 3


def test_the_report_says_when_it_starts_and_ends(report):
    found = report.to_dict()
    assert (found["from"], found["until"]) == (at(0).isoformat(), at(20).isoformat())


def test_an_exposure_of_the_newest_time_counts():
    seen = exposures(
        [{"at": at(day), "visitor": f"v{day}", "group": "control"} for day in range(3)]
    )
    report = analyze("atst", seen, None, [HALVES])
    assert report.visitors.counted == 3


def test_duplicates_of_an_id_count_once():
    seen = exposures([{"at": at(), "visitor": "ann", "group": "control"}])
    happened = outcomes([(at(1), "ann", "orders", 1.0)] * 3)
    happened = happened.append_column("id", [["a", "a", None]])
    (metric,) = analyze("atst", seen, happened, [HALVES]).metrics
    assert metric.groups["control"].mean == 2.0


def test_visitors_of_different_types_are_different():
    seen = exposures(
        [
            {"at": at(), "visitor": "7", "group": "control", "identifier_type": "USER"},
            {"at": at(), "visitor": "8", "group": "control", "identifier_type": "USER"},
        ]
    )
    happened = outcomes([(at(1), "7", "orders", 1.0), (at(1), "8", "orders", 1.0)])
    happened = happened.append_column("identifier_type", [["USER", "ACCOUNT"]])
    report = analyze("atst", seen, happened, [HALVES])
    assert (report.outcomes.counted, report.outcomes.strangers) == (1, 1)


def test_windows_continue_where_people_only_enter():
    grown = split((0, 0.4), (-1, 0.2), (1, 0.4), version="2", allocation="#A2")
    small = split((0, 0.4), (-1, 0.5), (1, 0.1), version="1", allocation="#A1")
    seen = exposures(
        [
            {"at": at(0), "visitor": "ann", "group": "control"},
            {"at": at(1), "visitor": "bob", "group": "control", **LATER},
        ]
    )
    happened = outcomes([(at(2), "ann", "orders", 1.0), (at(20), "bob", "orders", 1.0)])
    report = analyze("atst", seen, happened, [small, grown], window=WEEK)
    assert (report.not_matured, report.outcomes.counted) == (0, 1)
    (change,) = report.strata.changes
    assert (change.jumps, change.leaves) == (0, 0)
    assert change.enters == pytest.approx(0.3)


def test_a_window_without_a_length_ends_where_people_jump():
    seen = exposures(
        [
            {"at": at(0), "visitor": "ann", "group": "control"},
            {"at": at(5), "visitor": "bob", "group": "control", **LATER},
        ]
    )
    happened = outcomes([(at(4), "ann", "orders", 1.0), (at(6), "ann", "orders", 1.0)])
    report = analyze("atst", seen, happened, [BEFORE, AFTER])
    assert (report.outcomes.counted, report.outcomes.after) == (1, 1)
    assert report.not_matured == 0


def test_a_window_does_not_end_where_rounded_ranges_move_a_billionth():
    before = split((0, 0.3333333333), (1, 0.6666666667), version="1", allocation="#A1")
    after = split((0, 0.3333333334), (1, 0.6666666666), version="2", allocation="#A2")
    seen = exposures(
        [
            {"at": at(0), "visitor": "ann", "group": "control"},
            {"at": at(5), "visitor": "bob", "group": "control", **LATER},
        ]
    )
    happened = outcomes([(at(4), "ann", "orders", 1.0), (at(6), "ann", "orders", 1.0)])
    report = analyze("atst", seen, happened, [before, after])
    assert (report.outcomes.counted, report.outcomes.after) == (2, 0)


def test_late_outcomes_are_waited_for():
    seen = exposures([{"at": at(0), "visitor": "ann", "group": "control"}])
    for lateness, waiting in ((timedelta(days=1), 0), (timedelta(days=2), 1)):
        report = analyze("atst", seen, None, [HALVES], window=WEEK, lateness=lateness, until=at(8))
        assert report.not_matured == waiting


def test_a_description_that_changes_makes_no_stratum():
    other = split((0, 0.5), (1, 0.5), version="2", description="new words")
    seen = exposures(
        [
            {"at": at(0), "visitor": "ann", "group": "control"},
            {"at": at(1), "visitor": "bob", "group": "blue", "version": "2"},
        ]
    )
    report = analyze("atst", seen, None, [HALVES, other])
    assert len(report.sample_ratio.strata) == 1


def test_a_new_salt_with_the_same_id_makes_a_stratum():
    other = split((0, 0.5), (1, 0.5), version="2", salt="u")
    seen = exposures(
        [
            {"at": at(0), "visitor": "ann", "group": "control"},
            {"at": at(1), "visitor": "ann", "group": "blue", "version": "2"},
        ]
    )
    report = analyze("atst", seen, None, [HALVES, other])
    assert len(report.sample_ratio.strata) == 2
    assert (report.visitors.two_groups, report.visitors.carried_over) == (0, 1)


def test_without_allocations_a_stratum_is_a_version():
    seen = exposures(
        [
            {"at": at(0), "visitor": "ann", "group": "control", "allocation": None},
            {"at": at(1), "visitor": "bob", "group": "blue", "allocation": None, "version": "2"},
        ]
    )
    other = split((0, 0.5), (1, 0.5), version="2")
    report = analyze("atst", seen, None, [HALVES, other])
    assert [each.stratum.version for each in report.sample_ratio.strata] == ["1", "2"]
    assert report.sample_ratio.strata[0].stratum.expected == {"control": 0.5, "blue": 0.5}


def test_a_version_that_no_matrix_has_is_named():
    seen = exposures([{"at": at(0), "visitor": "ann", "group": "control", "version": "9"}])
    report = analyze("atst", seen, None, [split((0, 1.0), allocation="#B1")])
    assert any(each.title == "Matrices" and "version 9" in each.text for each in report.trust)


def test_the_baseline_is_the_declared_default_if_it_is_live():
    seen = exposures(
        [
            {"at": at(0), "visitor": "ann", "group": "control"},
            {"at": at(0), "visitor": "bob", "group": "blue"},
        ]
    )
    named = {
        default: analyze("atst", seen, None, [HALVES], default=default).baseline
        for default in (None, "blue", "inactive")
    }
    assert named == {None: "control", "blue": "blue", "inactive": "control"}
    assert analyze("atst", seen, None, [HALVES], default="blue", baseline="control").baseline == (
        "control"
    )
    with pytest.raises(AnalysisError, match="no group 'red'"):
        analyze("atst", seen, None, [HALVES], baseline="red")


def test_one_group_gives_a_report_that_says_why_there_is_no_effect():
    seen = exposures([{"at": at(0), "visitor": "ann", "group": "control"}])
    happened = outcomes([(at(1), "ann", "orders", 1.0)])
    report = analyze("atst", seen, happened, [split((0, 1.0))])
    assert report.metrics[0].effects == ()
    assert "only “control” was exposed" in report.verdict.sentence


def test_a_time_before_all_exposures_gives_a_report():
    report = analyze("atst", SEEN, HAPPENED, [BEFORE, AFTER], until=at(-5))
    assert report.visitors.counted == 0
    assert "nobody was exposed" in report.verdict.sentence


@pytest.mark.parametrize("kind", ["mean", "proportion"])
def test_equal_values_give_a_report_without_intervals(kind):
    seen = exposures(
        [
            {"at": at(0), "visitor": f"{group}{index}", "group": group}
            for group in ("control", "blue")
            for index in range(150)
        ]
    )
    happened = outcomes([(at(1), row["visitor"], "orders", 0.1) for row in seen.to_pylist()])
    report = analyze("atst", seen, happened, [HALVES], [Metric("orders", kind=kind)])
    ((effect,),) = [metric["effects"] for metric in report.to_dict()["metrics"]]
    assert (effect["absolute"], effect["p_value"]) == (0.0, None)
    assert effect["interval"] == effect["always_valid"] == [None, None]

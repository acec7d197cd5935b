from __future__ import annotations

import zoneinfo
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.java.dates import central_time

CHICAGO = "America/Chicago"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (1142418252087, "2006-03-15T04:24-0600"),
        (1, "1969-12-31T18:00-0600"),
        (1710057599999, "2024-03-10T01:59-0600"),
        (1710057600000, "2024-03-10T03:00-0500"),
        (1730617199999, "2024-11-03T01:59-0500"),
        (1730617200000, "2024-11-03T01:00-0600"),
    ],
)
def test_a_moment_is_shown_in_central_time(milliseconds, text):
    assert central_time(milliseconds) == text


@pytest.mark.skipif(
    CHICAGO not in zoneinfo.available_timezones(), reason="needs a time zone database"
)
@given(st.integers(min_value=0, max_value=2**41))
def test_the_rules_agree_with_the_time_zone_database(milliseconds):
    moment = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    local = moment.astimezone(zoneinfo.ZoneInfo(CHICAGO))
    assert central_time(milliseconds) == local.strftime("%Y-%m-%dT%H:%M%z")


def test_the_last_moment_that_fits_a_long_has_a_date():
    assert central_time(2**63 - 1) == "292278994-08-17T02:12-0500"


def test_a_year_of_five_digits_follows_the_rules_of_today():
    thirty_cycles = 30 * 146_097 * 86_400_000
    assert central_time(1142418252087 + thirty_cycles) == "14006-03-15T05:24-0500"

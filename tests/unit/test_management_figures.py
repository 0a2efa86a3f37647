"""Bands, weeks and shares of the management page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from complaints_service.demo.office_value import demo_office
from complaints_service.management.figures import (
    AGE_BANDS,
    Satisfaction,
    Stage,
    age_bounds,
    bands_of,
    midnight,
    mondays,
    weeks_of,
)
from complaints_service.sla.targets import calendar_of

# A Tuesday, 10:00 in the office.
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.mark.parametrize("at", [NOW, datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 22, 5, tzinfo=UTC)])
def test_a_band_holds_exactly_the_tickets_of_its_age(at: datetime) -> None:
    calendar = calendar_of(demo_office())
    bounds = age_bounds(calendar, at)
    assert bounds == sorted(bounds)
    bands = bands_of([], bounds)
    for hours in range(0, 24 * 120, 7):
        received = at - timedelta(hours=hours)
        age = calendar.working_days_between(received, at)
        held = [
            band
            for band in bands
            if (band.received_from is None or received >= band.received_from)
            and (band.received_before is None or received < band.received_before)
        ]
        assert len(held) == 1
        assert held[0].low <= age
        assert held[0].high is None or age <= held[0].high


def test_buckets_of_the_database_become_bands_youngest_first() -> None:
    bounds = age_bounds(calendar_of(demo_office()), NOW)
    bands = bands_of([(0, 2, 2), (4, 5, 1), (4, 1, 0)], bounds)
    assert [(band.low, band.n, band.overdue) for band in bands] == [
        (0, 6, 1),
        (4, 0, 0),
        (6, 0, 0),
        (15, 0, 0),
        (61, 2, 2),
    ]
    assert [band.words for band in bands] == ["0–3", "4–5", "6–14", "15–60", ">60"]
    assert len(bands) == len(AGE_BANDS)


def test_weeks_begin_on_monday_in_the_offices_zone() -> None:
    sunday_evening_utc = datetime(2026, 11, 22, 18, tzinfo=UTC)  # already Monday in Jakarta
    days = mondays(sunday_evening_utc, "Asia/Jakarta")
    assert days[-1] == date(2026, 11, 23)
    assert {day.weekday() for day in days} == {0}
    assert midnight(days[-1], "Asia/Jakarta") == datetime(2026, 11, 22, 17, tzinfo=UTC)


def test_a_week_without_anything_counts_zero_and_has_no_mean() -> None:
    days = mondays(NOW, "Asia/Jakarta")
    weeks = weeks_of(days, [(1, 4, 2)], [(1, 4, 1), (1, 1, 1)])
    assert (weeks[0].came_in, weeks[0].went_out, weeks[0].ratings, weeks[0].mean) == (4, 2, 2, 2.5)
    assert (weeks[1].came_in, weeks[1].ratings, weeks[1].mean) == (0, 0, None)


def test_a_hundred_percent_is_never_rounded_up_to() -> None:
    assert Stage(target="answer", n=1000, met=999).percent == 99
    assert Stage(target="answer", n=3, met=3).percent == 100
    assert Stage(target="answer", n=0, met=0).percent is None


def test_few_answers_are_flagged() -> None:
    assert Satisfaction(by_score=(1, 2, 3, 4)).few
    assert Satisfaction(by_score=(1, 2, 3, 4)).satisfied == 7
    assert not Satisfaction(by_score=(0, 0, 0, 30)).few
    assert Satisfaction(by_score=(0, 0, 0, 0)).mean is None

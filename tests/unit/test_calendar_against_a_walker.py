"""The calendar's tables against a walker that looks at every minute, in zones with and without clock changes.

CALENDAR_EXAMPLES (default 40) is the number of examples of each property; 1250 make the 10,000 of issue 4.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints_service.sla.calendar import NeverOpen, WorkingCalendar
from complaints_service.sla.calendar_document import DAYS, document_from
from tests.unit.minute_walker import MINUTE, TICK, Walker

AROUND = (
    ("Europe/Berlin", date(2026, 3, 29)),  # 02:00 to 03:00 does not exist
    ("Europe/Berlin", date(2026, 10, 25)),  # 02:00 to 03:00 comes twice
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/Havana", date(2026, 11, 1)),  # 00:00 to 01:00 comes twice
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour comes twice
    ("Pacific/Apia", date(2011, 12, 30)),  # the whole day does not exist
    ("Asia/Jakarta", date(2028, 1, 1)),  # the end of one table and the beginning of the next
    ("Asia/Makassar", date(2026, 2, 18)),
    ("Asia/Jayapura", date(2026, 12, 25)),
)
examples = settings(
    max_examples=int(os.environ.get("CALENDAR_EXAMPLES", "40")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# Calendars and moments


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


cuts = st.one_of(st.sampled_from([0, 60, 90, 120, 150, 180, 450, 720, 780, 960, 1440]), st.integers(0, 1440))
hours = st.lists(cuts, unique=True, max_size=6).map(
    lambda found: [[clock(a), clock(b)] for a, b in zip(*[iter(sorted(found))] * 2, strict=False)]
)
weeks = st.fixed_dictionaries({}, optional=dict.fromkeys(DAYS, hours))


@st.composite
def cases(draw: st.DrawFn) -> tuple[WorkingCalendar, Walker, datetime]:
    zone, middle = draw(st.sampled_from(AROUND))
    near = st.integers(-6, 6).map(lambda days: middle + timedelta(days=days))
    special_from = draw(near)
    raw = {
        "time_zone": zone,
        "weekly": draw(weeks),
        "days_off": [day.isoformat() for day in draw(st.lists(near, max_size=3))],
        "special": draw(
            st.lists(
                st.builds(
                    lambda length, week: {
                        "from": special_from.isoformat(),
                        "to": (special_from + timedelta(days=length)).isoformat(),
                        "weekly": week,
                    },
                    st.integers(0, 8),
                    weeks,
                ),
                max_size=1,
            )
        ),
        "extra": [
            {"date": day.isoformat(), "hours": draw(hours)}
            for day in draw(st.lists(near | st.just(middle), unique=True, max_size=2))
        ],
    }
    whole = st.integers(-4 * 1440, 4 * 1440).map(lambda minutes: minutes * MINUTE)
    broken = st.integers(-4 * 86400 * 10**6, 4 * 86400 * 10**6).map(lambda ticks: ticks * TICK)
    start = datetime.combine(middle, time(), UTC) + draw(whole | broken)
    return WorkingCalendar.from_document(document_from(raw)), Walker.over(raw, middle), start


amounts = st.integers(0, 5) | st.integers(0, 2000)
days = st.integers(0, 6)


def or_never(calculate: object) -> datetime | None:
    """What the calendar answers, None when it never comes."""
    try:
        return calculate()  # type: ignore[operator]
    except NeverOpen:
        return None


# The properties


@examples
@given(cases(), amounts)
def test_adding_minutes_ends_where_the_walker_ends(case, minutes):
    calendar, walker, start = case
    found = or_never(lambda: calendar.add_minutes(start, minutes))
    expected = walker.add(start, minutes)
    if expected is None:
        assert found is None or found > walker.last or (minutes == 0 and found >= walker.last)
    else:
        assert found == expected


@examples
@given(cases(), st.integers(0, 4 * 1440))
def test_the_minutes_between_are_those_the_walker_counts(case, apart):
    calendar, walker, start = case
    end = start + apart * MINUTE + timedelta(seconds=apart % 61)
    ticks = walker.open_ticks(start, end)
    assert calendar.open_time_between(start, end) == ticks
    assert calendar.minutes_between(start, end) == ticks * TICK // MINUTE
    assert calendar.minutes_between(end, start) == -calendar.minutes_between(start, end)


@examples
@given(cases(), amounts)
def test_subtracting_finds_the_latest_moment_with_that_much_left(case, minutes):
    calendar, walker, moment = case
    found = or_never(lambda: calendar.subtract_minutes(moment, minutes))
    if found is None or found < walker.first:
        assert walker.open_ticks(walker.first, moment) < minutes * MINUTE // TICK
        return
    assert walker.open_ticks(found, moment) == minutes * MINUTE // TICK
    if minutes:  # a little later less would be left
        assert walker.open_ticks(found + TICK, moment) < minutes * MINUTE // TICK


@examples
@given(cases(), days)
def test_whole_days_end_at_the_closing_the_walker_sees(case, count):
    calendar, walker, start = case
    receipt = walker.counting_day(start)
    closings = walker.closings()
    whole = [day for day in closings if walker.runs[0].day < day < walker.runs[-1].day]
    if receipt not in whole:
        return
    assert calendar.counting_day(start) == receipt
    place = whole.index(receipt) + count
    if place < len(whole):
        assert calendar.add_working_days(start, count) == closings[whole[place]]


@examples
@given(cases(), st.integers(-5, 5))
def test_shifting_goes_from_closing_to_closing(case, count):
    calendar, walker, moment = case
    closings = [end for day, end in walker.closings().items() if walker.runs[0].day < day < walker.runs[-1].day]
    place = sum(end < moment for end in closings) + count
    if 0 <= place < len(closings):
        shifted = calendar.shift_working_days(moment, count)
        assert shifted == closings[place]
        assert calendar.working_days_between(moment, shifted) == sum(moment < end <= shifted for end in closings) - sum(
            shifted < end <= moment for end in closings
        )


@examples
@given(cases())
def test_open_now_and_open_next_are_what_the_walker_sees(case):
    calendar, walker, start = case
    assert calendar.is_open(start) is bool(walker.open[walker.minute_of(start)])
    expected = walker.add(start, 0)
    if expected is not None:
        assert calendar.next_open(start) == expected


@examples
@given(cases(), amounts, st.integers(1, 2000))
def test_adding_in_two_parts_is_adding_at_once_and_never_moves_backwards(case, first, second):
    calendar, _, start = case
    whole = or_never(lambda: calendar.add_minutes(start, first + second))
    parts = or_never(lambda: calendar.add_minutes(calendar.add_minutes(start, first), second))
    assert parts == whole
    if whole is not None:
        assert start <= calendar.add_minutes(start, first) <= whole
        assert calendar.minutes_between(start, whole) == first + second
        assert calendar.add_minutes(start + MINUTE, first + second) >= whole
        back = calendar.subtract_minutes(whole, first + second)
        assert back >= start and not calendar.open_time_between(start, back)


@examples
@given(cases(), amounts, days)
def test_an_explanation_ends_with_the_answer_and_its_minutes_add_up(case, minutes, count):
    calendar, _, start = case
    due = or_never(lambda: calendar.add_minutes(start, minutes))
    if due is None:
        return
    steps = calendar.explain_minutes(start, minutes)
    assert (steps[0].at, steps[-1].at, steps[-1].key) == (start, due, "due")
    assert sum(int(step.values.get("minutes", "0")) for step in steps) == minutes
    by_days = or_never(lambda: calendar.add_working_days(start, count))
    if by_days is not None:
        steps = calendar.explain_working_days(start, count)
        assert (steps[0].at, steps[-1].at, steps[-1].key) == (start, by_days, "due")
        counted = [step.values for step in steps if step.key in ("working_day", "working_days")]
        assert count == (int(counted[-1].get("last", counted[-1]["number"])) if counted else 0)

"""Deadlines per second of the working calendar, and whether the length of the target matters.

Run: `.venv/bin/python -m benchmarks.calendar`. One core, no I/O; aim: 100,000 a second, flat from 5 to 600
days (issue 4). The starts are spread over two years, the calendar is the seeded office's, its tables are warm
as they are in a service that runs; the cost of the first question is printed beside.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from complaints_service.sla.calendar import WorkingCalendar
from complaints_service.sla.holiday_data import seeded_office_document

DEADLINES = 100_000
DAYS = (5, 60, 600)
MINUTES_OF_A_DAY = 450


def main() -> None:
    document = seeded_office_document()
    chance = random.Random(4)
    first = datetime(2025, 6, 1, tzinfo=UTC)
    starts = [first + timedelta(seconds=chance.randrange(2 * 365 * 86400)) for _ in range(DEADLINES)]

    began = time.perf_counter()
    calendar = WorkingCalendar.from_document(document)
    calendar.add_working_days(starts[0], 5)
    print(f"first deadline of a new calendar: {(time.perf_counter() - began) * 1000:.1f} ms")

    print(f"{'target':>10} {'working days':>16} {'minutes':>16} {'minutes between':>16}   per second")
    for days in DAYS:
        minutes = days * MINUTES_OF_A_DAY
        ends = [calendar.add_minutes(start, minutes) for start in starts]
        by_days = _rate(lambda start, days=days: calendar.add_working_days(start, days), starts)
        by_minutes = _rate(lambda start, minutes=minutes: calendar.add_minutes(start, minutes), starts)
        pairs = iter(ends)
        between = _rate(lambda start, pairs=pairs: calendar.minutes_between(start, next(pairs)), starts)
        print(f"{days:>5} days {by_days:>16,.0f} {by_minutes:>16,.0f} {between:>16,.0f}")


def _rate(compute: Callable[[datetime], object], starts: list[datetime]) -> float:
    began = time.perf_counter()
    for start in starts:
        compute(start)
    return len(starts) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()

"""The figures of the management page as values, and where their bands and weeks begin. Rules without I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.sla.calendar import WorkingCalendar

# Age of the backlog in whole working days (EXPERIENCE.md, "Dashboard"); the last band has no end.
AGE_BANDS: tuple[tuple[int, int | None], ...] = ((0, 3), (4, 5), (6, 14), (15, 60), (61, None))
STAGES = ("verify", "answer")
DECIDED_DAYS = 30
WEEKS = 9
# Fewer answers than these say little (PermenPANRB 14/2017, DOMAIN.md): shown with a flag.
ENOUGH_RATINGS = 30


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What cannot wait, at office time ``at``: counts of tickets that the office still owes something."""

    at: datetime
    owed: int
    overdue: int
    due_soon: int
    unassigned: int
    oldest_number: str | None
    oldest_received_at: datetime | None
    oldest_age: int | None


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Promises of one target that were decided in the period: ``n`` of them, ``met`` in time."""

    target: str
    n: int
    met: int

    @property
    def late(self) -> int:
        """Decided against us: answered late, or still open past the promise."""
        return self.n - self.met

    @property
    def percent(self) -> int | None:
        """Share kept in time, rounded down so that 100 means all; None without any."""
        return self.met * 100 // self.n if self.n else None


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Owed tickets of one age: ``low`` to ``high`` working days (None: no end), and the moments of receipt that bound them."""

    low: int
    high: int | None
    n: int
    overdue: int
    received_from: datetime | None
    received_before: datetime | None

    @property
    def words(self) -> str:
        """The band as a range: "4–5", ">60"."""
        return f">{self.low - 1}" if self.high is None else f"{self.low}–{self.high}"


class UnitBacklog(msgspec.Struct, frozen=True, kw_only=True):
    """Owed tickets of a unit, and those of them past their promise."""

    unit_id: int
    n: int
    overdue: int

    @property
    def in_time(self) -> int:
        """Owed and not past the promise."""
        return self.n - self.overdue


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """One week from Monday (local date): tickets received and ended, and the ratings given in it."""

    monday: date
    came_in: int
    went_out: int
    ratings: int
    mean: float | None


class Satisfaction(msgspec.Struct, frozen=True, kw_only=True):
    """Ratings of the period by score 1 to 4."""

    by_score: tuple[int, int, int, int]

    @property
    def n(self) -> int:
        """How many people answered."""
        return sum(self.by_score)

    @property
    def satisfied(self) -> int:
        """Scores 3 and 4."""
        return self.by_score[2] + self.by_score[3]

    @property
    def mean(self) -> float | None:
        """Mean score, 1 to 4; None without any answer."""
        return sum(s * c for s, c in enumerate(self.by_score, 1)) / self.n if self.n else None

    @property
    def few(self) -> bool:
        """Too few answers to judge by ("data kurang")."""
        return self.n < ENOUGH_RATINGS


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on /manage."""

    now: Moment
    stages: tuple[Stage, ...]
    bands: tuple[Band, ...]
    units: tuple[UnitBacklog, ...]
    weeks: tuple[Week, ...]
    satisfaction: Satisfaction


def age_bounds(calendar: WorkingCalendar, at: datetime) -> list[datetime]:
    """Moments of receipt that part the age bands at ``at``, the oldest first: one fewer than there are bands.

    A ticket is n working days old when n working days have closed since its receipt; it is at most n days old when it came
    at or after the closing that lies n + 1 closings back.
    """
    after = at + timedelta(microseconds=1)
    return [calendar.shift_working_days(after, -(high + 1)) for _, high in reversed(AGE_BANDS) if high is not None]


def bands_of(counted: Iterable[tuple[int, int, int]], bounds: list[datetime]) -> tuple[Band, ...]:
    """Bands from the youngest to the oldest. ``counted``: (bucket, tickets, overdue), bucket 0 being before the first bound."""
    n = [0] * len(AGE_BANDS)
    overdue = [0] * len(AGE_BANDS)
    for bucket, count, late in counted:
        n[bucket] += count
        overdue[bucket] += late
    last = len(AGE_BANDS) - 1
    return tuple(
        Band(
            low=low,
            high=high,
            n=n[last - place],
            overdue=overdue[last - place],
            received_from=bounds[last - place - 1] if place < last else None,
            received_before=bounds[last - place] if place > 0 else None,
        )
        for place, (low, high) in enumerate(AGE_BANDS)
    )


def mondays(at: datetime, zone: str) -> list[date]:
    """The first days of the last WEEKS weeks in the office's zone, the current one last."""
    today = at.astimezone(ZoneInfo(zone)).date()
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]


def midnight(day: date, zone: str) -> datetime:
    """The first moment of a day in the office's zone, UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def weeks_of(
    days: list[date], flow: Iterable[tuple[int, int, int]], ratings: Iterable[tuple[int, int, int]]
) -> tuple[Week, ...]:
    """Weeks from (week, in, out) and (week, score, number); week 1 is the first of ``days``."""
    moves = {week: (came, went) for week, came, went in flow}
    scores: dict[int, list[tuple[int, int]]] = {}
    for week, score, number in ratings:
        scores.setdefault(week, []).append((score, number))
    found: list[Week] = []
    for place, day in enumerate(days, 1):
        given = scores.get(place, [])
        total = sum(number for _, number in given)
        came, went = moves.get(place, (0, 0))
        mean = sum(score * number for score, number in given) / total if total else None
        found.append(Week(monday=day, came_in=came, went_out=went, ratings=total, mean=mean))
    return tuple(found)

"""From what is kept to what may be published: percentiles, sums, and no group under five people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from complaints_service.feedback.index import index_of
from complaints_service.transparency.model import Cell, Figures, Month, MonthFigures, SurveyFigures

LEAST = 5
# So many months are kept and published, this one among them.
MONTHS = 25
# A month is counted again until its last answer (60 working days) can have come.
SETTLED = timedelta(days=120)
AGE = timedelta(hours=1)


def months_until(now: datetime, zone: str, first: datetime | None) -> list[date]:
    """The first days of the months to be kept, the oldest first: from the first ticket's month, at most ``MONTHS``."""
    if first is None:
        return []
    today = now.astimezone(ZoneInfo(zone)).date()
    start = first.astimezone(ZoneInfo(zone)).date()
    last = today.year * 12 + today.month - 1
    begin = max(start.year * 12 + start.month - 1, last - MONTHS + 1)
    return [date(month // 12, month % 12 + 1, 1) for month in range(begin, last + 1)]


def bounds(month: date, zone: str) -> tuple[datetime, datetime]:
    """The instants at which a month begins and ends in the office."""
    following = (month + timedelta(days=32)).replace(day=1)
    place = ZoneInfo(zone)
    return datetime(month.year, month.month, 1, tzinfo=place), datetime(
        following.year, following.month, 1, tzinfo=place
    )


def due(months: Iterable[date], made: Mapping[date, datetime], now: datetime, zone: str) -> list[date]:
    """Months to be counted (again), the latest first: what is not kept, and hourly what may still change."""
    found = [
        month
        for month in months
        if month not in made or (made[month] < bounds(month, zone)[1] + SETTLED and made[month] <= now - AGE)
    ]
    return sorted(found, reverse=True)


def added(cells: Iterable[Cell]) -> Cell:
    """Several groups as one."""
    received = decided = in_time = 0
    days: dict[int, int] = {}
    for cell in cells:
        received, decided, in_time = received + cell.received, decided + cell.decided, in_time + cell.in_time
        for length, n in cell.days.items():
            days[length] = days.get(length, 0) + n
    return Cell(received, decided, in_time, days)


def percentile(days: Mapping[int, int], share: float) -> int | None:
    """The smallest number of days within which at least this share was answered; None when nothing was."""
    total = sum(days.values())
    passed = 0
    for length in sorted(days):
        passed += days[length]
        if passed >= share * total:
            return length
    return None


def published(cell: Cell, *, hidden: bool = False) -> dict[str, int | float | None]:
    """The figures of a group, each only when at least ``LEAST`` people stand behind it. ``hidden``: none of them."""
    answered = sum(cell.days.values())
    shows = answered >= LEAST and not hidden
    return {
        "received": None if hidden or 0 < cell.received < LEAST else cell.received,
        "answered": answered if (shows or answered == 0) and not hidden else None,
        "in_time_percent": round(100 * cell.in_time / cell.decided, 1)
        if cell.decided >= LEAST and not hidden
        else None,
        "median_working_days": percentile(cell.days, 0.5) if shows else None,
        "p90_working_days": percentile(cell.days, 0.9) if shows else None,
    }


def figures(cell: Cell) -> Figures:
    """A whole, for the top of the page."""
    return Figures(**published(cell))  # pyright: ignore[reportArgumentType] - each member has its own type


def hidden_cells(cells: Mapping[str, Cell]) -> set[str]:
    """Which services of a month must not be shown, so that none under ``LEAST`` can be told from the rest.

    The month's sum is published: hidden services hold ``LEAST`` people together, or the smallest of the others is hidden beside them.
    """
    counts = {slug: cell.received for slug, cell in cells.items() if cell.received > 0}
    hidden = {slug for slug, n in counts.items() if n < LEAST}
    together = sum(counts[slug] for slug in hidden)
    shown = sorted(counts.keys() - hidden, key=lambda slug: (counts[slug], slug))
    return hidden | set(shown[:1]) if 0 < together < LEAST else hidden


def shown_months(months: Sequence[tuple[date, Month]]) -> Cell:
    """All months together, without those of fewer than ``LEAST``: no sum says more than its parts that are published."""
    wholes = (added(month.cells.values()) for _, month in months)
    return added(whole for whole in wholes if whole.received >= LEAST)


def shown_services(months: Sequence[tuple[date, Month]]) -> dict[str, Cell]:
    """Each known service over the months in which it is shown."""
    found: dict[str, list[Cell]] = {}
    for _, month in months:
        hidden = hidden_cells(month.cells)
        for slug, cell in month.cells.items():
            if slug and slug not in hidden:
                found.setdefault(slug, []).append(cell)
    return {slug: added(cells) for slug, cells in found.items()}


def month_totals(months: Sequence[tuple[date, Month]]) -> tuple[MonthFigures, ...]:
    """Every month, all services together."""
    return tuple(_month(day, None, added(month.cells.values()), hidden=False) for day, month in months)


def month_figures(months: Sequence[tuple[date, Month]]) -> tuple[MonthFigures, ...]:
    """Every month: all services together, then each service that had any."""
    found: list[MonthFigures] = []
    for day, month in months:
        found.append(_month(day, None, added(month.cells.values()), hidden=False))
        hidden = hidden_cells(month.cells)
        found += [_month(day, slug, cell, hidden=slug in hidden) for slug, cell in sorted(month.cells.items())]
    return tuple(found)


def _month(day: date, service: str | None, cell: Cell, *, hidden: bool) -> MonthFigures:
    return MonthFigures(month=day, service=service, **published(cell, hidden=hidden))  # pyright: ignore[reportArgumentType]


def survey_figures(months: Sequence[tuple[date, Month]]) -> tuple[SurveyFigures, ...]:
    """The index of every month in which somebody answered."""
    found: list[SurveyFigures] = []
    for day, month in months:
        index = index_of(month.survey_n, month.survey_sums)
        if index is not None and index.n >= LEAST:
            found.append(SurveyFigures(month=day, n=index.n, index=index.index, grade=index.grade, few=index.few))
        elif index is not None:
            found.append(SurveyFigures(month=day, n=None, index=None, grade=None, few=True))
    return tuple(found)

"""Why this date? A moment and an amount, the answer with its steps in words, and the days between as a picture. No I/O."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date

from complaints_service.i18n import moment, translate
from complaints_service.sla.calendar import WorkingCalendar
from complaints_service.sla.calendar_document import DayKind
from complaints_service.sla.calendar_words import step_text

# Longer times show their first and their last days.
DAYS_SHOWN = 42
_FIRST, _LAST = 28, 12
_DAY_MINUTES = 1440

MEASURES = {
    "working_days": "working days",
    "working_minutes": "working minutes",
    "calendar_days": "calendar days",
    "calendar_minutes": "calendar minutes",
}


class Question(msgspec.Struct, frozen=True):
    """From which moment (UTC) how much time, by which measure."""

    start: datetime
    amount: int
    measure: str


class Bar(msgspec.Struct, frozen=True):
    """A stretch of a day, in minutes after midnight; ``counted``: it lies between the start and the answer."""

    x: int
    width: int
    counted: bool


class DayBox(msgspec.Struct, frozen=True):
    """A day of the picture. ``kind``: open, closed, off or extra; ``hours`` and ``label`` in words; ``gap``: so many days are left out."""

    name: str
    kind: str
    label: str
    hours: tuple[str, ...]
    bars: tuple[Bar, ...]
    start: str = ""
    due: str = ""
    gap: int = 0
    # 1 (Monday) to 7 for a day that begins a line of the picture; 0: it follows the one before.
    column: int = 0


class Trial(msgspec.Struct, frozen=True):
    """The answer: when it is due (UTC), in words, the steps, and the days."""

    due_at: datetime
    due_text: str
    steps: tuple[str, ...]
    days: tuple[DayBox, ...]


def answered(question: Question, calendar: WorkingCalendar, language: str) -> Trial:
    """What the calendar makes of a question. Raises OutOfReach when it does not hold so much time."""
    start, amount = question.start, question.amount
    zone = calendar.time_zone.key
    match question.measure:
        case "working_days":
            due = calendar.add_working_days(start, amount)
            steps = [step_text(step, language) for step in calendar.explain_working_days(start, amount)]
        case "working_minutes":
            due = calendar.add_minutes(start, amount)
            steps = [step_text(step, language) for step in calendar.explain_minutes(start, amount)]
        case _:
            each = timedelta(days=1) if question.measure == "calendar_days" else timedelta(minutes=1)
            due = (start + each * amount).astimezone(UTC)
            measure = translate(language, MEASURES[question.measure])
            steps = [
                translate(language, "{moment} received", moment=moment(start, zone, language)),
                translate(language, "{n} {measure}, whether the office is open or not", n=amount, measure=measure),
                translate(language, "due {moment}", moment=moment(due, zone, language)),
            ]
    return Trial(due, moment(due, zone, language), tuple(steps), _days(question, due, calendar, language))


def _days(question: Question, due: datetime, calendar: WorkingCalendar, language: str) -> tuple[DayBox, ...]:
    zone = calendar.time_zone
    first, last = question.start.astimezone(zone).date(), due.astimezone(zone).date()
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]

    def boxes(some: list[date]) -> list[DayBox]:
        begin, *others = [_day(day, question.start, due, calendar, language) for day in some]
        return [msgspec.structs.replace(begin, column=some[0].isoweekday()), *others]

    if len(days) <= DAYS_SHOWN:
        return tuple(boxes(days))
    left_out = DayBox("", "gap", "", (), (), gap=len(days) - _FIRST - _LAST)
    return (*boxes(days[:_FIRST]), left_out, *boxes(days[-_LAST:]))


def _day(day: date, start: datetime, due: datetime, calendar: WorkingCalendar, language: str) -> DayBox:
    zone = calendar.time_zone
    periods = calendar.hours.on(day.toordinal())
    source = calendar.hours.kind_of(day.toordinal())
    kind = "off" if source is DayKind.DAY_OFF else "open" if periods else "closed"
    words = {"off": "day off", "closed": "office closed", "open": "own hours" if source is DayKind.EXTRA else ""}[kind]
    begin, end = _minute(start, day, zone), _minute(due, day, zone)
    bars: list[Bar] = []
    for opens, closes in periods:
        cuts = sorted({opens, closes, *(cut for cut in (begin, end) if opens < cut < closes)})
        bars += [Bar(low, high - low, begin <= low and high <= end) for low, high in pairwise(cuts)]
    return DayBox(
        name=format_date(day, "EEE d MMM", locale="id_ID" if language == "id" else "en_GB"),
        kind=kind,
        label=translate(language, words) if words else "",
        hours=tuple(f"{_clock(opens, language)}–{_clock(closes, language)}" for opens, closes in periods),
        bars=tuple(bars),
        start=_at(start, day, zone, language),
        due=_at(due, day, zone, language),
    )


def _minute(at: datetime, day: date, zone: ZoneInfo) -> int:
    """Minutes after the day's midnight on the wall clock, below 0 before the day and above 1440 after it."""
    local = at.astimezone(zone)
    if local.date() != day:
        return -1 if local.date() < day else _DAY_MINUTES + 1
    midnight = datetime.combine(day, time())
    return int((local.replace(tzinfo=None) - midnight).total_seconds() // 60)


def _at(at: datetime, day: date, zone: ZoneInfo, language: str) -> str:
    local = at.astimezone(zone)
    return _clock(local.hour * 60 + local.minute, language) if local.date() == day else ""


def _clock(minutes: int, language: str) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}.{minute:02}" if language == "id" else f"{hour:02}:{minute:02}"

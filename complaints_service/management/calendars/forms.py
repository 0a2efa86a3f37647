"""What the calendar's forms send, as changes of a draft. A field that cannot be read is named, and every word is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import msgspec

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.management.calendars.edit import (
    with_day_closed,
    with_day_open,
    with_plain_day,
    with_special,
    with_week,
)
from complaints_service.management.calendars.hours_text import read_periods
from complaints_service.management.calendars.model import Draft
from complaints_service.sla.calendar import validate
from complaints_service.sla.calendar_document import (
    DAYS,
    CalendarDocument,
    DayNote,
    NoteKind,
    Period,
    ProblemCode,
    SpecialPeriod,
    Week,
)
from complaints_service.sla.calendar_words import PROBLEM_MESSAGES, field_problem

LONGEST_NAME = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
NOT_HOURS = "Write hours as 07.30-12.00, several of them with commas; leave it empty for a closed day."
NOT_A_DAY = "Choose a day that exists."
PERIOD_NAME_MISSING = "Give the period a name, for example Ramadan."
NAME_MISSING = "Write why this day differs, so that others understand it later."


def words_of(form: Mapping[str, object]) -> dict[str, str]:
    """The form's fields as text, without what no field of ours may hold."""
    return {
        name: _CONTROL.sub(" ", value).strip()
        for name, value in form.items()
        if isinstance(value, str) and name != "csrf_token"
    }


class _Reader:
    """Reads fields and keeps what is wrong with them."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words
        self.problems: list[FieldProblem] = []

    def text(self, name: str, *, required: str | None = None) -> str:
        value = self._words.get(name, "")
        if len(value) > LONGEST_NAME:
            self.problems.append(
                FieldProblem(f"/{name}", "too_long", "Shorten it to at most {limit}.", {"limit": LONGEST_NAME})
            )
        elif required is not None and not value:
            self.problems.append(FieldProblem(f"/{name}", "required", required))
        return value

    def hours(self, name: str) -> tuple[Period, ...]:
        try:
            return read_periods(self._words.get(name, ""))
        except ValueError:
            self.problems.append(FieldProblem(f"/{name}", "not_hours", NOT_HOURS))
            return ()

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self._words.get(name, ""))
        except ValueError:
            self.problems.append(FieldProblem(f"/{name}", "bad_date", NOT_A_DAY))
            return date(2000, 1, 1)

    def week(self) -> Week:
        return Week(**{name: self.hours(name) for name in DAYS})

    def done(self) -> None:
        if self.problems:
            raise Invalid(self.problems)


def day_changed(draft: Draft, day: date, words: Mapping[str, str]) -> Draft:
    """A day closed, opened or as usual, by the fields ``act``, ``name``, ``kind``, ``hours``. Raises Invalid."""
    reader, iso, act = _Reader(words), day.isoformat(), words.get("act", "")
    if act == "usual":
        return msgspec.structs.replace(draft, document=with_plain_day(draft.document, iso))
    name = reader.text("name", required=NAME_MISSING)
    if act == "open":
        hours = reader.hours("hours")
        if not hours and not reader.problems:
            reader.problems.append(FieldProblem("/hours", "required", NOT_HOURS))
        reader.done()
        document = with_day_open(draft.document, iso, hours, name)
        _check(document, {"/extra/": "hours"})
    elif act == "close":
        kind = words.get("kind", NoteKind.OFFICE.value)
        reader.done()
        known = NoteKind(kind) if kind in list(NoteKind) else NoteKind.OFFICE
        document = with_day_closed(draft.document, iso, DayNote(name, known))
    else:
        raise Invalid([FieldProblem("/act", "unknown_value", "Choose what the office does on this day.")])
    return msgspec.structs.replace(draft, document=document)


def week_changed(draft: Draft, words: Mapping[str, str]) -> Draft:
    """Weekly hours, zone, and until when the holidays are confirmed. Raises Invalid that names each field."""
    reader = _Reader(words)
    week, confirmed, zone = reader.week(), reader.day("confirmed_through"), reader.text("time_zone")
    document = with_week(draft.document, zone, week)
    problems = _problems(document, {f"/weekly/{name}": name for name in DAYS} | {"/time_zone": "time_zone"})
    reader.problems += problems
    reader.done()
    return Draft(base=draft.base, document=document, confirmed_through=confirmed)


def special_changed(draft: Draft, start: str | None, words: Mapping[str, str]) -> Draft:
    """A special period added (``start`` None), or the one that begins on a day changed or (``act`` remove) taken away.

    Raises Invalid that names each field.
    """
    if start is not None and words.get("act") == "remove":
        return msgspec.structs.replace(draft, document=with_special(draft.document, start, None))
    reader = _Reader(words)
    name = reader.text("name", required=PERIOD_NAME_MISSING)
    first, last, week = reader.day("from"), reader.day("to"), reader.week()
    reader.done()
    special = SpecialPeriod(first.isoformat(), last.isoformat(), week, name)
    others = [each for each in draft.document.special if each.first != start]
    # Alone, so that what is wrong with it is found at its own place.
    alone = msgspec.structs.replace(draft.document, special=(special,))
    _check(alone, {f"/special/0/weekly/{day}": day for day in DAYS} | {"/special/0": "to"})
    if any(each.first <= special.last and special.first <= each.last for each in others):
        raise Invalid(
            [FieldProblem("/from", "overlapping_specials", PROBLEM_MESSAGES[ProblemCode.OVERLAPPING_SPECIALS])]
        )
    return msgspec.structs.replace(draft, document=with_special(draft.document, start, special))


def _check(document: CalendarDocument, places: Mapping[str, str]) -> None:
    if problems := _problems(document, places):
        raise Invalid(problems)


def _problems(document: CalendarDocument, places: Mapping[str, str]) -> list[FieldProblem]:
    """What is wrong with the document, named by the form's fields: pointer's beginning -> field."""
    found: list[FieldProblem] = []
    for problem in validate(document, for_saving=False, from_day=date(2000, 1, 1)):
        field = next((field for start, field in places.items() if problem.pointer.startswith(start)), "")
        found.append(msgspec.structs.replace(field_problem(problem), pointer=f"/{field}"))
    return found

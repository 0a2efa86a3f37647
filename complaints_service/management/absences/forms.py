"""What the forms of absences and duty send, as values. A field that cannot be read is named, and every word is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.management.absences.model import NewAbsence, NewDuty
from complaints_service.management.absences.rules import LONGEST_NOTE, MOST_DAYS, spans_of_days

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")
_ID = re.compile(r"[0-9]{1,9}")
# A field of the values -> the end of its name in the forms ("absence-from", "duty-from").
FIELDS = {"starts_at": "from", "ends_at": "to", "person_id": "person", "stand_in_id": "stand-in", "unit_id": "unit"}


def words_of(form: Mapping[str, object]) -> dict[str, str]:
    """The form's fields as text, without what no field of ours may hold."""
    return {
        name: _CONTROL.sub(" ", value).strip()
        for name, value in form.items()
        if isinstance(value, str) and name != "csrf_token"
    }


def new_absence(words: Mapping[str, str], zone: str) -> NewAbsence:
    """The absence of the form. Raises Invalid."""
    person, starts, ends, note, problems = _common(words, "absence", zone)
    stand_in = words.get("absence-stand-in", "")
    if stand_in and not _ID.fullmatch(stand_in):
        problems.append(FieldProblem("/stand_in_id", "unknown_person", "Choose somebody who works in the office."))
    if problems:
        raise Invalid(problems)
    return NewAbsence(
        person_id=person, starts_at=starts, ends_at=ends, stand_in_id=int(stand_in) if stand_in else None, why=note
    )


def new_duties(words: Mapping[str, str], zone: str) -> list[NewDuty]:
    """The duty of the form: one span, or (``duty-each``) its hours on each of its days. Raises Invalid."""
    person, starts, ends, note, problems = _common(words, "duty", zone)
    unit = words.get("duty-unit", "")
    if unit and not _ID.fullmatch(unit):
        problems.append(FieldProblem("/unit_id", "unknown_unit", "Choose a unit of the office."))
    spans = [(starts, ends)]
    if not problems and words.get("duty-each") == "yes":
        first, last = (date.fromisoformat(words[name]) for name in ("duty-from", "duty-to"))
        begin, end = (_CLOCK.fullmatch(words.get(name, "")) for name in ("duty-from-time", "duty-to-time"))
        if begin is None:
            problems.append(FieldProblem("/starts_at-time", "required", "Write the hours of each day."))
        if end is None:
            problems.append(FieldProblem("/ends_at-time", "required", "Write the hours of each day."))
        if not 0 <= (last - first).days < MOST_DAYS:
            detail = "Choose a last day that is not before the first one, at most {days} days in all."
            problems.append(FieldProblem("/ends_at", "too_many_days", detail, {"days": MOST_DAYS}))
        if begin is not None and end is not None and not problems:
            spans = spans_of_days(first, last, _time(begin), _time(end), zone)
    if problems:
        raise Invalid(problems)
    return [
        NewDuty(person_id=person, starts_at=start, ends_at=end, unit_id=int(unit) if unit else None, why=note)
        for start, end in spans
    ]


def _common(words: Mapping[str, str], form: str, zone: str) -> tuple[int, datetime, datetime, str, list[FieldProblem]]:
    problems: list[FieldProblem] = []
    person, note = words.get(f"{form}-person", ""), words.get(f"{form}-note", "")
    if not _ID.fullmatch(person):
        problems.append(FieldProblem("/person_id", "unknown_person", "Choose somebody who works in the office."))
        person = "0"
    if len(note) > LONGEST_NOTE:
        detail = "Shorten it to at most {limit}."
        problems.append(FieldProblem("/note", "too_long", detail, {"limit": LONGEST_NOTE}))
    starts = _moment(
        words, f"{form}-from", zone, FieldProblem("/starts_at", "bad_date", "Choose a day that exists."), problems
    )
    ends = _moment(
        words,
        f"{form}-to",
        zone,
        FieldProblem("/ends_at", "bad_date", "Choose a day that exists."),
        problems,
        ending=True,
    )
    return int(person), starts, ends, note, problems


def _moment(
    words: Mapping[str, str],
    name: str,
    zone: str,
    wrong: FieldProblem,
    problems: list[FieldProblem],
    *,
    ending: bool = False,
) -> datetime:
    """Day and time of the office as UTC; without a time the day begins, or (``ending``) the day is over."""
    clock = words.get(f"{name}-time", "")
    found = _CLOCK.fullmatch(clock)
    try:
        day = date.fromisoformat(words.get(name, ""))
        if not 2000 <= day.year <= 2200:
            raise ValueError
    except ValueError:
        problems.append(wrong)
        return datetime(2000, 1, 1, tzinfo=UTC)
    if clock and found is None:
        problems.append(FieldProblem(f"{wrong.pointer}-time", "bad_time", "Write a time as 16:30, or leave it empty."))
        return datetime(2000, 1, 1, tzinfo=UTC)
    if found is None:
        day, at = (day + timedelta(days=1) if ending else day), time()
    else:
        at = _time(found)
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def _time(found: re.Match[str]) -> time:
    return time(int(found[1]), int(found[2]))


def field_of(form: str, pointer: str) -> str:
    """The name of the form's field that a problem's pointer is about."""
    name, _, part = pointer.strip("/").partition("-")
    return "-".join(filter(None, (form, FIELDS.get(name, name), part)))

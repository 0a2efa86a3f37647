"""Absences and duty as the page shows them: lists, and a strip a day on which an empty duty is seen. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date

from complaints_service.i18n import moment, translate
from complaints_service.management.absences.model import AbsenceRow, DutyRow
from complaints_service.management.absences.rules import Span, covered, duty_units, gaps, plannable, sees_nothing_of
from complaints_service.management.settings_events import Setting, SettingEvent
from complaints_service.office.model import Office, Person

EVENT_WORDS = {
    "absence added": "Absence entered",
    "absence revoked": "Absence taken back",
    "duty added": "Duty entered",
    "duty revoked": "Duty taken back",
}


SEES_NOTHING = "{other} may see no case that {name} sees: the one above is told in place of {name}."


class Piece(msgspec.Struct, frozen=True):
    """A part of the strip, in thousandths of the day."""

    x: float
    width: float


class StripDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day: who is on duty, where nobody is, who is away. Days that are over have no words about where nobody was."""

    label: str
    today: bool
    on: tuple[Piece, ...]
    empty: tuple[Piece, ...]
    now: float | None
    who: tuple[str, ...]
    empty_texts: tuple[str, ...]
    whole_day_empty: bool
    away: tuple[str, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An absence or a duty of the lists. ``warning``: the stand-in is away too, or may see no case of the absent person."""

    id: int
    name: str
    what: str
    starts_at: datetime
    ends_at: datetime
    mine: bool
    warning: str = ""


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the history."""

    at: datetime
    who: str
    what: str
    whom: str
    time: str
    why: str


def midnight(day: date, zone: str) -> datetime:
    """The beginning of an office day (UTC)."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def strip(
    office: Office,
    duties: Sequence[DutyRow],
    absences: Sequence[AbsenceRow],
    unit_id: int | None,
    first: date,
    days: int,
    now: datetime,
    language: str,
) -> list[StripDay]:
    """Each day of a time, for the whole office (None) or a unit."""
    return [
        _strip_day(office, duties, absences, unit_id, first + timedelta(days=place), now, language)
        for place in range(days)
    ]


def _strip_day(
    office: Office,
    duties: Sequence[DutyRow],
    absences: Sequence[AbsenceRow],
    unit_id: int | None,
    day: date,
    now: datetime,
    language: str,
) -> StripDay:
    zone = office.time_zone
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    on = covered(duties, absences, unit_id, start, end)
    empty = gaps(on, start, end)
    length = (end - start).total_seconds()

    def piece(span: Span) -> Piece:
        x = (span.starts_at - start).total_seconds() / length * 1000
        return Piece(round(x, 2), round((span.ends_at - span.starts_at).total_seconds() / length * 1000, 2))

    def clock(span: Span) -> str:
        return f"{_clock(span.starts_at, zone, language)}–{_clock(span.ends_at, zone, language, closing=True)}"

    here = [
        duty for duty in duties if duty.unit_id in (None, unit_id) and duty.starts_at < end and start < duty.ends_at
    ]
    who = [
        f"{_name(office, duty.person_id)} {clock(Span(max(duty.starts_at, start), min(duty.ends_at, end)))}"
        for duty in here
    ]
    away = [
        _away_text(office, absence, language)
        for absence in absences
        if absence.starts_at < end and start < absence.ends_at
    ]
    local = today(office, now)
    return StripDay(
        label=format_date(day, "EEE d MMM", locale="id_ID" if language == "id" else "en_GB"),
        today=day == local,
        on=tuple(piece(span) for span in on),
        empty=tuple(piece(span) for span in empty),
        now=piece(Span(now, now)).x if day == local else None,
        who=tuple(who),
        empty_texts=tuple(clock(span) for span in empty if on and day >= local),
        whole_day_empty=not on and day >= local,
        away=tuple(away),
    )


def _away_text(office: Office, absence: AbsenceRow, language: str) -> str:
    name = _name(office, absence.person_id)
    if absence.stand_in_id is None:
        return name
    return translate(language, "{name}, stand-in: {other}", name=name, other=_name(office, absence.stand_in_id))


def absence_list(office: Office, viewer: Person, rows: Sequence[AbsenceRow], language: str) -> list[Row]:
    """Absences with their stand-ins; a stand-in who is away at the same time is marked."""
    mine = {person.id for person in plannable(office, viewer)}
    found: list[Row] = []
    for each in rows:
        stand_in = each.stand_in_id
        clash = stand_in is not None and any(
            other.person_id == stand_in and other.starts_at < each.ends_at and each.starts_at < other.ends_at
            for other in rows
        )
        what = _name(office, stand_in) if stand_in is not None else translate(language, "nobody stands in")
        warning = translate(language, "The stand-in is absent too: the one above is told.") if clash else ""
        if sees_nothing_of(office, stand_in, each.person_id):
            warning = translate(language, SEES_NOTHING, other=what, name=_name(office, each.person_id))
        found.append(
            Row(
                id=each.id,
                name=_name(office, each.person_id),
                what=what,
                starts_at=each.starts_at,
                ends_at=each.ends_at,
                mine=each.person_id in mine,
                warning=warning,
            )
        )
    return found


def duty_list(office: Office, viewer: Person, rows: Iterable[DutyRow], language: str) -> list[Row]:
    """Duties with their units."""
    whole, units = duty_units(office, viewer)
    return [
        Row(
            id=each.id,
            name=_name(office, each.person_id),
            what=unit_name(office, each.unit_id, language),
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            mine=whole if each.unit_id is None else each.unit_id in units,
        )
        for each in rows
    ]


def unit_name(office: Office, unit_id: int | None, language: str) -> str:
    """The unit's name; None: the whole office."""
    if unit_id is None:
        return translate(language, "Whole office")
    unit = office.units.get(unit_id)
    return unit.name if unit is not None else str(unit_id)


def event_rows(office: Office, viewer: Person, events: Iterable[SettingEvent], language: str) -> list[EventRow]:
    """The history: absences of those whom the viewer may plan, and every duty."""
    mine = {person.id for person in plannable(office, viewer)}
    rows: list[EventRow] = []
    for event in events:
        planned = msgspec.convert(event.after or event.before, _Planned)
        if event.what is Setting.ABSENCE and planned.person_id not in mine:
            continue
        begin = moment(planned.starts_at, office.time_zone, language, weekday=False, with_zone=False)
        end = moment(planned.ends_at, office.time_zone, language, weekday=False, with_zone=False)
        rows.append(
            EventRow(
                at=event.at,
                who=_name(office, event.person_id),
                what=translate(language, EVENT_WORDS[f"{event.what.value} {event.act}"]),
                whom=_name(office, planned.person_id),
                time=f"{begin} – {end}",
                why=event.why,
            )
        )
    return rows


class _Planned(msgspec.Struct, frozen=True):
    """What both kinds of rows hold."""

    person_id: int
    starts_at: datetime
    ends_at: datetime


def _name(office: Office, person_id: int) -> str:
    person = office.people.get(person_id)
    return person.name if person is not None else f"#{person_id}"


def _clock(at: datetime, zone: str, language: str, *, closing: bool = False) -> str:
    text = f"{at.astimezone(ZoneInfo(zone)):%H:%M}"
    text = "24:00" if closing and text == "00:00" else text
    return text.replace(":", ".") if language == "id" else text


def today(office: Office, now: datetime) -> date:
    """The office's day at this moment."""
    return now.astimezone(ZoneInfo(office.time_zone)).date()


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())

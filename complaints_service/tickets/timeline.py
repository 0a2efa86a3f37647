"""A ticket's log in plain words, for citizens and for the office; statuses, steps and commands as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from complaints_service.i18n import day, moment, translate
from complaints_service.office.model import Office
from complaints_service.tickets.file import StoredEvent, TicketFile
from complaints_service.tickets.model import ENDED, Status
from complaints_service.tickets.timeline_clock import consent, moved_dates, rung_details, rung_values, stated_time
from complaints_service.tickets.timeline_words import (
    ANSWER_FIRST,
    CHANNEL_WORDS,
    CITIZEN_WORDS,
    COMMAND_LABELS,
    HELD_WORDS,
    KIND_WORDS,
    MARK_WORDS,
    MISSED,
    MISSED_CHECK,
    NEXT_STEPS,
    OFFICE_WORDS,
    PRIORITY_WORDS,
    STATUS_WORDS,
)


class TimelineEntry(msgspec.Struct, frozen=True):
    """One line of the timeline; ``actor_name`` only for the office."""

    at: datetime
    type: str
    text: str
    seq: int
    actor_name: str


def status_text(status: Status, language: str) -> str:
    """The word the public knows for a status (DOMAIN.md)."""
    return translate(language, STATUS_WORDS[status])


def command_label(name: str, language: str) -> str:
    """What the button of a command says."""
    return translate(language, COMMAND_LABELS.get(name, name))


def next_step(file: TicketFile, office: Office, language: str) -> str:
    """What happens next and by when, in plain words; a missed promise is said and never hidden."""
    ticket = file.ticket
    status = ticket.status_for_citizen(file.now)
    due = {row.target: row.due_at for row in file.deadlines if row.episode == ticket.episode}
    values: dict[str, object] = {
        target: moment(due[target], office.time_zone, language) if target in due else "-"
        for target in ("verify", "answer", "reporter", "closing")
    }
    other = file.merged_outcome.status if file.merged_outcome is not None else Status.IN_PROGRESS
    values |= {"unit": office.units[ticket.unit_id].name, "merged": status_text(other, language)}
    passed = {target for target, at in due.items() if at <= file.now}
    if "answer" in passed and status not in ENDED | {Status.ANSWERED, Status.WAITING_REPORTER}:
        return translate(language, MISSED, **values)
    if "verify" in passed and status is Status.RECEIVED:
        return translate(language, MISSED_CHECK, **values)
    if status is Status.RECEIVED and {"verify", "answer"} <= due.keys() and due["verify"] >= due["answer"]:
        return translate(language, ANSWER_FIRST, **values)
    return translate(language, NEXT_STEPS[status], **values)


def timeline(file: TicketFile, office: Office, language: str, audience: str) -> list[TimelineEntry]:
    """The log in words, oldest first. ``audience``: citizen (released and public events only) or officer."""
    return entries_of(file.events, file.now, office, language, audience)


def entries_of(
    events: Iterable[StoredEvent], now: datetime, office: Office, language: str, audience: str
) -> list[TimelineEntry]:
    """As ``timeline``, of any part of the log."""
    entries: list[TimelineEntry] = []
    for event in events:
        if audience == "citizen":
            if event.undone_by is not None or event.released_at > now:
                continue
            msgid = CITIZEN_WORDS.get(_variant_for_citizen(event))
        else:
            msgid = OFFICE_WORDS.get(_variant(event))
        if msgid is None:
            continue
        words = _values(event, office, language)
        if event.type == "deadlines_moved":
            words["moved"] = moved_dates(event.values(), office, language, audience)
            if not words["moved"]:
                continue
        text = translate(language, msgid, **words)
        if event.type == "rung_fired" and audience != "citizen":
            text = "; ".join([text, *rung_details(event.values(), office, language)])
        if event.type == "filed" and audience != "citizen":
            body = event.values()
            held = HELD_WORDS.get(str(body.get("held")))
            told = (
                stated_time(body, office, language),
                consent(body, language),
                translate(language, held) if held else "",
            )
            text = "; ".join(filter(None, (text, *told)))
        if event.undone_by is not None:
            text = translate(language, "{text} (undone)", text=text)
        entries.append(TimelineEntry(event.at, event.type, text, event.seq, actor_name(event, office, language)))
    return entries


def actor_name(event: StoredEvent, office: Office, language: str) -> str:
    """Who did it, as the office reads it."""
    if event.person_id is not None:
        person = office.people.get(event.person_id)
        return person.name if person is not None else f"#{event.person_id}"
    return translate(language, "Reporter") if event.actor == "reporter" else translate(language, "The clock")


def _variant_for_citizen(event: StoredEvent) -> str:
    values = event.values()
    if event.type == "rung_fired":
        return f"breach_{values['target']}" if values["breach"] and values["level"] == 1 else ""
    if event.type == "assigned":
        return "assigned_unit" if "unit" in values else ""
    if event.type == "filed":
        return "filed"
    return _variant(event)


def _variant(event: StoredEvent) -> str:
    values = event.values()
    match event.type:
        case "filed":
            return "filed_rule" if values.get("rule_name") else "filed"
        case "assigned":
            return "assigned_unit" if "unit" in values else "assigned_person"
        case "replied" if values.get("reopens"):
            return "replied_reopens"
        case "replied" if values.get("resolved"):
            return "replied_resolved"
        case "rung_fired":
            if values["act"] == "remind_reporter":
                return "remind_reporter"
            if values["act"] != "notify":
                return ""
            if not values["mail"]:
                return "rung_covered"
            told = values["recipients"] or values.get("addresses")
            return "rung_fired" if told else "rung_fired_alone"
        case _:
            return event.type


def _values(event: StoredEvent, office: Office, language: str) -> dict[str, object]:
    values = event.values()
    words: dict[str, object] = {name: value for name, value in values.items() if isinstance(value, str | int)}
    if isinstance(now := values.get("now"), dict):
        words["now"] = ", ".join(_classified(msgspec.convert(now, dict[str, object]), office, language))
    elif event.type == "priority_set":
        words["now"] = translate(language, PRIORITY_WORDS.get(str(now), "normal"))
    if "unit" in values:
        unit = office.units.get(_number(values["unit"]))
        words["unit"] = unit.name if unit is not None else "-"
    else:
        words["unit"] = translate(language, "The office")
    if "assignee" in values:
        person = office.people.get(_number(values["assignee"]))
        words["person"] = person.name if person is not None else "-"
    if isinstance(values.get("recipients"), list):
        ids = msgspec.convert(values["recipients"], list[int])
        words["people"] = ", ".join(office.people[i].name for i in ids if i in office.people)
    if "channel" in values:
        words["channel"] = translate(language, CHANNEL_WORDS.get(str(values["channel"]), "web"))
    if event.type == "rung_fired":
        words |= rung_values(values, office, language)
    if event.type == "pause_ended":
        limit = datetime.fromisoformat(str(values["limit_at"]))
        words["limit"] = moment(limit, office.time_zone, language, weekday=False)
    return words


def _classified(changed: dict[str, object], office: Office, language: str) -> list[str]:
    """What a classification has changed, as people read it."""
    found: list[str] = []
    for name, value in sorted(changed.items()):
        if isinstance(value, bool):
            found.append(translate(language, MARK_WORDS[(name, value)]))
            continue
        entry = office.categories.get(str(value)) if name == "category" else office.services.get(str(value))
        if entry is not None and name in ("category", "service"):
            found.append(entry.name_id if language == "id" else entry.name_en)
        elif name == "kind":
            found.append(translate(language, KIND_WORDS[str(value)]))
        else:
            found.append(translate(language, PRIORITY_WORDS.get(str(value), "normal")))
    return found


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def day_text(at: datetime, office: Office, language: str) -> str:
    """A day in the office's zone."""
    return day(at, office.time_zone, language)

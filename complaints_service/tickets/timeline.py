"""A ticket's log in plain words, for citizens and for the office; statuses, steps and commands as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from complaints_service.i18n import day, moment, translate
from complaints_service.office.model import Office
from complaints_service.office.rung_words import rung_text
from complaints_service.tickets.model import ENDED, Status
from complaints_service.tickets.reading import StoredEvent, TicketFile

STATUS_WORDS = {
    Status.RECEIVED: "Sent",
    Status.VERIFIED: "Verified",
    Status.IN_PROGRESS: "In progress",
    Status.WAITING_REPORTER: "Waiting for your reply",
    Status.ANSWERED: "Answered",
    Status.CLOSED: "Closed",
    Status.REJECTED: "Rejected",
    Status.FORWARDED: "Forwarded to another agency",
    Status.MERGED: "Merged",
    Status.WITHDRAWN: "Withdrawn",
}

NEXT_STEPS = {
    Status.RECEIVED: "The office checks the complaint and passes it to the right unit, by {verify}. You get an answer by {answer}.",
    Status.VERIFIED: "{unit} will work on your case. You get an answer by {answer}.",
    Status.IN_PROGRESS: "{unit} is working on your case. You get an answer by {answer}.",
    Status.WAITING_REPORTER: (
        "The office needs your reply to go on. Please answer by {reporter}; "
        "until then the time for our answer stands still."
    ),
    Status.ANSWERED: "Tell us whether this settles your case. Without a reply it closes by itself on {closing}.",
    Status.CLOSED: "The case is closed. If it comes back, write to us here within 30 days and it opens again.",
    Status.REJECTED: "The office does not take up this case; the reason is in the messages. You may turn to the Ombudsman.",
    Status.FORWARDED: "The case was passed to another agency, which will answer you.",
    Status.MERGED: "The case goes on together with {merged}.",
    Status.WITHDRAWN: "The case ended without an answer. You may file it again at any time.",
}
MISSED = "We promised an answer by {answer} and missed that date. The case has been passed up to the superiors of the office."

CITIZEN_WORDS = {
    "filed": "Complaint received",
    "verified": "The office has checked the complaint",
    "started": "{unit} has begun to work on it",
    "asked": "The office has a question for you",
    "answered": "The office has answered",
    "interim_answered": "The office has written to you",
    "rejected": "The complaint was rejected: {reason}",
    "forwarded": "Forwarded to {agency}",
    "merged": "Merged with {into}",
    "withdrawn": "You have withdrawn the complaint",
    "lapsed": "Ended because no reply came in time",
    "closed": "The case was closed",
    "auto_closed": "Closed by itself: no reply came in the 10 working days after the answer",
    "reopened": "The office has reopened the case",
    "replied": "You have written to the office",
    "replied_reopens": "You have written to the office; the case is open again",
    "replied_resolved": "You have confirmed that the case is settled",
    "time_granted": "The date for the answer was moved by {working_days} working days",
    "assigned_unit": "The case was passed to {unit}",
    "rated": "You have rated the handling",
    "breach_verify": "The date for checking the complaint was missed; superiors were told",
    "breach_answer": "The date for the answer was missed; superiors were told",
}

OFFICE_WORDS = {
    **CITIZEN_WORDS,
    "filed": "Filed through {channel}; goes to {unit}",
    "filed_rule": "Filed through {channel}; goes to {unit} by the rule “{rule_name}”",
    "verified": "Verified",
    "started": "Work has begun",
    "asked": "Question to the reporter",
    "answered": "Answered",
    "interim_answered": "Interim message to the reporter",
    "noted": "Internal note",
    "classified": "Classified: {now}",
    "priority_set": "Priority: {now}",
    "assigned_person": "Assigned to {person}",
    "assigned_unit": "Passed to {unit}",
    "escalated": "Escalated by hand to level {level}: {people}",
    "acknowledged": "Escalation acknowledged",
    "withdrawn": "Withdrawn by the reporter",
    "lapsed": "Lapsed: the reporter did not reply in time",
    "auto_closed": "Closed by itself after 10 working days without a reply",
    "replied": "The reporter has written",
    "replied_reopens": "The reporter has written; the case is open again",
    "replied_resolved": "The reporter has confirmed that it is settled",
    "reopened": "Reopened",
    "closed": "Closed",
    "split": "Second matter filed as {new}",
    "undone": "Step {event} undone",
    "time_requested": "More time requested: {working_days} working days",
    "time_refused": "More time refused",
    "rated": "Rated {score} of 4",
    "rung_fired": "{target}, {when}: {people} (level {level}, rung {rung}, policy {policy_version})",
    "rung_fired_alone": "{target}, {when}: nobody could be reached (level {level}, rung {rung}, policy {policy_version})",
    "rung_covered": "{target}, {when}: told with a higher rung (level {level}, rung {rung}, policy {policy_version})",
    "remind_reporter": "The reporter was reminded",
}

COMMAND_LABELS = {
    "verify": "Verify",
    "classify": "Classify",
    "assign": "Assign",
    "start": "Start work",
    "ask": "Ask the reporter",
    "note": "Internal note",
    "answer": "Answer",
    "reject": "Reject",
    "forward": "Forward to another agency",
    "merge": "Merge",
    "split": "Split off a second matter",
    "escalate": "Escalate",
    "reopen": "Reopen",
    "close": "Close",
    "set_priority": "Set priority",
    "request_time": "Request more time",
    "grant_time": "Grant more time",
    "refuse_time": "Refuse more time",
    "acknowledge": "Acknowledge",
    "undo": "Undo",
}
TARGET_WORDS = {
    "verify": "verification",
    "answer": "answer",
    "sign": "sign of life",
    "reporter": "reply of the reporter",
    "closing": "closing",
}
PRIORITY_WORDS = {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"}
KIND_WORDS = {"complaint": "Complaint", "suggestion": "Suggestion", "information": "Information request"}
MARK_WORDS = {
    ("simple", True): "simple matter",
    ("simple", False): "not a simple matter",
    ("oversight", True): "with oversight content",
    ("oversight", False): "without oversight content",
}
CHANNEL_WORDS = {
    "web": "web",
    "whatsapp": "WhatsApp",
    "kiosk": "kiosk",
    "counter": "counter",
    "phone": "telephone",
    "letter": "letter",
    "social": "social media",
    "email": "e-mail",
}


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
    values |= {"unit": office.units[ticket.unit_id].name, "merged": file.merged_into or "-"}
    text = translate(language, NEXT_STEPS[status], **values)
    late = (
        "answer" in due
        and due["answer"] <= file.now
        and status not in ENDED | {Status.ANSWERED, Status.WAITING_REPORTER}
    )
    return f"{translate(language, MISSED, **values)} {text.split('. ')[0].rstrip('.')}." if late else text


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
        text = translate(language, msgid, **_values(event, office, language))
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
            return "rung_fired" if values["recipients"] else "rung_fired_alone"
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
        target = translate(language, TARGET_WORDS[str(values["target"])])
        words["target"] = target[:1].upper() + target[1:]
        words["when"] = _when(values, office, language)
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


def _when(values: dict[str, object], office: Office, language: str) -> str:
    """The rung in words, from the policy it was fired under; its due time when that policy no longer names it."""
    policy = office.policies.get(_number(values["policy_version"]))
    rung = next((r for r in policy.rungs if r.key == values["rung"]), None) if policy is not None else None
    if rung is not None:
        return rung_text(rung, language)
    return moment(datetime.fromisoformat(str(values["due_at"])), office.time_zone, language, weekday=False)


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def day_text(at: datetime, office: Office, language: str) -> str:
    """A day in the office's zone."""
    return day(at, office.time_zone, language)

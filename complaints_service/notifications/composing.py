"""What a message's templates are given. Pure: facts in, values out; the link has been made before."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.i18n import translate
from complaints_service.keys import Keys
from complaints_service.notifications import words
from complaints_service.notifications.alarm_words import alarm_text
from complaints_service.notifications.facts import Addressed, ListedReceipt, ListedTicket, TicketFacts
from complaints_service.notifications.kinds import MessageKind, Recipient
from complaints_service.notifications.rendering import Choice
from complaints_service.office.model import Office
from complaints_service.tickets.timeline import actor_name, entries_of
from complaints_service.tickets.timeline_words import TARGET_WORDS

_TARGETS = ("verify", "answer", "sign", "reporter", "closing")
# Bodies of events that templates may ask for; what an event does not have is empty.
_EVENT_VALUES: dict[str, object] = {"reason": "", "agency": "", "working_days": "", "level": ""}


class RungParams(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of a rung, as the clock wrote them into its event."""

    target: str = ""
    level: int = 0
    occurrence: int = 0
    due_at: datetime | None = None
    breach: bool = False
    roll_up: bool = False


class ChatParams(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of a chat turn: a template of templates/whatsapp/chat/, its values, and the choices under it (id, msgid)."""

    template: str
    values: dict[str, object] = {}
    choices: list[tuple[str, str]] = []


def language_of(message: Addressed) -> str:
    """The reader's language: the person's, the ticket's, or the chat's."""
    if message.person is not None:
        return message.person.language
    if message.ticket is not None:
        return message.ticket.language
    return message.chat.language if message.chat is not None else "id"


def template_of(message: Addressed) -> str:
    """The name of the words: the kind, with its own words for the office where both sides hear of the same event."""
    row = message.row
    both = row.kind == MessageKind.REOPENED and row.recipient == Recipient.PERSON
    return "reopened_person" if both else row.kind


def context(message: Addressed, further: dict[str, object], url: str, base_url: str, keys: Keys) -> dict[str, object]:
    """Everything the templates of this message may name."""
    language = language_of(message)
    values: dict[str, object] = {
        "office": message.office,
        "at": message.at,
        "url": url,
        "base_url": base_url,
        "person": message.person,
        "events": [],
        "params": msgspec.json.decode(message.row.params, type=dict[str, object]),
    }
    if message.ticket is not None:
        values |= _about_ticket(message, message.ticket, language, keys)
    values |= further
    if "tickets" in further:
        values |= _listed(message, further, base_url, language)
    if message.row.kind == MessageKind.ALARM:
        values |= _alarm(further, language)
    if "receipts" in further:
        values["receipts"] = _receipts(message, further, language, keys)
    return values


def _about_ticket(message: Addressed, ticket: TicketFacts, language: str, keys: Keys) -> dict[str, object]:
    office, event = message.office, ticket.event
    unit = office.units.get(ticket.unit_id)
    values: dict[str, object] = {
        "number": ticket.number,
        "about": words.matter(ticket, office, language),
        "kind_word": translate(language, words.KIND_WORDS[ticket.kind]),
        "unit": unit.name if unit is not None else office.name,
        "status": words.status(ticket, language),
        "deadlines": {target: ticket.deadline(target) for target in _TARGETS},
        "event": _EVENT_VALUES | (event.values() if event is not None else {}),
        "event_type": event.type if event is not None else "",
    }
    if message.row.recipient not in (Recipient.REPORTER, Recipient.CHAT):
        # Personal data stay out of officers' mails altogether: neither the reporter nor anybody's words.
        values |= {
            "holder": words.holder(ticket, office, language),
            "priority": translate(language, ticket.priority),
            "actor": actor_name(event, office, language) if event is not None else "",
            "level": ticket.level,
            "events": entries_of(ticket.recent, message.at, office, language, "officer"),
        }
        if message.row.kind == MessageKind.RUNG:
            values |= _rung(message, ticket, language)
        return values
    return (
        values
        | {
            "code": keys.tracking_code(office.id, ticket.id, ticket.key_id),
            "quote": ticket.message or "",
        }
        | (
            {"outcome": message.outcome.type, "quote": message.outcome.words or ""}
            if message.outcome is not None
            else {}
        )
    )


def _rung(message: Addressed, ticket: TicketFacts, language: str) -> dict[str, object]:
    params = msgspec.json.decode(message.row.params, type=RungParams)
    deadline = ticket.deadline(params.target)
    due_at = deadline.due_at if deadline is not None else params.due_at
    target_word = translate(language, TARGET_WORDS.get(params.target, params.target))
    late = due_at is not None and message.at >= due_at
    if params.target == "sign":
        why = translate(language, "You get this because of the ladder: an open case shows a sign of life in time.")
    elif deadline is not None:
        why = translate(
            language,
            "You get this because of the ladder: {target} within {promise}, counted in the office's working time.",
            target=target_word,
            promise=words.promise(deadline, language),
        )
    else:
        why = translate(language, "You get this because of the escalation ladder.")
    return {
        "breach": late or params.target == "sign",
        "target": params.target,
        "target_word": target_word,
        "level": params.level,
        "due_at": due_at,
        "span": words.span(message.at - due_at, language) if due_at is not None else "",
        "silence": words.span(message.at - ticket.last_sign_at, language),
        "why": why,
    }


def _listed(message: Addressed, further: dict[str, object], base_url: str, language: str) -> dict[str, object]:
    tickets = msgspec.convert(further["tickets"], list[ListedTicket])
    count = msgspec.convert(further["count"], int)
    lines = [_line(ticket, message.office, message.at, base_url, language) for ticket in tickets]
    return {"lines": lines, "more": max(count - len(lines), 0)}


def _receipts(message: Addressed, further: dict[str, object], language: str, keys: Keys) -> list[tuple[str, str, str]]:
    """Number, code, and what each case is about."""
    office = message.office
    return [
        (one.number, keys.tracking_code(office.id, one.id, one.key_id), words.matter(one, office, language))
        for one in msgspec.convert(further["receipts"], list[ListedReceipt])
    ]


def _line(ticket: ListedTicket, office: Office, at: datetime, base_url: str, language: str) -> dict[str, object]:
    due_at = ticket.next_due_at
    level = msgspec.json.decode(ticket.params or "{}", type=RungParams).level
    return {
        "number": ticket.number,
        "level": translate(language, "Escalation {level}", level=level) if level else "",
        "url": f"{base_url}/desk/t/{ticket.number}",
        "about": words.matter(ticket, office, language),
        "holder": words.holder(ticket, office, language),
        "due_at": due_at,
        "late": words.span(at - due_at, language) if due_at is not None and due_at <= at else "",
    }


def _alarm(further: dict[str, object], language: str) -> dict[str, object]:
    """An alarm in words; its details are codes and counts, never personal."""
    what = str(further["what"])
    details = msgspec.json.decode(str(further["details"]), type=dict[str, object])
    return {
        "what": alarm_text(what, language),
        "details": [(name.replace("_", " "), str(value)) for name, value in details.items()],
    }


def chat_turn(message: Addressed) -> tuple[ChatParams, dict[str, object], tuple[Choice, ...]]:
    """A turn of the conversation: its template, values (the draft's words come from the chat itself) and choices.

    Raises msgspec.ValidationError when the row's parameters are not those of a turn.
    """
    params = msgspec.json.decode(message.row.params, type=ChatParams)
    language = language_of(message)
    draft = msgspec.json.decode(message.chat.draft if message.chat else "{}", type=dict[str, object])
    choices = tuple(Choice(id_, translate(language, title)) for id_, title in params.choices)
    values: dict[str, object] = {
        **params.values,
        "office": message.office,
        "draft": draft,
        "draft_text": "\n".join(part["text"] for part in msgspec.convert(draft.get("parts", []), list[dict[str, str]])),
    }
    return params, values, choices

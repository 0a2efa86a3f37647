"""From what happened to a ticket to the messages that follow from it. Pure; words, codes and links are made when a row is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from complaints_service.keys import Keys
from complaints_service.notifications.kinds import MessageKind, Recipient, Way
from complaints_service.notifications.message_ids import TICKET_TO_COME, MessageIds
from complaints_service.notifications.person_ways import person_label, person_ways
from complaints_service.notifications.push import PREFIX
from complaints_service.tickets.model import ActorKind, Event, Ticket
from complaints_service.tickets.port import Change, Effects, MergedReporter, OutboxRow

# Events whose words go to the reporter as they are.
_TO_REPORTER = {
    "asked": MessageKind.QUESTION,
    "answered": MessageKind.ANSWER,
    "interim_answered": MessageKind.INTERIM_ANSWER,
    "rejected": MessageKind.REJECTED,
    "forwarded": MessageKind.FORWARDED,
    "merged": MessageKind.MERGED,
    "withdrawn": MessageKind.WITHDRAWN,
    "lapsed": MessageKind.LAPSED,
    "closed": MessageKind.CLOSED,
    "auto_closed": MessageKind.CLOSED,
    "reopened": MessageKind.REOPENED,
    "time_granted": MessageKind.TIME_GRANTED,
}
# Of a case that others were merged into: what their reporters hear too. That it closes after an answer they know from the answer.
_OUTCOMES = frozenset({"answered", "interim_answered", "rejected", "forwarded", "withdrawn", "lapsed", "reopened"})
_REMINDERS = {"reporter": MessageKind.REMINDER_REPORTER, "closing": MessageKind.REMINDER_CLOSING}
_RUNG_FACTS = ("target", "rung", "level", "occurrence", "due_at", "breach", "roll_up", "reason")
_LAST_LEVEL = 3
# Deeds that may move a promised date as well: another classification, no longer urgent, another unit whose time begins anew.
_MOVES_DATES = frozenset({"classified", "priority_set", "assigned"})
# What the citizen reads a date of.
_PROMISED = frozenset({"verify", "answer"})


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the rules decide it, before it is addressed: to a person of the office, to an address that a rung names, else to
    the reporter."""

    kind: MessageKind
    person_id: int | None = None
    address: str | None = None
    escalation: bool = False
    params: dict[str, object] = {}
    # Ways that the rung itself asks for; empty: as the person has chosen.
    ways: tuple[str, ...] = ()


class NotificationReactor:
    """Fills the outbox part of the port of ``tickets``."""

    def __init__(self, keys: Keys, mail_from: str) -> None:
        self._ids = MessageIds(keys, mail_from)

    def react(self, change: Change) -> Effects:
        """The rows that follow from a change, each with a unique key; nothing else is touched."""
        rows: list[OutboxRow] = []
        for event in change.events:
            for letter in letters(change, event):
                rows += self._address(change, event, letter)
        return Effects(outbox=tuple({row.dedupe_key: row for row in rows}.values()))

    def tells(self, event: Event) -> bool:
        """Whether reporters of cases that were merged into this one hear of it."""
        return event.type in _OUTCOMES

    def outcome_rows(self, ticket: Ticket, event: Event, merged: tuple[MergedReporter, ...]) -> tuple[OutboxRow, ...]:
        """One row to each of them, in the thread of their own case."""
        rows: list[OutboxRow] = []
        for one in merged:
            ways: list[tuple[Way, Recipient, str, int | None]] = []
            if one.has_email:
                ways.append((Way.EMAIL, Recipient.REPORTER, "reporter", None))
            if one.chat_id is not None:
                ways.append((Way.WHATSAPP, Recipient.CHAT, "chat", one.chat_id))
            rows += [self._outcome(ticket, event, one, way, to, label, chat) for way, to, label, chat in ways]
        return tuple(rows)

    def _outcome(
        self, ticket: Ticket, event: Event, one: MergedReporter, way: Way, to: Recipient, label: str, chat: int | None
    ) -> OutboxRow:
        key = dedupe_key(f"{one.ticket_id}:of-{ticket.id}", one.episode, event.seq, MessageKind.MERGED_OUTCOME, label)
        return OutboxRow(
            office_id=ticket.office_id,
            ticket_id=one.ticket_id,
            event_seq=None,
            dedupe_key=key,
            kind=MessageKind.MERGED_OUTCOME.value,
            way=way.value,
            recipient=to.value,
            chat_id=chat,
            params=msgspec.json.encode({"of": ticket.id, "seq": event.seq}).decode(),
            created_at=event.at,
            released_at=event.released_at,
            message_id=self._ids.for_row(key),
        )

    def _address(self, change: Change, event: Event, letter: Letter) -> list[OutboxRow]:
        if letter.person_id is not None:
            person = change.office.people.get(letter.person_id)
            return [
                self._row(
                    change, event, letter, way, Recipient.PERSON, person_label(letter.person_id, way), letter.person_id
                )
                for way in person_ways(person, letter.ways)
            ]
        if letter.address is not None:
            label = f"address:{letter.address}"
            row = self._row(change, event, letter, Way.EMAIL, Recipient.ADDRESS, label)
            return [msgspec.structs.replace(row, address=letter.address)]
        found: list[OutboxRow] = []
        if Way.EMAIL in change.reporter_ways:
            found.append(self._row(change, event, letter, Way.EMAIL, Recipient.REPORTER, "reporter"))
        chat_id = change.chat_id if change.chat_id is not None else getattr(change.complaint, "chat_id", None)
        if Way.WHATSAPP in change.reporter_ways and isinstance(chat_id, int):
            found.append(self._row(change, event, letter, Way.WHATSAPP, Recipient.CHAT, "chat", chat_id=chat_id))
        found += [
            msgspec.structs.replace(
                self._row(change, event, letter, Way.PUSH, Recipient.ADDRESS, way), address=way.removeprefix(PREFIX)
            )
            for way in change.reporter_ways
            if way.startswith(PREFIX)
        ]
        return found

    def _row(
        self,
        change: Change,
        event: Event,
        letter: Letter,
        way: Way,
        recipient: Recipient,
        label: str,
        person_id: int | None = None,
        *,
        chat_id: int | None = None,
    ) -> OutboxRow:
        ticket, new = change.after, change.before is None
        name = TICKET_TO_COME if new else str(ticket.id)
        key = dedupe_key(name, ticket.episode, event.seq, letter.kind, label)
        return OutboxRow(
            office_id=ticket.office_id,
            ticket_id=0 if new else ticket.id,
            event_seq=event.seq,
            dedupe_key=key,
            kind=letter.kind.value,
            way=way.value,
            recipient=recipient.value,
            person_id=person_id,
            chat_id=chat_id,
            params=msgspec.json.encode(letter.params).decode(),
            escalation=letter.escalation,
            created_at=event.at,
            released_at=event.released_at,
            message_id=self._ids.for_row(key),
        )


def dedupe_key(ticket: str, episode: int, seq: int, kind: MessageKind, recipient: str) -> str:
    """One row per (ticket, event, rung, recipient): invariant I3. An event is one rung at most."""
    return f"{ticket}:{episode}:{seq}:{kind.value}:{recipient}"


def letters(change: Change, event: Event) -> Iterator[Letter]:
    """Who hears of one event. Nobody hears of their own deed."""
    if change.before is None:
        if event.seq == change.events[0].seq and not change.after.held:
            yield Letter(kind=MessageKind.RECEIPT)
        return
    if change.before.held_until is not None and change.after.held_until is None and event is change.events[0]:
        # Nobody was told while it was held.
        yield Letter(kind=MessageKind.RECEIPT)
    if event.type == "rung_fired":
        yield from _rung(event)
    elif event.type == "escalated":
        yield from _each(MessageKind.MANUAL_ESCALATION, event, escalation=True)
    elif event.type == "time_requested":
        yield from _each(MessageKind.TIME_REQUESTED, event)
    elif event.type == "replied":
        yield from _replied(change.after, event)
    else:
        yield from _done(change, event)


def _done(change: Change, event: Event) -> Iterator[Letter]:
    kind = _TO_REPORTER.get(event.type)
    if kind is not None:
        yield Letter(kind=kind)
    assignee = change.after.assignee_id
    if event.type == "assigned" and event.body.get("assignee") is not None:
        yield from _unless_actor(MessageKind.ASSIGNED, assignee, event)
    elif event.type in ("time_granted", "time_refused"):
        asked_by = event.body.get("assignee", assignee)
        yield from _unless_actor(MessageKind.TIME_ANSWERED, asked_by, event)
    elif (event.type in _MOVES_DATES and _answer_moved_later(change)) or _promise_moved_later(change, event):
        # A promised date never moves later without telling the citizen (D3).
        yield Letter(kind=MessageKind.TIME_GRANTED)
    elif event.type == "reopened":
        yield from _unless_actor(MessageKind.REOPENED, assignee, event)


def _answer_moved_later(change: Change) -> bool:
    """Whether the running answer target is due later than it was (the clocks' reactor comes first)."""
    was = {d.episode: d.due_at for d in change.deadlines if d.target == "answer"}
    return any(
        d.target == "answer" and d.ended_at is None and d.episode in was and d.due_at > was[d.episode]
        for d in change.effects.deadlines
    )


def _promise_moved_later(change: Change, event: Event) -> bool:
    """Whether a newer calendar or policy has moved a date that the citizen was told, to a later one that is still to come.

    Not while the clock stands: its date moves anyway when the reporter has replied.
    """
    if event.type != "deadlines_moved":
        return False
    standing = {d.target for d in change.effects.deadlines if d.paused_at is not None}
    for moved in msgspec.convert(event.body["moved"], list[dict[str, str | int | bool]]):
        was, now = (datetime.fromisoformat(str(moved[name])) for name in ("from", "to"))
        if moved["target"] in _PROMISED and moved["target"] not in standing and now > max(was, event.at):
            return True
    return False


def _replied(ticket: Ticket, event: Event) -> Iterator[Letter]:
    if event.body.get("reopens"):
        yield from _unless_actor(MessageKind.REOPENED, ticket.assignee_id, event)
    elif event.body.get("resolved"):
        yield Letter(kind=MessageKind.CLOSED)


def _rung(event: Event) -> Iterator[Letter]:
    body = event.body
    if body.get("act") == "remind_reporter":
        reminder = _REMINDERS.get(str(body.get("target")))
        if reminder is not None:
            yield Letter(kind=reminder)
        return
    # After an outage rungs are written in order and only the highest is mailed (D3): the clock's part decides which.
    if not body.get("mail"):
        return
    facts = {name: body[name] for name in _RUNG_FACTS if name in body}
    ways = msgspec.convert(body.get("ways", ()), tuple[str, ...])
    for letter in _each(MessageKind.RUNG, event, escalation=True, params=facts):
        yield msgspec.structs.replace(letter, ways=ways)
    for address in msgspec.convert(body.get("addresses", ()), tuple[str, ...]):
        yield Letter(kind=MessageKind.RUNG, address=address, params=facts)
    level = body.get("level")
    if body.get("target") == "answer" and level == _LAST_LEVEL and not body.get("occurrence") and body.get("breach"):
        yield Letter(kind=MessageKind.BEYOND)


def _each(
    kind: MessageKind, event: Event, *, escalation: bool = False, params: dict[str, object] | None = None
) -> Iterator[Letter]:
    """One letter to each person whom the rule that wrote the event has resolved."""
    for person_id in dict.fromkeys(msgspec.convert(event.body.get("recipients", ()), tuple[int, ...])):
        for letter in _unless_actor(kind, person_id, event):
            yield msgspec.structs.replace(letter, escalation=escalation, params=params or {})


def _unless_actor(kind: MessageKind, person_id: object, event: Event) -> Iterator[Letter]:
    actor = event.actor
    own_deed = actor.kind is ActorKind.PERSON and actor.person_id == person_id
    if isinstance(person_id, int) and not own_deed:
        yield Letter(kind=kind, person_id=person_id)

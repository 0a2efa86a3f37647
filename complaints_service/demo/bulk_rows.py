"""Rows of many made-up tickets, ready for COPY: 90 % ended, over two years, from every door. Pure but for fresh salts."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from secrets import token_bytes
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.demo.history import Life, Step, Teller, released
from complaints_service.demo.phrases import Told, full_name, phrases, tell
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.routing.rules import Routed, route
from complaints_service.tickets.chain import body_text, content_digest, event_hash, joint_digest
from complaints_service.tickets.model import (
    OPEN,
    REPORTER_ACTOR,
    Actor,
    ActorKind,
    Channel,
    Complaint,
    Kind,
    NewMessage,
    Privacy,
    Status,
    Ticket,
)
from complaints_service.tickets.port import DeadlineRow, TimerRow
from complaints_service.tickets.rows import SALT_BYTES, SEED_BYTES

TWO_YEARS_DAYS = 730
# Ended lives may have begun as lately as this; one that would end in the future begins so much earlier.
LATEST_ENDED_DAYS = 4
EARLIER_DAYS = 45
ENDED_SHARE = 0.9
# Of a hundred open tickets, with how many days ago they may have come at most.
_OPEN = (
    (Status.RECEIVED, 20, 3.0),
    (Status.VERIFIED, 20, 6.0),
    (Status.IN_PROGRESS, 36, 12.0),
    (Status.IN_PROGRESS, 4, 30.0),
    (Status.WAITING_REPORTER, 10, 7.0),
    (Status.ANSWERED, 10, 8.0),
)
_CHANNELS = ((Channel.WEB, 34), (Channel.WHATSAPP, 26), (Channel.KIOSK, 14), (Channel.COUNTER, 10), (Channel.PHONE, 6))
_RARE = ((Channel.LETTER, 4), (Channel.SOCIAL, 4), (Channel.EMAIL, 2))
_AT_THE_DESK = frozenset({Channel.COUNTER, Channel.PHONE, Channel.LETTER, Channel.SOCIAL})
_PROMISED = ("verify", "answer")

TICKET_COLUMNS = Ticket.__struct_fields__
DEADLINE_COLUMNS = DeadlineRow.__struct_fields__
TIMER_COLUMNS = TimerRow.__struct_fields__
COLUMNS: dict[str, tuple[str, ...]] = {
    "ticket": TICKET_COLUMNS,
    "complaint_text": ("office_id", "ticket_id", "subject", "description", "salt", "digest"),
    "reporter": ("office_id", "ticket_id", "name", "phone", "phone_key", "salt", "digest"),
    "ticket_event": (
        "office_id",
        "ticket_id",
        "seq",
        "at",
        "type",
        "actor",
        "person_id",
        "body",
        "content_digest",
        "hash",
        "released_at",
    ),
    "message": ("office_id", "ticket_id", "seq", "sender", "person_id", "at", "released_at", "text", "salt", "digest"),
    "deadline": DEADLINE_COLUMNS,
    "sla_timer": TIMER_COLUMNS,
    "rating": ("office_id", "ticket_id", "episode", "at", "score", "elements", "event_seq"),
}
Rows = dict[str, list[tuple[Any, ...]]]


class BulkRows:
    """Makes tickets one by one and collects their rows by table, in the order in which COPY must write them."""

    def __init__(self, office: Office, keys: Keys, now: datetime) -> None:
        self.rows: Rows = {table: [] for table in COLUMNS}
        self._office = office
        self._keys = keys
        self._now = now
        self._dice = Random()  # noqa: S311 - made-up complaints, no secrets
        self._placed: dict[tuple[object, ...], Routed] = {}
        self._words = phrases()
        self._teller = Teller(office, self._words, now)
        self._zone = ZoneInfo(office.time_zone)
        self._by_hour = any(rule.between_from or rule.between_to for rule in office.rules)
        self._by_door = any(rule.channels for rule in office.rules)
        self._desk_officer = min(office.people)
        self._channels = [channel for channel, weight in (*_CHANNELS, *_RARE) for _ in range(weight)]
        self._stages = [(status, days) for status, weight, days in _OPEN for _ in range(weight)]

    def begin(self, seed: int) -> None:
        """Forget the rows made so far; the same seed makes the same tickets again."""
        for rows in self.rows.values():
            rows.clear()
        self._dice.seed(seed)

    def add(self, ticket_id: int) -> None:
        """One more ticket under this id."""
        dice = self._dice
        told = tell(self._words, dice)
        if dice.random() < ENDED_SHARE:
            ago = dice.uniform(LATEST_ENDED_DAYS, TWO_YEARS_DAYS)
            while not self._add_ended(ticket_id, told, ago):
                ago += EARLIER_DAYS
            return
        status, most = dice.choice(self._stages)
        ago = dice.uniform(most * 0.6 if most > 20 else 0.05, most)
        complaint = self._complaint(told, self._now - timedelta(days=ago))
        placed = self._place(told, complaint)
        ticket = self._fresh(ticket_id, complaint, placed)
        self._write(ticket, complaint, placed, self._teller.open(ticket, status, dice))

    def _add_ended(self, ticket_id: int, told: Told, days_ago: float) -> bool:
        """A life that began then and is over; False when it would not be over yet."""
        complaint = self._complaint(told, self._now - timedelta(days=days_ago))
        placed = self._place(told, complaint)
        ticket = self._fresh(ticket_id, complaint, placed)
        life = self._teller.ended(ticket, self._dice)
        if max(step.at for step in life.steps) >= self._now - timedelta(minutes=1):
            return False
        self._write(ticket, complaint, placed, life)
        return True

    def _complaint(self, told: Told, received_at: datetime) -> Complaint:
        dice = self._dice
        channel = dice.choice(self._channels)
        anonymous = dice.random() < 0.5 if channel is Channel.KIOSK else channel is Channel.WEB and dice.random() < 0.2
        confidential = not anonymous and dice.random() < 0.1
        kind = {"informasi": Kind.INFORMATION, "lainnya": Kind.SUGGESTION}.get(told.category, Kind.COMPLAINT)
        return Complaint(
            description=told.description,
            subject=told.subject,
            kind=kind,
            channel=channel,
            privacy=Privacy.ANONYMOUS if anonymous else Privacy.CONFIDENTIAL if confidential else Privacy.OPEN,
            category=told.category,
            service=told.service,
            reporter_name=None if anonymous else full_name(self._words, dice),
            reporter_phone=None if anonymous else f"+62811{dice.randrange(10**7):07}",
            received_at=received_at,
            filed_by=self._desk_officer if channel in _AT_THE_DESK else None,
        )

    def _place(self, told: Told, complaint: Complaint) -> Routed:
        """Routed by the office's own rules, once for each thing that they look at."""
        assert complaint.received_at is not None  # noqa: S101 (_complaint sets it)
        if self._by_hour:
            return route(complaint, self._office, complaint.received_at)
        key = (
            told.description,
            told.subject,
            told.service,
            complaint.kind,
            complaint.channel if self._by_door else None,
        )
        placed = self._placed.get(key)
        if placed is None:
            placed = self._placed[key] = route(complaint, self._office, complaint.received_at)
        return placed

    def _fresh(self, ticket_id: int, complaint: Complaint, placed: Routed) -> Ticket:
        office, received_at = self._office, complaint.received_at or self._now
        year = received_at.astimezone(self._zone).year
        return Ticket(
            office_id=office.id,
            id=ticket_id,
            number=f"{office.number_prefix}-{year}-{ticket_id:06}",
            status=Status.RECEIVED,
            status_before=Status.RECEIVED,
            released_at=received_at,
            kind=complaint.kind,
            channel=complaint.channel,
            privacy=complaint.privacy,
            language="id",
            category=complaint.category,
            service=complaint.service,
            priority=placed.priority,
            simple=placed.simple,
            oversight=placed.oversight,
            unit_id=placed.unit_id,
            assignee_id=None,
            reported_units=(),
            reported_people=(),
            received_at=received_at,
            filed_by=complaint.filed_by,
            next_due_at=None,
            last_sign_at=received_at,
            answered_at=None,
            ended_at=None,
            episode=0,
            level=0,
            requested_days=None,
            merged_into=None,
            split_from=None,
            policy_version=office.policy_at(received_at).version,
            calendar_version=office.latest_calendar().version,
            key_id=office.key_id,
            seq=1,
            version=1,
            chain_seed=token_bytes(SEED_BYTES),
            chain_head=b"",
            last_event_at=received_at,
            last_act=None,
        )

    def _write(self, ticket: Ticket, complaint: Complaint, placed: Routed, life: Life) -> None:
        promised = [{"target": d.target, "due_at": d.first_due_at} for d in life.deadlines if d.target in _PROMISED]
        body: dict[str, object] = {
            "channel": complaint.channel,
            "kind": complaint.kind,
            "category": complaint.category,
            "service": complaint.service,
            "privacy": complaint.privacy,
            "unit": placed.unit_id,
            "priority": placed.priority,
            "rule": placed.rule_id,
            "rule_name": placed.rule_name,
            "why": placed.why,
            "received_at": ticket.received_at,
            "deadlines": promised,
            "split_from": None,
        }
        filer = Actor(ActorKind.PERSON, complaint.filed_by) if complaint.filed_by is not None else REPORTER_ACTOR
        steps = sorted(life.steps, key=lambda step: step.at)
        head = self._event(
            ticket,
            1,
            Step(ticket.received_at, "filed", filer, body),
            ticket.received_at,
            ticket.chain_seed,
            self._texts(ticket, complaint),
        )
        ended_by: dict[datetime, int] = {}
        status = status_before = Status.RECEIVED
        released_at = sign_at = ticket.received_at
        version, level = 1, 0
        for seq, step in enumerate(steps, start=2):
            digest = self._message(ticket, seq, step) if step.message is not None else None
            head = self._event(ticket, seq, step, released(step), head, digest)
            ended_by.setdefault(step.at, seq)
            version += step.acts
            if step.to is not None:
                status_before, status, released_at = status, step.to, released(step)
            if step.sign:
                sign_at = step.at
            if step.type == "rung_fired":
                level = max(level, int(str(step.body["level"])))
            if step.type == "rated":
                key = (ticket.office_id, ticket.id, 0, step.at, life.score, "{}", seq)
                self.rows["rating"].append(key)
        over = status not in OPEN
        last = steps[-1].at if steps else ticket.received_at
        self.rows["ticket"].append(
            _values(
                msgspec.structs.replace(
                    ticket,
                    status=status,
                    status_before=status_before,
                    released_at=released_at,
                    assignee_id=life.assignee_id,
                    next_due_at=None if over else _next_due(life.deadlines),
                    last_sign_at=sign_at,
                    answered_at=life.answered_at,
                    ended_at=max(step.at for step in steps if step.to is not None) if over else None,
                    level=level,
                    seq=len(steps) + 1,
                    version=version,
                    chain_head=head,
                    last_event_at=last,
                )
            )
        )
        self.rows["deadline"] += [
            _values(msgspec.structs.replace(d, ended_by_seq=ended_by.get(d.ended_at)) if d.ended_at else d)
            for d in life.deadlines
        ]
        self.rows["sla_timer"] += [_values(msgspec.structs.replace(t, armed_by_seq=1)) for t in life.timers]

    def _texts(self, ticket: Ticket, complaint: Complaint) -> bytes:
        """The erasable words of the filing; gives the digest that its event carries."""
        salt = token_bytes(SALT_BYTES)
        digest = content_digest(salt, complaint.subject, complaint.description, None, None, None)
        self.rows["complaint_text"].append(
            (ticket.office_id, ticket.id, complaint.subject, complaint.description, salt, digest)
        )
        name, phone = complaint.reporter_name, complaint.reporter_phone
        if phone is None:
            return joint_digest(digest)
        salt = token_bytes(SALT_BYTES)
        who = content_digest(salt, name, phone, None, None)
        phone_key = self._keys.digest("phone", phone)
        self.rows["reporter"].append((ticket.office_id, ticket.id, name, phone, phone_key, salt, who))
        return joint_digest(digest, who)

    def _message(self, ticket: Ticket, seq: int, step: Step) -> bytes:
        message = step.message
        assert isinstance(message, NewMessage)  # noqa: S101 (the caller has looked)
        salt = token_bytes(SALT_BYTES)
        digest = content_digest(salt, message.text)
        self.rows["message"].append(
            (
                ticket.office_id,
                ticket.id,
                seq,
                message.sender,
                step.actor.person_id,
                step.at,
                released(step),
                message.text,
                salt,
                digest,
            )
        )
        return digest

    def _event(
        self, ticket: Ticket, seq: int, step: Step, released_at: datetime, previous: bytes, digest: bytes | None
    ) -> bytes:
        body, actor = body_text(step.body), step.actor
        head = event_hash(previous, seq, step.at, step.type, actor.label, body, digest)
        self.rows["ticket_event"].append(
            (
                ticket.office_id,
                ticket.id,
                seq,
                step.at,
                step.type,
                actor.label,
                actor.person_id,
                body,
                digest,
                head,
                released_at,
            )
        )
        return head


def _values(row: msgspec.Struct) -> tuple[Any, ...]:
    return msgspec.structs.astuple(row)


def _next_due(deadlines: list[DeadlineRow]) -> datetime | None:
    """As the clocks do it: the nearest promise that runs, else the end of the wait for the reporter."""
    running = [d for d in deadlines if d.runs and d.target != "sign"]
    promised = [d.due_at for d in running if d.target in _PROMISED]
    return min(promised or [d.due_at for d in running], default=None)

"""Rows of made-up tickets, ready for COPY: the life of a ticket with its whole chain. Pure but for fresh salts."""

from __future__ import annotations

from datetime import datetime
from secrets import token_bytes
from typing import Any

import msgspec

from complaints_service.demo.history import Life, Step, released
from complaints_service.keys import Keys
from complaints_service.routing.rules import Routed
from complaints_service.tickets.chain import body_text, content_digest, event_hash, joint_digest
from complaints_service.tickets.model import (
    OPEN,
    REPORTER_ACTOR,
    Actor,
    ActorKind,
    Complaint,
    NewMessage,
    Status,
    Ticket,
)
from complaints_service.tickets.port import DeadlineRow, TimerRow
from complaints_service.tickets.rows import SALT_BYTES

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


class RowWriter:
    """Collects the rows of tickets by table, in the order in which COPY must write them."""

    def __init__(self, keys: Keys) -> None:
        self.rows: Rows = {table: [] for table in COLUMNS}
        self._keys = keys

    def clear(self) -> None:
        """Forget the rows written so far."""
        for rows in self.rows.values():
            rows.clear()

    def write(self, ticket: Ticket, complaint: Complaint, placed: Routed, life: Life) -> None:
        """A fresh ticket as its life has made it, with everything around it."""
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

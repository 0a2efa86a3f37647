"""What a message knows when it is sent: the claimed row and the present state of its ticket."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Office, Person
from complaints_service.tickets.file import StoredEvent
from complaints_service.tickets.model import Kind, Privacy, Status


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox row in this worker's hands; ``token`` is the fence of its lease."""

    office_id: int
    id: int
    ticket_id: int | None
    event_seq: int | None
    dedupe_key: str
    kind: str
    way: str
    recipient: str
    person_id: int | None
    chat_id: int | None
    address: str | None
    params: str
    escalation: bool
    created_at: datetime
    attempts: int
    uncertain: int
    message_id: str
    token: bytes = b""


class DeadlineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A promise of the ticket."""

    target: str
    episode: int
    started_at: datetime
    due_at: datetime
    amount: int
    measure: str
    paused_at: datetime | None
    ended_at: datetime | None

    def runs(self, at: datetime) -> bool:
        """Neither ended at this moment nor paused."""
        return self.paused_at is None and (self.ended_at is None or at < self.ended_at)


class TicketFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket as it is now. ``email`` and ``message`` (the words of the row's event) are personal: only for the reporter."""

    id: int
    number: str
    status: Status
    status_before: Status
    released_at: datetime
    kind: Kind
    channel: str
    privacy: Privacy
    language: str
    category: str | None
    service: str | None
    priority: str
    unit_id: int
    assignee_id: int | None
    reported_units: tuple[int, ...]
    reported_people: tuple[int, ...]
    received_at: datetime
    last_sign_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    episode: int
    level: int
    requested_days: int | None
    version: int
    key_id: int
    email: str | None
    message: str | None
    event: StoredEvent | None
    deadlines: tuple[DeadlineFacts, ...]
    recent: tuple[StoredEvent, ...]
    held_until: datetime | None = None
    unseen: bool = False
    """Was held, and went into the queue without a look (``tickets.model.Ticket``)."""
    touched: bool = True
    """A person of the office has done something with it."""
    in_flood: bool = False
    """Other cases that name the same address in the same days were held for a look and are unseen or rejected."""

    def deadline(self, target: str) -> DeadlineFacts | None:
        """The promise of a target in the ticket's present episode, else in the last one that had it."""
        return next((d for d in reversed(self.deadlines) if d.target == target), None)

    def names(self, person: Person) -> bool:
        """Whether the complaint is about this person or a unit the person works in."""
        return person.id in self.reported_people or bool(person.works_in & frozenset(self.reported_units))


class ListedTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A line in a roll-up or digest."""

    number: str
    status: Status
    category: str | None
    service: str | None
    unit_id: int
    assignee_id: int | None
    next_due_at: datetime | None
    params: str | None


class ListedReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list of receipts."""

    id: int
    number: str
    key_id: int
    kind: Kind
    category: str | None
    service: str | None


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A WhatsApp conversation: where it goes, in which language, and the draft whose words stand nowhere else."""

    provider: str
    address: str
    language: str
    draft: str
    last_inbound_at: datetime


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the case that the row's own was merged into: the event's type, and the office's words."""

    type: str
    undone: bool
    words: str | None


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one message is made of."""

    row: Claimed
    office: Office
    at: datetime
    ticket: TicketFacts | None = None
    person: Person | None = None
    chat: Chat | None = None
    outcome: Outcome | None = None

"""A ticket's file and a page of the queue, as values."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.tickets.model import Status, Ticket
from complaints_service.tickets.port import DeadlineRow


class ComplaintWords(msgspec.Struct, frozen=True):
    """The citizen's words; empty after erasure."""

    subject: str = ""
    description: str = ""
    location: str | None = None
    occurred_on: str | None = None
    reported: str | None = None
    erased_at: datetime | None = None


class ReporterDetails(msgspec.Struct, frozen=True):
    """Who complained, as far as it is stored."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    whatsapp: str | None = None


class StoredMessage(msgspec.Struct, frozen=True):
    """A message or note of the thread, beside event ``seq``."""

    seq: int
    sender: str
    person_id: int | None
    at: datetime
    released_at: datetime
    text: str


class StoredEvent(msgspec.Struct, frozen=True):
    """An entry of the log as stored; ``body`` is JSON text."""

    seq: int
    at: datetime
    type: str
    actor: str
    person_id: int | None
    body: str
    released_at: datetime
    undone_by: int | None

    def values(self) -> dict[str, object]:
        """The body, decoded."""
        return msgspec.json.decode(self.body, type=dict[str, object])


class StoredAttachment(msgspec.Struct, frozen=True):
    """A file beside event ``seq``; erased: its name is empty. ``trouble``: missing or damaged when it was last looked at."""

    id: str
    seq: int
    name: str
    media_type: str
    size: int
    has_preview: bool
    erased: bool = False
    trouble: str | None = None

    @property
    def state(self) -> str:
        """ready, missing, damaged or erased: only the first can be downloaded."""
        return "erased" if self.erased else self.trouble or "ready"


class Rating(msgspec.Struct, frozen=True):
    """The reporter's judgement in the present episode."""

    score: int
    at: datetime


class MergedOutcome(msgspec.Struct, frozen=True):
    """How the case stands that this one was merged into: its status as citizens see it, and the office's last words on it."""

    status: Status
    answer: str | None = None
    answered_at: datetime | None = None


class TicketFile(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket and everything around it. ``reporter`` is None when nothing is stored or the reader may not see it."""

    ticket: Ticket
    now: datetime
    text: ComplaintWords
    reporter: ReporterDetails | None
    reporter_hidden: bool
    messages: tuple[StoredMessage, ...]
    events: tuple[StoredEvent, ...]
    deadlines: tuple[DeadlineRow, ...]
    rating: Rating | None
    merged_into: str | None
    attachments: tuple[StoredAttachment, ...] = ()
    merged_outcome: MergedOutcome | None = None
    # Reporters of cases that were merged into this one.
    merged_here: int = 0

    def files_of(self, seq: int) -> tuple[StoredAttachment, ...]:
        """The files of one event, in the order in which they were sent; 1 is the complaint itself."""
        return tuple(file for file in self.attachments if file.seq == seq)


class QueueFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What to list. ``ended``: all tickets by receipt instead of the open ones by next breach."""

    statuses: tuple[str, ...] = ()
    unit: int | None = None
    assignee: int | None = None
    unassigned: bool = False
    category: str | None = None
    service: str | None = None
    kind: str | None = None
    channel: str | None = None
    priority: str | None = None
    overdue: bool = False
    due_before: datetime | None = None
    due_from: datetime | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    words: str | None = None
    newest_first: bool = False


class QueueItem(msgspec.Struct, frozen=True):
    """One row of the queue."""

    id: int
    number: str
    status: str
    kind: str
    category: str | None
    service: str | None
    channel: str
    privacy: str
    priority: str
    unit_id: int
    assignee_id: int | None
    received_at: datetime
    next_due_at: datetime | None
    level: int
    version: int
    oversight: bool
    requested_days: int | None
    subject: str
    excerpt: str
    held_until: datetime | None = None


class HeldItem(msgspec.Struct, frozen=True):
    """A ticket that is held for a look. ``why``: contact or office; ``alike_key`` is the same for the same words."""

    id: int
    number: str
    version: int
    unit_id: int
    received_at: datetime
    held_until: datetime
    excerpt: str
    why: str
    alike_key: str


class QueuePage(msgspec.Struct, frozen=True):
    """A page of the queue, where the next one begins, and counts of the whole scope."""

    items: list[QueueItem]
    next_cursor: str | None
    counts: dict[str, int]
    now: datetime

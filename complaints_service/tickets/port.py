"""The port of the heart: events in, rows out. Clocks, mail and the loop fill it; ``app.py`` and the workers wire it.

``tickets`` writes the rows in the transaction of the command and knows nothing of what they mean.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from complaints_service.office.model import Office
from complaints_service.tickets.commands import AnyCommand, Command
from complaints_service.tickets.model import Actor, Complaint, Event, Ticket


class DeadlineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of table ``deadline``: the promise of one target in one episode, with how it came about."""

    office_id: int
    ticket_id: int
    target: str
    episode: int
    started_at: datetime
    due_at: datetime
    first_due_at: datetime
    amount: int
    measure: str
    policy_version: int
    calendar_version: int
    paused_at: datetime | None = None
    # JSON list of [from, to] in RFC 3339: the pauses that moved due_at.
    pauses: str = "[]"
    granted_days: int = 0
    ended_at: datetime | None = None
    outcome: str | None = None
    ended_by_seq: int | None = None
    breached_at: datetime | None = None
    level: int = 0
    next_rung: int = 0
    # From when an urgent target counts where that is later than started_at.
    counted_from: datetime | None = None
    # The pause has reached its limit: the clock runs although the status would stop it.
    pause_over: bool = False

    @property
    def runs(self) -> bool:
        """Neither ended nor paused."""
        return self.paused_at is None and self.ended_at is None


class TimerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of table ``sla_timer``; its key (ticket, rung, episode, occurrence) fires at most once (D3)."""

    office_id: int
    ticket_id: int
    rung: str
    episode: int
    occurrence: int
    target: str
    due_at: datetime
    state: str = "armed"
    off_by_seq: int | None = None
    armed_by_seq: int
    fired_at: datetime | None = None
    attempts: int = 0


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message to come; words, codes and tokens are rendered when it is sent (D5).

    ``dedupe_key`` is unique in the office: (ticket, event, rung, recipient). ``message_id`` is the stable RFC 5322 id.
    For a new ticket ``ticket_id`` is 0 and the key starts with ``{t}``: the filing statement puts the id in.
    """

    office_id: int
    ticket_id: int | None
    event_seq: int | None
    dedupe_key: str
    kind: str
    way: str
    recipient: str
    person_id: int | None = None
    chat_id: int | None = None
    address: str | None = None
    params: str = "{}"
    escalation: bool = False
    created_at: datetime
    released_at: datetime
    message_id: str


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that follow from a change. Deadlines and timers are written over rows with the same key."""

    deadlines: tuple[DeadlineRow, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    outbox: tuple[OutboxRow, ...] = ()
    # Kinds of queued messages to this ticket's readers that are no longer owed (escalations after a deed).
    cancel_escalations: bool = False
    next_due_at: datetime | None = None
    alarms: tuple[str, ...] = ()


class MergedReporter(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose case (``ticket_id``, in its ``episode``) was merged into the one that something happens to."""

    ticket_id: int
    episode: int
    has_email: bool
    chat_id: int | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one ticket: before (None: it was just filed), after, and the events in between.

    ``deadlines`` and ``timers`` are the rows of the current episode that have not ended, as loaded under the ticket's lock.
    """

    before: Ticket | None
    after: Ticket
    command: Command | None
    events: tuple[Event, ...]
    actor: Actor
    now: datetime
    office: Office
    deadlines: tuple[DeadlineRow, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    # Rows among ``deadlines`` as newer versions of policy and calendar make them, before anything else is done to them.
    recomputed: tuple[DeadlineRow, ...] = ()
    complaint: Complaint | None = None
    # How the reporter can be reached, for choosing the ways out: any of 'email', 'whatsapp'.
    reporter_ways: tuple[str, ...] = ()
    chat_id: int | None = None
    effects: Effects = Effects()


class OutcomeLetters(Protocol):
    """What reporters of merged cases hear of the one their case goes on with. Pure: no I/O."""

    def tells(self, event: Event) -> bool: ...

    def outcome_rows(
        self, ticket: Ticket, event: Event, merged: tuple[MergedReporter, ...]
    ) -> tuple[OutboxRow, ...]: ...


class Recomputed(msgspec.Struct, frozen=True):
    """A ticket on the versions it has to follow, its rows that are different now, and the clock's commands that follow from it."""

    ticket: Ticket
    deadlines: tuple[DeadlineRow, ...]
    commands: tuple[AnyCommand, ...]


class Recomputing(Protocol):
    """What brings tickets to newer versions of policy and calendar (``sla.recompute``). Pure: no I/O."""

    def pinned(self, office: Office, ticket: Ticket, now: datetime) -> Ticket: ...

    def lags(self, office: Office, ticket: Ticket, deadlines: tuple[DeadlineRow, ...], now: datetime) -> bool: ...

    def recompute(
        self,
        office: Office,
        ticket: Ticket,
        deadlines: tuple[DeadlineRow, ...],
        timers: tuple[TimerRow, ...],
        fired: tuple[TimerRow, ...],
        now: datetime,
    ) -> Recomputed: ...


class Reactor(Protocol):
    """A part of the office that adds rows to a change. Pure: no I/O. Reactors run in order and see earlier effects."""

    def react(self, change: Change) -> Effects: ...

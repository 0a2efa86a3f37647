"""The ticket and the words around it. Values only; the rules are in ``lifecycle``, the storing in ``service``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """Where a ticket stands (API.md); the words the public reads are in the catalogues."""

    RECEIVED = "received"
    VERIFIED = "verified"
    IN_PROGRESS = "in_progress"
    WAITING_REPORTER = "waiting_reporter"
    ANSWERED = "answered"
    CLOSED = "closed"
    REJECTED = "rejected"
    FORWARDED = "forwarded"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


ENDED = frozenset({Status.CLOSED, Status.REJECTED, Status.FORWARDED, Status.MERGED, Status.WITHDRAWN})
OPEN = frozenset(Status) - ENDED
# The office owes something: the promised clocks (verify, answer) run or are paused.
OWED = OPEN - {Status.ANSWERED}


class Kind(StrEnum):
    """Pengaduan, aspirasi, permintaan informasi (PermenPANRB 62/2018)."""

    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    INFORMATION = "information"


class Privacy(StrEnum):
    """Open; rahasia (identity only for those with the right); anonim (no identity is stored at all)."""

    OPEN = "open"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"


class Channel(StrEnum):
    """The door a complaint came through."""

    WEB = "web"
    WHATSAPP = "whatsapp"
    KIOSK = "kiosk"
    COUNTER = "counter"
    PHONE = "phone"
    LETTER = "letter"
    SOCIAL = "social"
    EMAIL = "email"


class Priority(StrEnum):
    """Set by officers and rules, never by the citizen."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class ActorKind(StrEnum):
    """Who does something to a ticket."""

    REPORTER = "reporter"
    PERSON = "person"
    SYSTEM = "system"


class Actor(msgspec.Struct, frozen=True):
    """Who acts. ``role`` and ``name`` belong to a person of the office; ``right`` tells what the role may do."""

    kind: ActorKind
    person_id: int | None = None
    role: str | None = None
    name: str = ""

    @property
    def label(self) -> str:
        """What the event log keeps of the actor: ``reporter``, ``system`` or ``person:7`` (hashed, D10)."""
        return f"person:{self.person_id}" if self.kind is ActorKind.PERSON else self.kind.value


SYSTEM_ACTOR = Actor(ActorKind.SYSTEM)
REPORTER_ACTOR = Actor(ActorKind.REPORTER)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One case file: a row of table ``ticket``, field for field. Times are office time, UTC."""

    office_id: int
    id: int
    number: str
    status: Status
    status_before: Status
    released_at: datetime
    kind: Kind
    channel: Channel
    privacy: Privacy
    language: str
    category: str | None
    service: str | None
    priority: Priority
    simple: bool
    oversight: bool
    unit_id: int
    assignee_id: int | None
    reported_units: tuple[int, ...]
    reported_people: tuple[int, ...]
    received_at: datetime
    filed_by: int | None
    next_due_at: datetime | None
    last_sign_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    episode: int
    level: int
    requested_days: int | None
    merged_into: int | None
    split_from: int | None
    policy_version: int
    calendar_version: int
    key_id: int
    seq: int
    version: int
    chain_seed: bytes
    chain_head: bytes
    last_event_at: datetime
    last_act: str | None
    # Looks like part of a flood: until then (or an officer's word) it stands apart from the queue. Its clocks run all the same.
    held_until: datetime | None = None
    # It was held until the clock ended that, and no person has taken it up since: its address may be a victim's all the same.
    unseen: bool = False

    @property
    def held(self) -> bool:
        """Whether it waits for an officer's look before it goes into the queue."""
        return self.held_until is not None and self.status is Status.RECEIVED

    @property
    def open(self) -> bool:
        """Not closed, rejected, forwarded, merged or withdrawn: such a ticket has an armed timer (invariant I12)."""
        return self.status in OPEN

    @property
    def unattended(self) -> bool:
        """Urgent, and nobody has begun to work on it."""
        return self.priority is Priority.URGENT and self.status in (Status.RECEIVED, Status.VERIFIED)

    def status_for_citizen(self, now: datetime) -> Status:
        """The status the citizen may see: an officer's deed shows when it can no longer be undone (D2)."""
        return self.status if now >= self.released_at else self.status_before


class StatedTime(msgspec.Struct, frozen=True):
    """When a device says it was filed, and what became of that: ``kept`` (believed; it had no line), ``clock`` (its clock was
    wrong and was put right), ``future`` or ``old`` (not believed: what counts is the arrival).
    """

    at: datetime
    why: str


class Hold(msgspec.Struct, frozen=True):
    """Why a filing looks like part of a flood (``contact``: too many name one person; ``office``: too many from everybody together),
    and how many hours of office time it may be held at most."""

    why: str
    hours: int


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """What a citizen files, the same from every door, already checked against the catalogue.

    ``privacy`` anonymous goes with a reporter of all None; ``received_at`` None means now; ``attachments``: ids of uploads.
    """

    description: str
    subject: str = ""
    kind: Kind = Kind.COMPLAINT
    channel: Channel = Channel.WEB
    privacy: Privacy = Privacy.OPEN
    category: str | None = None
    service: str | None = None
    location: str | None = None
    occurred_on: str | None = None
    reported_unit: str | None = None
    reported_person: str | None = None
    reporter_name: str | None = None
    reporter_phone: str | None = None
    reporter_email: str | None = None
    reporter_whatsapp: str | None = None
    language: str = "id"
    received_at: datetime | None = None
    filed_by: int | None = None
    split_from: int | None = None
    chat_id: int | None = None
    attachments: tuple[str, ...] = ()
    stated: StatedTime | None = None
    hold: Hold | None = None
    # An officer has asked the person whether the office may write or call.
    contact_consent: bool = False


class NewMessage(msgspec.Struct, frozen=True):
    """Words that go into the erasable table beside the event ``seq``; sender reporter, office or note."""

    sender: str
    text: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a ticket's log before it is chained. ``body`` holds no personal content (that is in ``message``)."""

    seq: int
    type: str
    at: datetime
    actor: Actor
    body: dict[str, object]
    released_at: datetime
    message: NewMessage | None = None
    undoes: int | None = None

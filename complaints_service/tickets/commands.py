"""Everything that can be asked of a ticket, as values. The JSON of ``POST /api/v1/tickets/{number}/commands`` decodes into these."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from complaints_service.tickets.model import Kind, Priority

Text = Annotated[str, Meta(min_length=1, max_length=10_000)]
Reason = Annotated[str, Meta(min_length=1, max_length=1_000)]
Slug = Annotated[str, Meta(min_length=1, max_length=60)]


class Command(msgspec.Struct, frozen=True, tag_field="command", forbid_unknown_fields=True, kw_only=True):
    """Base of all commands; the tag is the command's name in API, table, log and templates."""

    @property
    def name(self) -> str:
        """The command's name."""
        return str(self.__struct_config__.tag)


class Verify(Command, frozen=True, tag="verify"):
    """The complaint is complete and in the right place."""


class Classify(Command, frozen=True, tag="classify"):
    """What the complaint is about; decides which targets count. Fields that are left out stay as they are."""

    category: Slug | None = None
    service: Slug | None = None
    kind: Kind | None = None
    priority: Priority | None = None
    simple: bool | None = None
    oversight: bool | None = None


class SetPriority(Command, frozen=True, tag="set_priority"):
    """How pressing the case is."""

    priority: Priority


class Assign(Command, frozen=True, tag="assign"):
    """Disposisi: to a person of the office (username or id) or to another unit (slug)."""

    assignee: str | int | None = None
    unit: Slug | None = None


class Start(Command, frozen=True, tag="start"):
    """Work begins; takes a case that has no assignee."""


class Ask(Command, frozen=True, tag="ask"):
    """A question to the reporter; the answer clock waits for the reply."""

    text: Text


class Note(Command, frozen=True, tag="note"):
    """Catatan internal: seen by the office only."""

    text: Text


class Answer(Command, frozen=True, tag="answer"):
    """Tanggapan to the reporter; with ``resolves`` the case is answered."""

    text: Text
    resolves: bool = True


class Reject(Command, frozen=True, tag="reject"):
    """The office does not take the case up; the reporter reads why and about the way beyond the office."""

    reason: Reason
    text: Text


class Forward(Command, frozen=True, tag="forward"):
    """The case belongs to another agency."""

    agency: Reason
    text: Text


class Merge(Command, frozen=True, tag="merge"):
    """The same matter as another ticket, which goes on for both."""

    into: Annotated[str, Meta(min_length=1, max_length=40)]


class Split(Command, frozen=True, tag="split"):
    """A second matter in the same complaint becomes a ticket of its own with this text."""

    text: Annotated[str, Meta(min_length=10, max_length=5_000)]
    subject: Annotated[str, Meta(max_length=200)] = ""
    category: Slug | None = None
    service: Slug | None = None


class Escalate(Command, frozen=True, tag="escalate"):
    """A person lifts the case to the next superior before any clock does."""

    reason: Reason


class Reopen(Command, frozen=True, tag="reopen"):
    """The case goes on: a new episode with a new answer clock."""

    reason: Reason


class Close(Command, frozen=True, tag="close"):
    """Done, without waiting for the reply time to end."""


class Undo(Command, frozen=True, tag="undo"):
    """Take back the own last deed within 10 s; ``event`` is its sequence number."""

    event: Annotated[int, Meta(ge=1)]


class RequestTime(Command, frozen=True, tag="request_time"):
    """The officer asks the supervisor for more working days; the reporter reads the reason when they are granted."""

    reason: Reason
    working_days: Annotated[int, Meta(ge=1, le=60)]


class GrantTime(Command, frozen=True, tag="grant_time"):
    """The supervisor grants the requested days (or another number). Without ``text`` the reporter reads the reason of the request."""

    working_days: Annotated[int, Meta(ge=1, le=60)] | None = None
    text: Annotated[str, Meta(max_length=1_000)] = ""


class RefuseTime(Command, frozen=True, tag="refuse_time"):
    """The supervisor refuses more time."""

    reason: Reason


class Acknowledge(Command, frozen=True, tag="acknowledge"):
    """The receiver of an escalation has seen it and takes care; the clock runs on."""


class Reply(Command, frozen=True, tag="reply"):
    """The reporter writes or sends files (``attachments``: ids of uploads); reopens an answered ticket unless ``resolved``."""

    text: Annotated[str, Meta(max_length=5_000)] = ""
    resolved: bool = False
    attachments: Annotated[tuple[str, ...], Meta(max_length=10)] = ()


class Rate(Command, frozen=True, tag="rate"):
    """The reporter's judgement, 1 (dissatisfied) to 4; ``elements`` u1 to u9 of PermenPANRB 14/2017."""

    score: Annotated[int, Meta(ge=1, le=4)]
    comment: Annotated[str, Meta(max_length=2_000)] = ""
    elements: dict[str, Annotated[int, Meta(ge=1, le=4)]] = {}


class Withdraw(Command, frozen=True, tag="withdraw"):
    """The reporter takes the complaint back."""


class AskData(Command, frozen=True, tag="ask_data"):
    """The reporter takes along what is stored about the case (Law 27/2022)."""


class Release(Command, frozen=True, tag="release"):
    """Held because it looked like part of a flood, and is none: it goes into the queue."""


class EndHold(Command, frozen=True, tag="end_hold"):
    """The clock: held for long enough; it goes into the queue without a look."""


class FireRung(Command, frozen=True, tag="fire_rung"):
    """The clock: a rung of the ladder is due (times in RFC 3339, office time).

    ``recipients``: ids of the people it reaches, already resolved; ``mail``: False for rungs that a higher one of the same firing
    covers; ``stood_in``: people who were absent or had left, as id -> id of who gets it instead; ``gone``: ids of people named who
    have left; ``absent``: ids of people named in whose place nobody stands; ``addresses``: mail addresses outside the office; ``ways``:
    empty as each receiver has chosen. ``raise_priority``, ``unassigns`` and ``note``: what else the rung does.
    """

    target: str
    rung: str
    episode: int
    occurrence: int
    position: int
    level: int
    act: str
    due_at: str
    target_due_at: str
    breach: bool
    mail: bool
    roll_up: bool = False
    recipients: tuple[int, ...] = ()
    stood_in: dict[str, int] = {}
    policy_version: int = 0
    gone: tuple[int, ...] = ()
    absent: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    raise_priority: str | None = None
    unassigns: bool = False
    note: str = ""


class EndPause(Command, frozen=True, tag="end_pause"):
    """The clock: a pause has reached its limit; the target's clock runs again from then on (times in RFC 3339, office time)."""

    target: str
    episode: int
    occurrence: int
    paused_at: str
    limit_at: str
    policy_version: int


class MovedDeadline(msgspec.Struct, frozen=True):
    """A due time that a new calendar or policy has moved: from when to when (RFC 3339), and whether it now lies in the past."""

    target: str
    episode: int
    was: str = msgspec.field(name="from")
    now: str = msgspec.field(name="to")
    late: bool


class Recompute(Command, frozen=True, tag="recompute"):
    """The clock: a version of the calendar or policy that also counts for open tickets has moved due times of this one (D3).

    ``cause``: 'calendar' or 'policy'. Given only when something has moved; the rows come with it through the port.
    """

    cause: str
    policy_version: int
    calendar_version: int
    moved: tuple[MovedDeadline, ...]


class Lapse(Command, frozen=True, tag="lapse"):
    """The clock: the reporter did not answer the office's question in time (Law 25/2009)."""


class AutoClose(Command, frozen=True, tag="auto_close"):
    """The clock: no reply in the days after the answer."""


OfficeCommand = (
    Verify | Classify | SetPriority | Assign | Start | Ask | Note | Answer | Reject | Forward | Merge | Split | Escalate
    | Reopen | Close | Undo | RequestTime | GrantTime | RefuseTime | Acknowledge | Release
)  # fmt: skip
AnyCommand = (
    OfficeCommand | Reply | Rate | Withdraw | AskData | FireRung | EndPause | Recompute | Lapse | AutoClose | EndHold
)

"""The one declared transition table of the lifecycle, and what it allows whom. Data and pure rules, no I/O.

API (``allowed``), buttons and docs/lifecycle.md are generated from ``TRANSITIONS``.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from complaints_service.office.model import Role
from complaints_service.tickets.model import OPEN, OWED, Actor, ActorKind, Status, Ticket

UNDO_WINDOW = timedelta(seconds=10)
REPLY_AFTER_CLOSING = timedelta(days=30)

_ALL = frozenset(Status)
_WORKING = frozenset({Status.VERIFIED, Status.IN_PROGRESS})
OFFICE_ROLES = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.REGIONAL})
SUPERIOR_ROLES = frozenset({Role.SUPERVISOR, Role.HEAD, Role.REGIONAL})
_NOBODY: frozenset[Role] = frozenset()


class Transition(msgspec.Struct, frozen=True):
    """One line of the table.

    ``target`` None: the status stays (or depends on the command, see ``note``). ``acts``: raises the version that If-Match
    compares. ``sign``: counts as a sign of life of the case. ``undoable``: the same person can take it back for 10 s.
    """

    command: str
    sources: frozenset[Status]
    target: Status | None
    actor: ActorKind
    roles: frozenset[Role]
    event: str
    acts: bool = True
    sign: bool = True
    undoable: bool = False
    note: str = ""


def _office(
    command: str,
    sources: frozenset[Status],
    target: Status | None,
    event: str,
    roles: frozenset[Role] = OFFICE_ROLES,
    *,
    acts: bool = True,
    sign: bool = True,
    undoable: bool = True,
    note: str = "",
) -> Transition:
    return Transition(command, sources, target, ActorKind.PERSON, roles, event, acts, sign, undoable, note)


TRANSITIONS: tuple[Transition, ...] = (
    _office("verify", frozenset({Status.RECEIVED}), Status.VERIFIED, "verified"),
    _office(
        "start",
        frozenset({Status.VERIFIED}),
        Status.IN_PROGRESS,
        "started",
        note="takes a case that has no assignee",
    ),
    _office("classify", OWED, None, "classified", sign=False),
    _office("set_priority", OWED, None, "priority_set", sign=False),
    _office("assign", OPEN, None, "assigned", sign=False, note="to a person, or to another unit"),
    _office("ask", _WORKING, Status.WAITING_REPORTER, "asked", note="pauses the answer clock"),
    _office(
        "answer",
        frozenset({Status.IN_PROGRESS, Status.WAITING_REPORTER}),
        Status.ANSWERED,
        "answered",
        note="without `resolves` the status stays",
    ),
    _office("note", _ALL - {Status.MERGED}, None, "noted", acts=False, note="from 20 characters on a sign of life"),
    _office("request_time", OWED, None, "time_requested", sign=False),
    _office(
        "grant_time",
        OWED,
        None,
        "time_granted",
        SUPERIOR_ROLES,
        sign=False,
        undoable=False,
        note="not by who asked for it; in all at most as many days as the target itself has",
    ),
    _office("refuse_time", OWED, None, "time_refused", SUPERIOR_ROLES, sign=False, undoable=False),
    _office("escalate", OWED, None, "escalated", sign=False),
    _office(
        "acknowledge",
        OPEN,
        None,
        "acknowledged",
        acts=False,
        sign=False,
        undoable=False,
        note="offered once the case has climbed or is urgent; the button of a reminder by mail gives it too",
    ),
    _office("reject", OWED, Status.REJECTED, "rejected"),
    _office("forward", OWED, Status.FORWARDED, "forwarded"),
    _office("merge", OWED, Status.MERGED, "merged"),
    _office("split", OWED, None, "split", undoable=False, note="files a second ticket"),
    _office("close", frozenset({Status.ANSWERED}), Status.CLOSED, "closed"),
    _office(
        "reopen",
        frozenset({Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.FORWARDED}),
        Status.IN_PROGRESS,
        "reopened",
        note="a new episode; the policy says whether the answer clock restarts or continues, "
        "after closing and after coming back from another agency",
    ),
    _office(
        "release",
        frozenset({Status.RECEIVED}),
        None,
        "released",
        sign=False,
        undoable=False,
        note="only what is held because it looks like part of a flood; every other deed but `reject` and `note` releases it too",
    ),
    _office("undo", _ALL, None, "undone", undoable=False, sign=False, note="the own last deed, for 10 s"),
    Transition(
        "reply",
        OPEN | {Status.CLOSED, Status.WITHDRAWN, Status.MERGED},
        None,
        ActorKind.REPORTER,
        _NOBODY,
        "replied",
        note="waiting_reporter and answered go on as in_progress, `resolved` closes an answered case; "
        "a closed or withdrawn case reopens for 30 days, a merged one becomes a case of its own again",
    ),
    Transition(
        "rate",
        frozenset({Status.ANSWERED, Status.CLOSED}),
        None,
        ActorKind.REPORTER,
        _NOBODY,
        "rated",
        acts=False,
        sign=False,
        note="the last one in an episode counts",
    ),
    Transition(
        "ask_data",
        _ALL,
        None,
        ActorKind.REPORTER,
        _NOBODY,
        "data_given",
        acts=False,
        sign=False,
        note="the reporter has taken along what is stored about the case",
    ),
    Transition("withdraw", OWED, Status.WITHDRAWN, ActorKind.REPORTER, _NOBODY, "withdrawn"),
    Transition(
        "fire_rung", OPEN, None, ActorKind.SYSTEM, _NOBODY, "rung_fired", acts=False, sign=False, note="the ladder"
    ),
    Transition(
        "end_pause",
        OWED,
        None,
        ActorKind.SYSTEM,
        _NOBODY,
        "pause_ended",
        acts=False,
        sign=False,
        note="a pause has reached its limit",
    ),
    Transition(
        "recompute",
        OPEN,
        None,
        ActorKind.SYSTEM,
        _NOBODY,
        "deadlines_moved",
        acts=False,
        sign=False,
        note="a new calendar or policy moved due times",
    ),
    Transition("lapse", frozenset({Status.WAITING_REPORTER}), Status.WITHDRAWN, ActorKind.SYSTEM, _NOBODY, "lapsed"),
    Transition(
        "end_hold",
        frozenset({Status.RECEIVED}),
        None,
        ActorKind.SYSTEM,
        _NOBODY,
        "released",
        sign=False,
        note="what was held has been held long enough",
    ),
    Transition("auto_close", frozenset({Status.ANSWERED}), Status.CLOSED, ActorKind.SYSTEM, _NOBODY, "auto_closed"),
)
# Where a reply leads, which depends on what is said and when: the note of its line in the table, for the log's check and the page.
REPLY_LEADS = (
    (Status.WAITING_REPORTER, Status.IN_PROGRESS),
    (Status.ANSWERED, Status.IN_PROGRESS),
    (Status.ANSWERED, Status.CLOSED),
    (Status.CLOSED, Status.IN_PROGRESS),
    (Status.WITHDRAWN, Status.IN_PROGRESS),
    (Status.MERGED, Status.IN_PROGRESS),
)
BY_COMMAND = {transition.command: transition for transition in TRANSITIONS}


class Refusal(msgspec.Struct, frozen=True):
    """Why a command does nothing: ``code`` for machines, ``detail`` an English msgid; ``field`` a JSON pointer if one is at fault."""

    code: str
    detail: str
    values: dict[str, object] = {}
    field: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What a command's own rule adds to its line in the table."""

    changes: dict[str, object] = {}
    body: dict[str, object] = {}
    message: tuple[str, str] | None = None
    status: Status | None = None
    event: str | None = None
    sign: bool | None = None
    undoes: int | None = None


def permitted(transition: Transition, actor: Actor) -> bool:
    """Whether this actor may use this line of the table at all, whatever the status."""
    if transition.actor is not actor.kind:
        return False
    return actor.kind is not ActorKind.PERSON or actor.role in transition.roles


def allowed(ticket: Ticket, actor: Actor) -> tuple[str, ...]:
    """Commands the actor may give now: the API's ``allowed`` and the buttons. Undo is listed while it is possible at all."""
    found: list[str] = []
    for transition in TRANSITIONS:
        if ticket.status not in transition.sources or not permitted(transition, actor):
            continue
        if transition.command == "undo" and not undo_possible(ticket, actor):
            continue
        if transition.command in ("grant_time", "refuse_time") and ticket.requested_days is None:
            continue
        if transition.command == "release" and not ticket.held:
            continue
        if transition.command == "acknowledge" and not (ticket.level or ticket.unattended):
            continue  # nothing has escalated: there is nothing to acknowledge
        found.append(transition.command)
    return tuple(found)


class LastAct(msgspec.Struct, frozen=True):
    """The last deed of a person, kept on the ticket for undo: its event, who, until when, and the values it replaced."""

    seq: int
    person_id: int
    until: str
    before: dict[str, object]


def last_act(ticket: Ticket) -> LastAct | None:
    """The deed that could be undone, if any."""
    return msgspec.json.decode(ticket.last_act, type=LastAct) if ticket.last_act else None


def undo_possible(ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor did the last deed (the clock decides later whether the 10 s are over)."""
    act = last_act(ticket)
    return act is not None and act.person_id == actor.person_id

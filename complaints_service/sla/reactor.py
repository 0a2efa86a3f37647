"""Keeps deadlines and timers true to a ticket's state. Pure: it compares what should run with the rows that exist.

Because it starts from the state and not from the command, a deed and its undoing need no rules of their own.
"""

from __future__ import annotations

import functools
from datetime import datetime

import msgspec

from complaints_service.office.model import Policy
from complaints_service.sla.arming import Rows, timers_of
from complaints_service.sla.ladder import COUNTED_TARGETS
from complaints_service.sla.promises import classified_anew, continued, find_target, retargeted, transferred
from complaints_service.sla.targets import new_deadline, pause_of, paused, resumed, with_due
from complaints_service.tickets.commands import Undo
from complaints_service.tickets.model import OWED, Priority, Status, Ticket
from complaints_service.tickets.port import Change, DeadlineRow, Effects

_replace = msgspec.structs.replace
_SIGNS_WANTED = frozenset({Status.RECEIVED, Status.VERIFIED, Status.IN_PROGRESS})
# Statuses in which an ended case was dealt with by the office, so that its promise counts as met.
_DEALT_WITH = frozenset({Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.FORWARDED})
PROMISED = ("verify", "answer")
# What the queue is ordered by: what the citizen was promised, and urgent cases that nobody has taken up.
_PRESSING = (*PROMISED, "attend")


class SlaReactor:
    """The clocks' part of every change (see ``tickets.port``)."""

    def react(self, change: Change) -> Effects:
        """Deadlines and timers to write, the ticket's next due time, and whether unsent escalations are called off."""
        was = {(row.target, row.episode): row for row in change.deadlines}
        rows = was | {(row.target, row.episode): row for row in change.recomputed}
        _note_firings(rows, change)
        _reconcile(rows, change)
        # Nearly all are the very rows that were loaded: only the others are looked at field by field.
        changed = tuple(row for key, row in rows.items() if (old := was.get(key)) is not row and old != row)
        at = _at(change)
        promise_over = any(
            row.target in PROMISED and _over(was.get((row.target, row.episode)), row, at) for row in changed
        )
        return Effects(
            deadlines=changed,
            timers=timers_of(rows, change),
            next_due_at=_next_due(rows, change.after),
            # Taking a deed back calls nothing off: what was held up for the deed is owed again.
            cancel_escalations=change.before is not None and promise_over and not isinstance(change.command, Undo),
            alarms=_unreached(change),
        )


def _over(was: DeadlineRow | None, row: DeadlineRow, at: datetime) -> bool:
    """Whether what was written about a promise no longer holds: it is new, moved on to a date that lies ahead, paused or at its end.

    A promise that stays missed, or has less time than before, is still somebody's business.
    """
    paused_now = row.paused_at is not None and (was is None or was.paused_at is None)
    return was is None or (was.due_at < row.due_at and row.due_at > at) or row.ended_at is not None or paused_now


@functools.cache
def _wanted(status: Status, unattended: bool) -> tuple[str, ...]:
    running = {
        "verify": status is Status.RECEIVED,
        "answer": status in OWED,
        "sign": status in _SIGNS_WANTED,
        "reporter": status is Status.WAITING_REPORTER,
        "closing": status is Status.ANSWERED,
        "attend": unattended,
    }
    return tuple(target for target, runs in running.items() if runs)


def _at(change: Change) -> datetime:
    return change.events[-1].at if change.events else change.now


def _note_firings(rows: Rows, change: Change) -> None:
    for event in change.events:
        if event.type != "rung_fired":
            continue
        key = (str(event.body["target"]), int(str(event.body["episode"])))
        row = rows[key]
        rows[key] = _replace(
            row,
            # A ladder need not rise with time: of rungs that were due together the highest may be the first.
            next_rung=max(row.next_rung, int(str(event.body["position"])) + 1),
            level=max(row.level, int(str(event.body["level"]))),
            breached_at=row.breached_at or (row.due_at if event.body["breach"] else None),
        )


def _reconcile(rows: Rows, change: Change) -> None:
    ticket, at, seq = change.after, _at(change), change.after.seq
    wanted = _wanted(ticket.status, ticket.unattended)
    taken_up = any(event.type == "acknowledged" for event in change.events)
    for key, row in rows.items():
        if row.ended_at is not None:
            continue
        if key[1] != ticket.episode or key[0] not in wanted or (key[0] == "attend" and taken_up):
            rows[key] = _ended(row, ticket, at, seq)
    for target in wanted:
        key = (target, ticket.episode)
        row = rows.get(key)
        if target == "attend" and not _attended_anew(change, row):
            continue
        rows[key] = _started(change, target, rows) if row is None else _kept(change, row, rows)


def _attended_anew(change: Change, row: DeadlineRow | None) -> bool:
    """Whether an urgent case still (or again) has to be taken up: somebody may have seen to it since it became urgent."""
    if row is not None and row.ended_at is None:
        return True
    before, ticket = change.before, change.after
    if find_target(change.office.policies[ticket.policy_version], "attend", ticket) is None:
        return False
    if isinstance(change.command, Undo) and row is not None:
        return row.ended_by_seq == change.command.event
    return before is None or not before.unattended or row is None or before.episode != ticket.episode


def _started(change: Change, target: str, rows: Rows) -> DeadlineRow:
    ticket = change.after
    previous = rows.get((target, ticket.episode - 1))
    if target == "answer" and previous is not None and _after_the_break(change) == "continue":
        return continued(change.office, ticket, previous, _at(change))
    if target == "sign":
        start = ticket.last_sign_at
    elif target == "verify" and ticket.split_from is not None:
        start = _at(change)  # the first ticket was verified long ago; its second matter is new to the office now
    elif target in PROMISED and ticket.episode == 0:
        start = ticket.received_at
    else:
        start = _at(change)
    return new_deadline(change.office, ticket, target, start)


def _policy(change: Change) -> Policy:
    return change.office.policies[change.after.policy_version]


def _after_the_break(change: Change) -> str:
    """What the answer clock does in a new episode: a case that comes back from another agency was transferred, not closed."""
    policy, before = _policy(change), change.before
    came_back = before is not None and before.status is Status.FORWARDED
    return policy.after_transfer if came_back else policy.after_reopening


def _kept(change: Change, row: DeadlineRow, rows: Rows) -> DeadlineRow:
    before, ticket, at = change.before, change.after, _at(change)
    undo = isinstance(change.command, Undo)
    if row.target == "attend" and row.ended_at is not None and undo:
        return _replace(row, ended_at=None, outcome=None, ended_by_seq=None)
    if row.target not in COUNTED_TARGETS:
        stale_sign = row.target == "sign" and row.started_at != ticket.last_sign_at
        return _started(change, row.target, rows) if row.ended_at is not None or stale_sign else row
    if row.ended_at is not None and undo:
        row = _replace(row, ended_at=None, outcome=None, ended_by_seq=None)
    elif row.ended_at is not None:
        # The episode was begun before and taken back: it begins now, not then; keys that have fired stay taken (D3).
        row = _replace(_started(change, row.target, rows), next_rung=row.next_rung)
    if before is not None and classified_anew(before, ticket):
        row = retargeted(change.office, row, before, ticket, at)
    if row.target == "answer":
        if before is not None and before.unit_id != ticket.unit_id:
            row = transferred(change.office, row, ticket, at, taken_back=undo)
        for event in change.events:
            if event.type == "time_granted":
                days = row.granted_days + int(str(event.body["working_days"]))
                row = with_due(change.office, _replace(row, granted_days=days))
    return _standing_or_running(change, row)


def _standing_or_running(change: Change, row: DeadlineRow) -> DeadlineRow:
    """The row paused, resumed, or running although its status would stop it because the pause has reached its limit."""
    at = _at(change)
    if pause_of(change.office.policies[row.policy_version], row, change.after) is None:
        return resumed(change.office, _replace(row, pause_over=False) if row.pause_over else row, at)
    for event in change.events:
        if event.type == "pause_ended" and row.paused_at is not None and event.body["target"] == row.target:
            # The clock runs from the limit on, however late its timer was fired.
            limit = datetime.fromisoformat(str(event.body["limit_at"]))
            return _replace(resumed(change.office, row, min(limit, at)), pause_over=True)
    return row if row.pause_over or row.paused_at is not None else paused(row, at)


def _ended(row: DeadlineRow, ticket: Ticket, at: datetime, seq: int) -> DeadlineRow:
    if row.target in ("verify", "attend"):
        met = ticket.status not in (Status.MERGED, Status.WITHDRAWN)
        met = met and (row.target == "verify" or ticket.priority is Priority.URGENT)
    else:
        met = row.target == "answer" and ticket.status in _DEALT_WITH
    return _replace(row, ended_at=at, outcome="met" if met else "called_off", ended_by_seq=seq)


def _next_due(rows: Rows, ticket: Ticket) -> datetime | None:
    """What the queue is ordered by: the nearest running promise, else the end of the wait for the reporter."""
    running = [row for row in rows.values() if row.runs and row.target != "sign"]
    promised = [row.due_at for row in running if row.target in _PRESSING]
    return min(promised or [row.due_at for row in running], default=None) if ticket.open else None


def _unreached(change: Change) -> tuple[str, ...]:
    """One alarm a ticket, open until somebody has seen to it: a case that nobody may receive must not flood the administrator."""
    alone = any(
        event.type == "rung_fired"
        and event.body["act"] == "notify"
        and not event.body["recipients"]
        and not event.body.get("addresses")
        for event in change.events
    )
    return (f"rung_without_receiver:{change.after.id}",) if alone else ()

"""Keeps deadlines and timers true to a ticket's state. Pure: it compares what should run with the rows that exist.

Because it starts from the state and not from the command, a deed and its undoing need no rules of their own.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.sla.ladder import COUNTED_TARGETS, next_rung
from complaints_service.sla.targets import new_deadline, paused, resumed, target_of, with_due
from complaints_service.tickets.commands import Undo
from complaints_service.tickets.model import OWED, Event, Status, Ticket
from complaints_service.tickets.port import Change, DeadlineRow, Effects, TimerRow

_replace = msgspec.structs.replace
_SIGNS_WANTED = frozenset({Status.RECEIVED, Status.VERIFIED, Status.IN_PROGRESS})
# Statuses in which an ended case was dealt with by the office, so that its promise counts as met.
_DEALT_WITH = frozenset({Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.FORWARDED})
PROMISED = ("verify", "answer")


class SlaReactor:
    """The clocks' part of every change (see ``tickets.port``)."""

    def react(self, change: Change) -> Effects:
        """Deadlines and timers to write, the ticket's next due time, and whether unsent escalations are called off."""
        rows = {(row.target, row.episode): row for row in (*change.deadlines, *change.recomputed)}
        _note_firings(rows, change)
        _reconcile(rows, change)
        was = {(row.target, row.episode): row for row in change.deadlines}
        changed = tuple(row for key, row in rows.items() if was.get(key) != row)
        promise_over = any(row.target in PROMISED and _over(was.get((row.target, row.episode)), row) for row in changed)
        return Effects(
            deadlines=changed,
            timers=_timers(rows, change),
            next_due_at=_next_due(rows, change.after),
            # Taking a deed back calls nothing off: what was held up for the deed is owed again.
            cancel_escalations=change.before is not None and promise_over and not isinstance(change.command, Undo),
            alarms=_unreached(change),
        )


def _over(was: DeadlineRow | None, row: DeadlineRow) -> bool:
    """Whether what was written about a promise no longer holds: it is new, moved, paused or at its end."""
    paused_now = row.paused_at is not None and (was is None or was.paused_at is None)
    return was is None or was.due_at != row.due_at or row.ended_at is not None or paused_now


def _wanted(ticket: Ticket) -> set[str]:
    wanted: set[str] = set()
    if ticket.status is Status.RECEIVED:
        wanted.add("verify")
    if ticket.status in OWED:
        wanted.add("answer")
    if ticket.status in _SIGNS_WANTED:
        wanted.add("sign")
    if ticket.status is Status.WAITING_REPORTER:
        wanted.add("reporter")
    if ticket.status is Status.ANSWERED:
        wanted.add("closing")
    return wanted


Rows = dict[tuple[str, int], DeadlineRow]


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
            next_rung=int(str(event.body["position"])) + 1,
            level=max(row.level, int(str(event.body["level"]))),
            breached_at=row.breached_at or (row.due_at if event.body["breach"] else None),
        )


def _reconcile(rows: Rows, change: Change) -> None:
    ticket, at, seq = change.after, _at(change), change.after.seq
    wanted = _wanted(ticket)
    for key, row in list(rows.items()):
        if row.ended_at is None and (key[1] != ticket.episode or key[0] not in wanted):
            rows[key] = _ended(row, ticket, at, seq)
    for target in wanted:
        key = (target, ticket.episode)
        row = rows.get(key)
        rows[key] = _started(change, target) if row is None else _kept(change, row)


def _started(change: Change, target: str) -> DeadlineRow:
    ticket = change.after
    if target == "sign":
        start = ticket.last_sign_at
    elif target == "verify" and ticket.split_from is not None:
        start = _at(change)  # the first ticket was verified long ago; its second matter is new to the office now
    elif target in PROMISED and ticket.episode == 0:
        start = ticket.received_at
    else:
        start = _at(change)
    return new_deadline(change.office, ticket, target, start)


def _kept(change: Change, row: DeadlineRow) -> DeadlineRow:
    ticket, at = change.after, _at(change)
    if row.target not in COUNTED_TARGETS:
        stale_sign = row.target == "sign" and row.started_at != ticket.last_sign_at
        return _started(change, row.target) if row.ended_at is not None or stale_sign else row
    if row.ended_at is not None and isinstance(change.command, Undo):
        row = _replace(row, ended_at=None, outcome=None, ended_by_seq=None)
    elif row.ended_at is not None:
        # The episode was begun before and taken back: it begins now, not then; keys that have fired stay taken (D3).
        row = _replace(_started(change, row.target), next_rung=row.next_rung)
    target = target_of(change.office.policies[row.policy_version], row.target, ticket)
    if (target.amount, target.measure) != (row.amount, row.measure):
        row = with_due(change.office, _replace(row, amount=target.amount, measure=target.measure))
        row = _replace(row, breached_at=None) if row.due_at > at else row
    for event in change.events:
        if event.type == "time_granted" and row.target == "answer":
            days = row.granted_days + int(str(event.body["working_days"]))
            row = with_due(change.office, _replace(row, granted_days=days))
    pauses = change.office.policies[row.policy_version].pauses
    waits = any(pause.target == row.target and pause.status == ticket.status for pause in pauses)
    if waits and row.paused_at is None:
        return paused(row, at)
    if not waits and row.paused_at is not None:
        return resumed(change.office, row, at)
    return row


def _ended(row: DeadlineRow, ticket: Ticket, at: datetime, seq: int) -> DeadlineRow:
    if row.target == "verify":
        met = ticket.status not in (Status.MERGED, Status.WITHDRAWN)
    else:
        met = row.target == "answer" and ticket.status in _DEALT_WITH
    return _replace(row, ended_at=at, outcome="met" if met else "called_off", ended_by_seq=seq)


def _timers(rows: Rows, change: Change) -> tuple[TimerRow, ...]:
    seq = change.after.seq
    fired = {_key(e): e.at for e in change.events if e.type == "rung_fired"}
    armed = {(t.rung, t.episode, t.due_at): t for t in change.timers}
    undisturbed = _undisturbed(change)
    written: list[TimerRow] = []
    for key, row in rows.items():
        timer = undisturbed.get(key)
        if timer is not None and timer[0] is row:
            del armed[timer[1].rung, timer[1].episode, timer[1].due_at]
            continue
        due = next_rung(change.office, row) if row.runs else None
        if due is None:
            continue
        standing = armed.pop((due.rung.key, row.episode, due.due_at), None)
        if standing is None:
            written.append(
                TimerRow(
                    office_id=row.office_id,
                    ticket_id=row.ticket_id,
                    rung=due.rung.key,
                    episode=row.episode,
                    occurrence=due.occurrence if row.target in COUNTED_TARGETS else seq,
                    target=row.target,
                    due_at=due.due_at,
                    armed_by_seq=seq,
                )
            )
    rearmed = {(t.rung, t.episode, t.occurrence) for t in written}
    for timer in armed.values():
        key = (timer.rung, timer.episode, timer.occurrence)
        if key in fired:
            written.append(_replace(timer, state="fired", fired_at=fired.pop(key)))
        elif key not in rearmed:
            written.append(_replace(timer, state="called_off", off_by_seq=seq))
    # Rungs that a longer outage made due together were never armed one by one; their keys are taken all the same.
    written += [_fired_unarmed(change, event) for event in change.events if _key(event) in fired]
    return tuple(written)


def _undisturbed(change: Change) -> dict[tuple[str, int], tuple[DeadlineRow, TimerRow]]:
    """Running rows as they were loaded, each with its one armed timer that lies ahead: while the row stays as it is, so does the timer,
    and its rung need not be worked out again."""
    found: dict[tuple[str, int], list[TimerRow]] = {}
    for timer in change.timers:
        found.setdefault((timer.target, timer.episode), []).append(timer)
    return {
        (row.target, row.episode): (row, timers[0])
        for row in change.deadlines
        if row.runs
        and len(timers := found.get((row.target, row.episode), [])) == 1
        and timers[0].attempts == 0
        and timers[0].due_at > change.now
    }


def _key(event: Event) -> tuple[str, int, int]:
    if event.type != "rung_fired":
        return ("", 0, 0)
    return (str(event.body["rung"]), int(str(event.body["episode"])), int(str(event.body["occurrence"])))


def _fired_unarmed(change: Change, event: Event) -> TimerRow:
    rung, episode, occurrence = _key(event)
    return TimerRow(
        office_id=change.after.office_id,
        ticket_id=change.after.id,
        rung=rung,
        episode=episode,
        occurrence=occurrence,
        target=str(event.body["target"]),
        due_at=datetime.fromisoformat(str(event.body["due_at"])),
        state="fired",
        armed_by_seq=event.seq,
        fired_at=event.at,
    )


def _next_due(rows: Rows, ticket: Ticket) -> datetime | None:
    """What the queue is ordered by: the nearest running promise, else the end of the wait for the reporter."""
    running = [row for row in rows.values() if row.runs and row.target != "sign"]
    promised = [row.due_at for row in running if row.target in PROMISED]
    return min(promised or [row.due_at for row in running], default=None) if ticket.open else None


def _unreached(change: Change) -> tuple[str, ...]:
    """One alarm a ticket, open until somebody has seen to it: a case that nobody may receive must not flood the administrator."""
    alone = any(
        event.type == "rung_fired" and event.body["act"] == "notify" and not event.body["recipients"]
        for event in change.events
    )
    return (f"rung_without_receiver:{change.after.id}",) if alone else ()

"""Keeps deadlines and timers true to a ticket's state. Pure: it compares what should run with the rows that exist.

Because it starts from the state and not from the command, a deed and its undoing need no rules of their own.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Policy
from complaints_service.sla.firing import PAUSE_END
from complaints_service.sla.ladder import COUNTED_TARGETS, next_rung
from complaints_service.sla.promises import classified_anew, continued, find_target, retargeted, transferred
from complaints_service.sla.targets import new_deadline, pause_ends_at, pause_of, paused, resumed, with_due
from complaints_service.tickets.commands import Undo
from complaints_service.tickets.model import OWED, Event, Priority, Status, Ticket
from complaints_service.tickets.port import Change, DeadlineRow, Effects, TimerRow

_replace = msgspec.structs.replace
_SIGNS_WANTED = frozenset({Status.RECEIVED, Status.VERIFIED, Status.IN_PROGRESS})
_FIRINGS = frozenset({"rung_fired", "pause_ended"})
# Statuses in which an ended case was dealt with by the office, so that its promise counts as met.
_DEALT_WITH = frozenset({Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.FORWARDED})
PROMISED = ("verify", "answer")
# What the queue is ordered by: what the citizen was promised, and urgent cases that nobody has taken up.
_PRESSING = (*PROMISED, "attend")


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
    if ticket.unattended:
        wanted.add("attend")
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
    taken_up = any(event.type == "acknowledged" for event in change.events)
    for key, row in list(rows.items()):
        over = key[1] != ticket.episode or key[0] not in wanted or (key[0] == "attend" and taken_up)
        if row.ended_at is None and over:
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
    if target == "answer" and previous is not None and _policy(change).after_reopening == "continue":
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


def _timers(rows: Rows, change: Change) -> tuple[TimerRow, ...]:
    seq = change.after.seq
    fired = {_key(e): e.at for e in change.events if e.type in _FIRINGS}
    armed = {(t.rung, t.episode, t.due_at): t for t in change.timers}
    undisturbed = _undisturbed(change)
    written: list[TimerRow] = []
    for key, row in rows.items():
        timer = undisturbed.get(key)
        if timer is not None and timer[0] is row:
            del armed[timer[1].rung, timer[1].episode, timer[1].due_at]
            continue
        wanted = _wanted_timer(change, row) if row.ended_at is None else None
        if wanted is not None and armed.pop((wanted[0], row.episode, wanted[1]), None) is None:
            rung, due_at, occurrence = wanted
            written.append(
                TimerRow(
                    office_id=row.office_id,
                    ticket_id=row.ticket_id,
                    rung=rung,
                    episode=row.episode,
                    occurrence=occurrence,
                    target=row.target,
                    due_at=due_at,
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
    written += [_fired_unarmed(change, e) for e in change.events if e.type == "rung_fired" and _key(e) in fired]
    return tuple(written)


def _wanted_timer(change: Change, row: DeadlineRow) -> tuple[str, datetime, int] | None:
    """Rung, due time and occurrence of a row's one timer: its next rung, or while it stands the end of the pause."""
    if row.paused_at is not None:
        limit = pause_ends_at(change.office, row, change.after)
        return (PAUSE_END, limit, change.after.seq) if limit is not None else None
    due = next_rung(change.office, row)
    if due is None:
        return None
    return (due.rung.key, due.due_at, due.occurrence if row.target in COUNTED_TARGETS else change.after.seq)


def _undisturbed(change: Change) -> dict[tuple[str, int], tuple[DeadlineRow, TimerRow]]:
    """Rows that have not ended as they were loaded, each with its one armed timer that lies ahead: while the row stays as it is, so
    does the timer, and its rung need not be worked out again."""
    found: dict[tuple[str, int], list[TimerRow]] = {}
    for timer in change.timers:
        found.setdefault((timer.target, timer.episode), []).append(timer)
    return {
        (row.target, row.episode): (row, timers[0])
        for row in change.deadlines
        if row.ended_at is None
        and len(timers := found.get((row.target, row.episode), [])) == 1
        and timers[0].attempts == 0
        and timers[0].due_at > change.now
    }


def _key(event: Event) -> tuple[str, int, int]:
    if event.type not in _FIRINGS:
        return ("", 0, 0)
    return (str(event.body.get("rung", PAUSE_END)), int(str(event.body["episode"])), int(str(event.body["occurrence"])))


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

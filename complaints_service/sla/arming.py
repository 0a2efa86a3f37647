"""Which timers a ticket's deadlines want: each row that has not ended has its next rung armed, or while it stands the end of its pause.

Pure; the rows have been brought in line with the ticket before (``reactor``).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.sla.firing import PAUSE_END
from complaints_service.sla.ladder import COUNTED_TARGETS, next_rung
from complaints_service.sla.targets import pause_ends_at
from complaints_service.tickets.model import Event
from complaints_service.tickets.port import Change, DeadlineRow, TimerRow

_replace = msgspec.structs.replace
_FIRINGS = frozenset({"rung_fired", "pause_ended"})
# By target and episode.
Rows = dict[tuple[str, int], DeadlineRow]


def timers_of(rows: Rows, change: Change) -> tuple[TimerRow, ...]:
    """The timers to write so that each of these rows that has not ended has its next one armed, and no other."""
    seq = change.after.seq
    fired = {_key(e): e for e in change.events if e.type in _FIRINGS}
    armed = {(t.rung, t.episode, t.due_at): t for t in change.timers}
    undisturbed = _undisturbed(change)
    written: list[TimerRow] = []
    for key, row in rows.items():
        if row.ended_at is not None:
            continue
        timer = undisturbed.get(key)
        if timer is not None and timer[0] is row:
            del armed[timer[1].rung, timer[1].episode, timer[1].due_at]
            continue
        wanted = _wanted_timer(change, row)
        if wanted is None:
            continue
        rung, due_at, occurrence = wanted
        standing = armed.get((rung, row.episode, due_at))
        # Of a counted rung another occurrence may have been armed for this very instant, before the dates moved.
        if standing is not None and (row.target not in COUNTED_TARGETS or standing.occurrence == occurrence):
            del armed[rung, row.episode, due_at]
            continue
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
    rearmed = {(t.rung, t.episode, t.occurrence) for t in written} if armed else ()
    for timer in armed.values():
        key = (timer.rung, timer.episode, timer.occurrence)
        if key in fired:
            event = fired.pop(key)
            written.append(_replace(timer, state="fired", fired_at=event.at, due_at=_due_of(event, timer)))
        elif key not in rearmed:
            written.append(_replace(timer, state="called_off", off_by_seq=seq))
    # Rungs that a longer outage made due together were never armed one by one; their keys are taken all the same.
    written += [_fired_unarmed(change, e) for e in fired.values() if e.type == "rung_fired"]
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
    found: dict[tuple[str, int], TimerRow | None] = {}
    for timer in change.timers:
        key = (timer.target, timer.episode)
        found[key] = None if key in found else timer
    return {
        (row.target, row.episode): (row, timer)
        for row in change.deadlines
        if row.ended_at is None
        and (timer := found.get((row.target, row.episode))) is not None
        and timer.attempts == 0
        and timer.due_at > change.now
    }


def _key(event: Event) -> tuple[str, int, int]:
    if event.type not in _FIRINGS:
        return ("", 0, 0)
    return (str(event.body.get("rung", PAUSE_END)), int(str(event.body["episode"])), int(str(event.body["occurrence"])))


def _due_of(event: Event, timer: TimerRow) -> datetime:
    """When what has fired was due: earlier than it was armed for when newer versions have moved it on the way."""
    due = event.body.get("due_at")
    return timer.due_at if due is None else datetime.fromisoformat(str(due))


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

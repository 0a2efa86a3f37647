"""What due timers make of a ticket: the commands of the clock, in order. Pure; ``timers`` claims and writes."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Office
from complaints_service.sla.ladder import BREACHABLE_TARGETS, COUNTED_TARGETS, DueRung, next_rung, reach
from complaints_service.tickets.commands import AnyCommand, AutoClose, EndPause, FireRung, Lapse
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.port import DeadlineRow, TimerRow

# After a very long outage the repeating top rung would be written once for every five days of it; this many are enough to tell.
MOST_AT_ONCE = 200
# Not a rung of a policy: the timer that ends a pause at its limit (key of ``sla_timer.rung``).
PAUSE_END = "pause-end"


def due_commands(
    ticket: Ticket, deadlines: tuple[DeadlineRow, ...], timers: tuple[TimerRow, ...], office: Office, now: datetime
) -> list[AnyCommand]:
    """Every rung of the ticket that is due at ``now``, lowest instant first; of those that write to people only the highest mails.

    After an outage several rungs of one target may be due: all are written, in order (D3). A lapse or closing ends the list.
    """
    due: list[tuple[DueRung, DeadlineRow, int]] = []
    ended: list[AnyCommand] = []
    for timer in timers:
        if timer.due_at > now:
            continue
        row = next((d for d in deadlines if d.target == timer.target and d.episode == timer.episode), None)
        if row is None or row.ended_at is not None:
            continue
        if row.runs:
            due += _passed(office, row, timer, now)
        elif timer.rung == PAUSE_END and row.paused_at is not None:
            ended.append(_end_pause(row, row.paused_at, timer))
    due.sort(key=lambda item: item[0].due_at)
    commands: list[AnyCommand] = []
    for rung, row, occurrence in due[:MOST_AT_ONCE]:
        commands.append(_fire(office, ticket, rung, row, occurrence, now))
        if rung.rung.act in ("lapse", "close"):
            commands.append(Lapse() if rung.rung.act == "lapse" else AutoClose())
            ended = []  # what stood still stands no longer: the case is over
            break
    return [*_only_highest_mails(commands), *ended]


def _end_pause(row: DeadlineRow, since: datetime, timer: TimerRow) -> EndPause:
    return EndPause(
        target=row.target,
        episode=row.episode,
        occurrence=timer.occurrence,
        paused_at=since.isoformat(),
        limit_at=timer.due_at.isoformat(),
        policy_version=row.policy_version,
    )


def _passed(office: Office, row: DeadlineRow, timer: TimerRow, now: datetime) -> list[tuple[DueRung, DeadlineRow, int]]:
    found: list[tuple[DueRung, DeadlineRow, int]] = []
    while (rung := next_rung(office, row)) is not None and rung.due_at <= now and len(found) < MOST_AT_ONCE:
        counted = row.target in COUNTED_TARGETS
        occurrence = rung.occurrence if counted else timer.occurrence + len(found)
        found.append((rung, row, occurrence))
        row = msgspec.structs.replace(row, next_rung=rung.index + 1)
    return found


def _fire(office: Office, ticket: Ticket, due: DueRung, row: DeadlineRow, occurrence: int, now: datetime) -> FireRung:
    notifies = due.rung.act == "notify"
    reached = reach(office, ticket, due.rung, now) if notifies else None
    return FireRung(
        target=row.target,
        rung=due.rung.key,
        episode=row.episode,
        occurrence=occurrence,
        position=due.index,
        level=due.rung.level,
        act=due.rung.act,
        due_at=due.due_at.isoformat(),
        target_due_at=row.due_at.isoformat(),
        breach=row.target in BREACHABLE_TARGETS and due.due_at >= row.due_at,
        mail=due.rung.act in ("notify", "remind_reporter"),
        roll_up=due.rung.roll_up,
        recipients=reached.people if reached else (),
        stood_in=reached.stood_in if reached else {},
        gone=reached.gone if reached else (),
        absent=reached.absent if reached else (),
        addresses=reached.addresses if reached else (),
        ways=due.rung.ways,
        raise_priority=due.rung.raise_priority,
        unassigns=due.rung.unassigns,
        note=due.rung.note,
        policy_version=row.policy_version,
    )


def _only_highest_mails(commands: list[AnyCommand]) -> list[AnyCommand]:
    ends = any(isinstance(command, Lapse | AutoClose) for command in commands)
    notices = [c for c in commands if isinstance(c, FireRung) and c.mail]
    # A level that is reached for the first time is told at once; a repetition waits for its roll-up.
    highest = max(notices, key=lambda c: (c.act == "notify", c.level, not c.roll_up, c.due_at), default=None)
    return [
        msgspec.structs.replace(command, mail=False)
        if isinstance(command, FireRung) and command.mail and (ends or command is not highest)
        else command
        for command in commands
    ]

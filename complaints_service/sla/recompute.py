"""Bringing an open ticket to the versions of policy and calendar it has to follow (D3). Pure; ``recompute_work`` and the commands store it.

What has fired in an episode never fires again in it; what the move puts into the past is written in order, and only the highest of it is
mailed, in a roll-up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from complaints_service.office.model import Office
from complaints_service.sla.firing import due_commands
from complaints_service.sla.ladder import COUNTED_TARGETS, next_rung
from complaints_service.sla.promises import recomputed
from complaints_service.sla.versions import lags, open_calendar, wanted_policy
from complaints_service.tickets.commands import AnyCommand, FireRung, MovedDeadline, Recompute
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.port import DeadlineRow, Recomputed, TimerRow

_replace = msgspec.structs.replace
FiredKey = tuple[str, int, int]


class SlaRecomputing:
    """The clocks' answer to ``tickets.port.Recomputing``."""

    def lags(self, office: Office, ticket: Ticket, deadlines: tuple[DeadlineRow, ...], now: datetime) -> bool:
        """As ``versions.lags``."""
        return lags(office, ticket, deadlines, now)

    def pinned(self, office: Office, ticket: Ticket, now: datetime) -> Ticket:
        """An ended ticket under the policy it would follow if it were open: should it reopen, its new dates are right at once."""
        wanted = wanted_policy(office, ticket, now)
        return ticket if wanted == ticket.policy_version else _replace(ticket, policy_version=wanted)

    def recompute(
        self,
        office: Office,
        ticket: Ticket,
        deadlines: tuple[DeadlineRow, ...],
        timers: tuple[TimerRow, ...],
        fired: tuple[TimerRow, ...],
        now: datetime,
    ) -> Recomputed:
        """The ticket on its new versions. ``timers``: those armed; ``fired``: those of its episode that have fired."""
        after = followed(office, ticket, now)
        changed = changed_rows(office, after, deadlines, fired, now)
        moved = moved_rows(deadlines, changed, now)
        commands: list[AnyCommand] = []
        if moved:
            cause = "policy" if after.policy_version != ticket.policy_version else "calendar"
            commands.append(
                Recompute(
                    cause=cause,
                    policy_version=after.policy_version,
                    calendar_version=after.calendar_version,
                    moved=moved,
                )
            )
        rows = {(row.target, row.episode): row for row in (*deadlines, *changed)}
        due = due_commands(after, tuple(rows.values()), _standing(office, rows, timers), office, now)
        if due:
            before = {_key(c) for c in due_commands(ticket, deadlines, timers, office, now) if isinstance(c, FireRung)}
            due = [
                _replace(c, roll_up=True) if isinstance(c, FireRung) and c.mail and _key(c) not in before else c
                for c in due
            ]
        return Recomputed(after, changed, (*commands, *due))


def followed(office: Office, ticket: Ticket, now: datetime) -> Ticket:
    """The ticket under the versions it has to follow."""
    return _replace(
        ticket,
        policy_version=wanted_policy(office, ticket, now),
        calendar_version=max(ticket.calendar_version, open_calendar(office)),
    )


def changed_rows(
    office: Office, after: Ticket, deadlines: Iterable[DeadlineRow], fired: Iterable[TimerRow], now: datetime
) -> tuple[DeadlineRow, ...]:
    """The deadlines that have not ended and are different under the new versions; ``after`` follows them already."""
    found: list[DeadlineRow] = []
    for row in deadlines:
        if row.ended_at is None:
            new = recomputed(office, after, row, now, _fired_keys(row, fired))
            if new != row:
                found.append(new)
    return tuple(found)


def moved_rows(
    deadlines: Iterable[DeadlineRow], changed: Iterable[DeadlineRow], now: datetime
) -> tuple[MovedDeadline, ...]:
    """Whose due time is another one now."""
    was = {(row.target, row.episode): row.due_at for row in deadlines}
    return tuple(
        MovedDeadline(
            target=row.target,
            episode=row.episode,
            was=was[row.target, row.episode].isoformat(),
            now=row.due_at.isoformat(),
            late=row.runs and row.due_at <= now,
        )
        for row in changed
        if row.due_at != was[row.target, row.episode]
    )


def _fired_keys(row: DeadlineRow, fired: Iterable[TimerRow]) -> frozenset[FiredKey]:
    """What has fired for this row. Targets that start anew within an episode are told apart by when they began."""
    counted = row.target in COUNTED_TARGETS
    return frozenset(
        (timer.rung, timer.episode, timer.occurrence)
        for timer in fired
        if timer.target == row.target
        and timer.episode == row.episode
        and (counted or (timer.due_at >= row.started_at and (timer.fired_at or timer.due_at) >= row.started_at))
    )


def _standing(
    office: Office, rows: dict[tuple[str, int], DeadlineRow], timers: tuple[TimerRow, ...]
) -> tuple[TimerRow, ...]:
    """The armed timers as the new rows would have them, so that what is due can be asked of them."""
    found: list[TimerRow] = []
    for timer in timers:
        row = rows.get((timer.target, timer.episode))
        due = next_rung(office, row) if row is not None and row.runs else None
        found.append(timer if due is None else _replace(timer, rung=due.rung.key, due_at=due.due_at))
    return tuple(found)


def _key(command: FireRung) -> FiredKey:
    return (command.rung, command.episode, command.occurrence)

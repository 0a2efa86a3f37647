"""Plays tickets by the wished versions and counts them beside what really was. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import CalendarVersion, Office, Policy
from complaints_service.sla.simulation import Played, office_with, play
from complaints_service.sla.simulation_count import (
    Both,
    Promises,
    Tally,
    biggest_change,
    count,
    messages_in,
    promises_of,
    state_of,
)
from complaints_service.sla.simulation_history import (
    AnyDeadline,
    History,
    LoggedDeadline,
    LoggedEvent,
    LoggedTicket,
    history_of,
)

# Up to so many tickets each is also played by its own versions, as a control; of more, one in so many.
ALL_CONTROLLED = 20_000
CONTROL_SHARE = 10


class Wish(msgspec.Struct, frozen=True):
    """What to play: a policy and a calendar, None for each ticket's own; up to which moment (UTC)."""

    policy: Policy | None
    calendar: CalendarVersion | None
    until: datetime


class _Line(msgspec.Struct, frozen=True, array_like=True):
    ticket: LoggedTicket
    log: list[LoggedEvent]
    deadlines: tuple[LoggedDeadline, ...]


_line_decoder = msgspec.json.Decoder(_Line)


class Comparison:
    """Takes tickets one by one, as the query ``histories`` tells them, and counts them into ``tally``."""

    def __init__(self, office: Office, wish: Wish, control_every: int) -> None:
        self.tally = Tally()
        self._office = office
        self._wish = wish
        self._every = control_every
        self._offices: dict[tuple[int, int, bool], Office] = {}

    def take(self, line: str) -> None:
        """Play one ticket. A log that cannot be played is counted as unreadable, and nothing else of it."""
        told = _line_decoder.decode(line)
        self.tally.tickets += 1
        try:
            history = history_of(self._office.id, told.ticket, told.log, told.deadlines)
            versions = self._versions(told)
            played = self._compare(history, versions, told.ticket.unit_id)
            if told.ticket.id % self._every == 0:
                self._control(history, versions, played)
        except (LookupError, ValueError, TypeError):
            self.tally.unreadable += 1

    def _versions(self, told: _Line) -> tuple[int, int]:
        """The versions its deadlines stand on; the ticket's own without any."""
        rows = told.deadlines
        return (
            max((row.policy_version for row in rows), default=told.ticket.policy_version),
            max((row.calendar_version for row in rows), default=told.ticket.calendar_version),
        )

    def _compare(self, history: History, versions: tuple[int, int], unit_id: int) -> Played:
        tally, until = self.tally, self._wish.until
        office = self._office_of(versions, wished=True)
        played = play(history, office, until)
        was, simulated = promises_of(history.deadlines), promises_of(played.deadlines)
        tally.cut += played.cut
        unit = tally.units.setdefault(unit_id, Both())
        for (target, _), row in was.items():
            self._count(target, row, unit, self._office, simulated=False)
        for (target, _), row in simulated.items():
            self._count(target, row, unit, office, simulated=True)
        tally.was.add(history.fired)
        tally.simulated.add(played.rungs)
        rungs = len(history.fired), len(played.rungs)
        tally.add_mover(biggest_change(history.ticket.id, was, simulated, rungs, until))
        return played

    def _count(self, target: str, row: AnyDeadline, unit: Both, office: Office, *, simulated: bool) -> None:
        both = self.tally.targets.setdefault(target, Both())
        kept, of_unit = (both.simulated, unit.simulated) if simulated else (both.was, unit.was)
        before = kept.late_minutes
        state = count(kept, row, office, self._wish.until)
        of_unit.add(state, kept.late_minutes - before)

    def _control(self, history: History, versions: tuple[int, int], played: Played) -> None:
        """The same ticket by its own versions: does it come out as it stands in the database? ``played``: as it was wished."""
        until, wish = self._wish.until, self._wish
        if wish.policy is not None or wish.calendar is not None:
            played = play(history, self._office_of(versions, wished=False), until)
        own = promises_of(played.deadlines)
        stored = promises_of(history.deadlines)
        self.tally.control_tickets += 1
        self.tally.control_promises += len(stored)
        self.tally.control_messages += messages_in(history.fired)
        self.tally.control_played += messages_in(played.rungs)
        self.tally.control_equal += sum(1 for key, row in stored.items() if _alike(row, own, key, until))

    def _office_of(self, versions: tuple[int, int], *, wished: bool) -> Office:
        key = (*versions, wished)
        made = self._offices.get(key)
        if made is None:
            policy, calendar = self._office.policies[versions[0]], self._office.calendars[versions[1]]
            if wished:
                policy, calendar = self._wish.policy or policy, self._wish.calendar or calendar
            made = self._offices[key] = office_with(self._office, policy, calendar)
        return made


def _alike(row: AnyDeadline, own: Promises, key: tuple[str, int], at: datetime) -> bool:
    other = own.get(key)
    return other is not None and other.due_at == row.due_at and state_of(other, at) == state_of(row, at)

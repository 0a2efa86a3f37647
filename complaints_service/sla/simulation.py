"""Plays the clocks over what really happened: the real rules, with another policy or calendar in the office. Pure.

Nothing here knows how a deadline is counted or a rung is chosen: ``sla.reactor``, ``sla.firing`` and the transition table do, as they
do for tickets that are alive. What people did stays as it was (``simulation_history``); only the clock's own doings are played anew.
A rung fires at its very instant, as if no sweep ever came late. A lapse or closing that the played ladder would bring is counted as a
rung and changes no status: whether somebody would have written in time then, nobody can know.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from complaints_service.office.model import CalendarVersion, Office, Policy
from complaints_service.sla.firing import due_commands
from complaints_service.sla.reactor import SlaReactor
from complaints_service.sla.simulation_history import FiredRung, History, applied
from complaints_service.tickets.commands import AutoClose, FireRung, Lapse
from complaints_service.tickets.lifecycle import Decision, decide
from complaints_service.tickets.model import SYSTEM_ACTOR, Event, Ticket
from complaints_service.tickets.port import Change, DeadlineRow, Effects, TimerRow

_replace = msgspec.structs.replace
# A ladder that repeats every few minutes on a case of two years: so many firings tell enough, and the run stays short.
MOST_RUNGS = 600
# The clock's own endings, and the entry of each in the log.
ENDINGS: dict[type, str] = {Lapse: "lapsed", AutoClose: "auto_closed"}
_REACTOR = SlaReactor()
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)

RowKey = tuple[str, int]
TimerKey = tuple[str, int, int]


class Played(msgspec.Struct, frozen=True):
    """What the clocks made of a history: rows as the database would hold them, and the rungs in order.

    ``cut``: the ladder fired more than MOST_RUNGS times, and the rest was not played.
    """

    deadlines: tuple[DeadlineRow, ...]
    rungs: tuple[FiredRung, ...]
    cut: bool


def office_with(office: Office, policy: Policy, calendar: CalendarVersion) -> Office:
    """The office as if it had only ever had this policy and this calendar."""
    always = _replace(policy, effective_from=_ALWAYS, withdrawn=False, applies_to_open=False)
    return _replace(office, policies={policy.version: always}, calendars={calendar.version: calendar})


def play(history: History, office: Office, until: datetime) -> Played:
    """Run the clocks of one ticket from its filing to ``until`` in an office of ``office_with``."""
    (policy,), (calendar,) = office.policies, office.calendars
    first = _replace(history.ticket, policy_version=policy, calendar_version=calendar)
    clocks = _Clocks(office, first)
    filing, *later = history.events
    clocks.take(None, first, (filing,), filing.at)
    for event in later:
        if not clocks.fire(event.at, event):
            clocks.happen(event)
    clocks.fire(until)
    return Played(tuple(clocks.rows.values()), tuple(clocks.fired), clocks.cut)


class _Clocks:
    """The rows of one ticket while its history is played."""

    def __init__(self, office: Office, ticket: Ticket) -> None:
        self.rows: dict[RowKey, DeadlineRow] = {}
        self.fired: list[FiredRung] = []
        self.cut = False
        self._timers: dict[TimerKey, TimerRow] = {}
        self._office = office
        self._ticket = ticket

    def happen(self, event: Event) -> None:
        """An entry of the log, as it was."""
        before = self._ticket
        self.take(before, applied(before, event), (event,), event.at)

    def take(self, before: Ticket | None, after: Ticket, events: tuple[Event, ...], now: datetime) -> None:
        """Let the clocks' reactor see a change, and keep what it writes."""
        change = Change(
            before=before,
            after=after,
            command=None,
            events=events,
            actor=events[-1].actor if events else SYSTEM_ACTOR,
            now=now,
            office=self._office,
            deadlines=tuple(self.rows.values()),
            timers=tuple(self._timers.values()),
        )
        self._ticket = after
        self._keep(_REACTOR.react(change))

    def _keep(self, effects: Effects) -> None:
        for row in effects.deadlines:
            self.rows[row.target, row.episode] = row
        for timer in effects.timers:
            key = (timer.rung, timer.episode, timer.occurrence)
            if timer.state == "armed":
                self._timers[key] = timer
            else:
                self._timers.pop(key, None)

    def fire(self, until: datetime, following: Event | None = None) -> bool:
        """Fire what comes due up to and including a moment, each instant by itself.

        True: the entry ``following`` is what the clock itself did then (a lapse, a closing), and has been taken in with its rung.
        """
        while self._timers and not self.cut:
            due = min(timer.due_at for timer in self._timers.values())
            if due > until:
                return False
            if self._fire_at(max(due, self._ticket.last_event_at), following):
                return True
            self.cut = len(self.fired) >= MOST_RUNGS
        return False

    def _fire_at(self, now: datetime, following: Event | None) -> bool:
        before = ticket = self._ticket
        rows, timers = tuple(self.rows.values()), tuple(self._timers.values())
        events: list[Event] = []
        ended = False
        for command in due_commands(ticket, rows, timers, self._office, now):
            if isinstance(command, Lapse | AutoClose):
                ended = following is not None and following.type == ENDINGS[type(command)]
                continue
            decided = decide(ticket, command, SYSTEM_ACTOR, now, self._office)
            if not isinstance(decided, Decision):
                continue
            ticket = decided.ticket
            events += decided.events
            if isinstance(command, FireRung):
                self.fired.append(_told(command, now))
        if ended and following is not None:
            ticket = applied(ticket, following)
            events.append(following)
            now = following.at
        if not events:
            # Timers that nothing follows from any more.
            self._timers = {key: timer for key, timer in self._timers.items() if timer.due_at > now}
        self.take(before, ticket, tuple(events), now)
        return ended


def _told(command: FireRung, at: datetime) -> FiredRung:
    return FiredRung(
        at=at,
        target=command.target,
        rung=command.rung,
        level=command.level,
        act=command.act,
        mail=command.mail,
        roll_up=command.roll_up,
        recipients=command.recipients,
        addresses=tuple(getattr(command, "addresses", ())),
    )

"""The outcome of a simulation, small enough to keep for an hour; people, units and tickets by their ids only. Pure."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.sla.simulation_count import (
    PROMISES,
    STATES,
    Both,
    Kept,
    Letters,
    Mover,
    Tally,
    mails_of,
)


class States(msgspec.Struct, frozen=True):
    """Promises by how they stand; ``late_minutes``: working minutes by which the broken ones were late together."""

    met: int
    breached: int
    open: int
    called_off: int
    late_minutes: int

    @property
    def decided(self) -> int:
        """Those that are met or broken."""
        return self.met + self.breached


class Compared(msgspec.Struct, frozen=True):
    """The same of what really was and of what was played."""

    was: States
    simulated: States


class Person(msgspec.Struct, frozen=True):
    """Messages to one person: all, roll-ups among them, and by day."""

    person_id: int
    total: int
    roll_ups: int
    days: dict[date, int]

    @property
    def most(self) -> int:
        """On the busiest day."""
        return max(self.days.values(), default=0)


class Messages(msgspec.Struct, frozen=True):
    """Messages about deadlines: to people of the office, reminders to reporters, to addresses outside; rungs by level 0 to 3."""

    total: int
    roll_ups: int
    reminders: int
    outside: int
    levels: tuple[int, ...]
    people: tuple[Person, ...]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a simulation says. Times UTC; ``until``: up to when the clocks were played. ``seconds``: how long it took."""

    received_from: datetime
    received_before: datetime
    until: datetime
    tickets: int
    unreadable: int
    cut: int
    all: Compared
    targets: dict[str, Compared]
    units: dict[int, Compared]
    was: Messages
    simulated: Messages
    movers: tuple[Mover, ...]
    control_tickets: int
    control_promises: int
    control_equal: int
    control_messages: int
    control_played: int
    seconds: float


def result_of(
    tally: Tally, received: tuple[datetime, datetime], until: datetime, zone: ZoneInfo, seconds: float
) -> Result:
    """The tally as a result; days are those of the office's zone."""
    whole = Both()
    for both in tally.targets.values():
        whole.merge(both)
    return Result(
        received_from=received[0],
        received_before=received[1],
        until=until,
        tickets=tally.tickets,
        unreadable=tally.unreadable,
        cut=tally.cut,
        all=_compared(whole),
        targets={target: _compared(tally.targets[target]) for target in PROMISES if target in tally.targets},
        units={unit: _compared(both) for unit, both in sorted(tally.units.items())},
        was=_messages(tally.was, zone),
        simulated=_messages(tally.simulated, zone),
        movers=tuple(sorted(tally.movers, reverse=True)),
        control_tickets=tally.control_tickets,
        control_promises=tally.control_promises,
        control_equal=tally.control_equal,
        control_messages=tally.control_messages,
        control_played=tally.control_played,
        seconds=round(seconds, 2),
    )


def _compared(both: Both) -> Compared:
    return Compared(_states(both.was), _states(both.simulated))


def _states(kept: Kept) -> States:
    return States(**dict(zip(STATES, kept.states, strict=True)), late_minutes=kept.late_minutes)


def _messages(letters: Letters, zone: ZoneInfo) -> Messages:
    mails = [mails_of(person, stamps, zone) for person, stamps in letters.people.items()]
    people = [Person(mail.person_id, mail.total, mail.roll_ups, mail.days) for mail in mails]
    people.sort(key=lambda person: (-person.total, person.person_id))
    return Messages(
        total=sum(person.total for person in people),
        roll_ups=sum(person.roll_ups for person in people),
        reminders=letters.reminders,
        outside=letters.outside,
        levels=tuple(letters.levels),
        people=tuple(people),
    )

"""What a simulation counts: promises met and broken, and messages for each person and day, as they were and as they would have been. Pure.

A promise counts as on the dashboard (``figures_deadlines``): met when it ended in time; broken as soon as its time has passed without
that, called off later or not; called off when it ended otherwise before its time; else open.

A message counts as the delivery would send it (``notifications.store``): at most five an hour to one person, counted over the sixty
minutes before; whatever is above that, and every repetition that is marked for roll-ups, goes into one roll-up at the next full hour.
A rung is one message to each person it reaches, whatever ways that person has chosen. Daily digests come either way and are left out.
"""

from __future__ import annotations

import heapq
from array import array
from collections import deque
from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.office.model import Office
from complaints_service.sla.calendar import OutOfReach
from complaints_service.sla.simulation_history import AnyDeadline, FiredRung
from complaints_service.sla.targets import calendar_of

# The promises of the office, in the order in which they are shown; other targets only write reminders.
PROMISES = ("attend", "verify", "answer")
MAILS_AN_HOUR = 5
MOST_MOVERS = 20
_HOUR = 3600

MET, BROKEN, OPEN, CALLED_OFF = range(4)
STATES = ("met", "breached", "open", "called_off")


def state_of(row: AnyDeadline, at: datetime) -> int:
    """How a promise stands at a moment: MET, BROKEN, OPEN or CALLED_OFF."""
    if row.ended_at is not None and row.ended_at <= at and row.outcome == "met" and row.ended_at <= row.due_at:
        return MET
    until = min(moment for moment in (row.ended_at, row.paused_at, at) if moment is not None)
    if row.due_at < until:
        return BROKEN
    return OPEN if row.ended_at is None else CALLED_OFF


class Kept(msgspec.Struct):
    """Promises by state (the order of STATES), and by how many working minutes the broken ones were late together."""

    states: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0, 0])
    late_minutes: int = 0

    def add(self, state: int, late: int) -> None:
        """One more promise."""
        self.states[state] += 1
        self.late_minutes += late

    def merge(self, other: Kept) -> None:
        """Add another process's count."""
        self.states = [mine + theirs for mine, theirs in zip(self.states, other.states, strict=True)]
        self.late_minutes += other.late_minutes


class Both(msgspec.Struct):
    """The same count of what really was and of what was played."""

    was: Kept = msgspec.field(default_factory=Kept)
    simulated: Kept = msgspec.field(default_factory=Kept)

    def merge(self, other: Both) -> None:
        """Add another process's count."""
        self.was.merge(other.was)
        self.simulated.merge(other.simulated)


class Letters(msgspec.Struct):
    """Rungs that wrote to people: for each person 8 bytes a rung (seconds since 1970, doubled, + 1 when it waits for the roll-up)."""

    people: dict[int, bytearray] = msgspec.field(default_factory=dict[int, bytearray])
    reminders: int = 0
    outside: int = 0
    levels: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0, 0])

    def add(self, rungs: Iterable[FiredRung]) -> None:
        """What the rungs of one ticket wrote."""
        for rung in rungs:
            if rung.act == "remind_reporter":
                self.reminders += 1
            if rung.act != "notify":
                continue
            self.levels[min(rung.level, 3)] += 1
            if not rung.mail:
                continue
            self.outside += len(rung.addresses)
            stamp = (int(rung.at.timestamp()) * 2 + rung.roll_up).to_bytes(8, "little", signed=True)
            for person in rung.recipients:
                self.people.setdefault(person, bytearray()).extend(stamp)

    def merge(self, other: Letters) -> None:
        """Add another process's letters."""
        for person, stamps in other.people.items():
            self.people.setdefault(person, bytearray()).extend(stamps)
        self.reminders += other.reminders
        self.outside += other.outside
        self.levels = [mine + theirs for mine, theirs in zip(self.levels, other.levels, strict=True)]


class Mover(msgspec.Struct, frozen=True, order=True):
    """A ticket whose promise changed: first those that turned from met to broken or back, then by how far the date moved (seconds)."""

    turned: bool
    moved: int
    ticket_id: int
    target: str
    episode: int
    was: int
    simulated: int
    was_due: datetime
    simulated_due: datetime
    was_rungs: int
    simulated_rungs: int


_NUMBERS = (
    "tickets", "unreadable", "cut", "control_tickets", "control_promises", "control_equal", "control_messages", "control_played",
)  # fmt: skip


class Tally(msgspec.Struct):
    """Everything counted over a set of tickets. ``unreadable``: logs that tell no whole history.

    ``control``: of the tickets that were also played by their own versions, how many promises there were and how many of them came out as
    stored, and how many messages were recorded and came out.
    """

    tickets: int = 0
    unreadable: int = 0
    cut: int = 0
    targets: dict[str, Both] = msgspec.field(default_factory=dict[str, Both])
    units: dict[int, Both] = msgspec.field(default_factory=dict[int, Both])
    was: Letters = msgspec.field(default_factory=Letters)
    simulated: Letters = msgspec.field(default_factory=Letters)
    movers: list[Mover] = msgspec.field(default_factory=list[Mover])
    control_tickets: int = 0
    control_promises: int = 0
    control_equal: int = 0
    control_messages: int = 0
    control_played: int = 0

    def merge(self, other: Tally) -> None:
        """Add another process's tally."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for target, both in other.targets.items():
            self.targets.setdefault(target, Both()).merge(both)
        for unit, both in other.units.items():
            self.units.setdefault(unit, Both()).merge(both)
        self.was.merge(other.was)
        self.simulated.merge(other.simulated)
        self.movers = heapq.nlargest(MOST_MOVERS, [*self.movers, *other.movers])

    def add_mover(self, mover: Mover | None) -> None:
        """Keep the ticket if it is among the biggest changes."""
        if mover is None:
            return
        if len(self.movers) < MOST_MOVERS:
            heapq.heappush(self.movers, mover)
        elif mover > self.movers[0]:
            heapq.heapreplace(self.movers, mover)


Promises = dict[tuple[str, int], AnyDeadline]


def messages_in(rungs: Iterable[FiredRung]) -> int:
    """Messages to people of the office that rungs wrote, before the cap of an hour."""
    return sum(len(rung.recipients) for rung in rungs if rung.act == "notify" and rung.mail)


def promises_of(rows: Iterable[AnyDeadline]) -> Promises:
    """The promises among a ticket's rows by target and episode."""
    return {(row.target, row.episode): row for row in rows if row.target in PROMISES}


def late_minutes(row: AnyDeadline, office: Office, at: datetime) -> int:
    """By how many working minutes a broken promise was late, or is at ``at``; 0 beyond the reach of the calendar."""
    end = min(row.ended_at or at, at)
    try:
        return calendar_of(office, row.calendar_version).minutes_between(row.due_at, end)
    except OutOfReach:
        return 0


def count(kept: Kept, row: AnyDeadline, office: Office, at: datetime) -> int:
    """Add a promise to a count; its state."""
    state = state_of(row, at)
    kept.add(state, late_minutes(row, office, at) if state == BROKEN else 0)
    return state


def biggest_change(
    ticket_id: int, was: Promises, simulated: Promises, rungs: tuple[int, int], at: datetime
) -> Mover | None:
    """The promise of a ticket that changed most, or None when none did."""
    found: Mover | None = None
    for key, after in simulated.items():
        before = was.get(key)
        if before is None:
            continue
        states = state_of(before, at), state_of(after, at)
        turned = states[0] != states[1] and {*states} <= {MET, BROKEN}
        moved = abs(int((after.due_at - before.due_at).total_seconds()))
        if not turned and not moved:
            continue
        mover = Mover(turned, moved, ticket_id, *key, *states, before.due_at, after.due_at, *rungs)
        found = mover if found is None else max(found, mover)
    return found


class PersonMail(msgspec.Struct, frozen=True):
    """Messages of one person: all of them, how many of those roll-ups, and by day (the office's zone)."""

    person_id: int
    total: int
    roll_ups: int
    days: dict[date, int]


def mails_of(person_id: int, stamps: bytearray, zone: ZoneInfo) -> PersonMail:
    """What would have left for a person, the cap of an hour and its roll-ups included."""
    values = array("q")
    values.frombytes(bytes(stamps))
    direct: deque[int] = deque(maxlen=MAILS_AN_HOUR)
    days: dict[date, int] = {}
    roll_ups: set[int] = set()
    total = 0

    def sent(at: int) -> None:
        day = datetime.fromtimestamp(at, UTC).astimezone(zone).date()
        days[day] = days.get(day, 0) + 1

    for value in sorted(values):
        at, waits = value >> 1, value & 1
        full = len(direct) == MAILS_AN_HOUR and direct[0] > at - _HOUR
        if waits or full:
            roll_ups.add(at // _HOUR + 1)
            continue
        direct.append(at)
        total += 1
        sent(at)
    for hour in roll_ups:
        sent(hour * _HOUR)
    return PersonMail(person_id, total + len(roll_ups), len(roll_ups), dict(sorted(days.items())))

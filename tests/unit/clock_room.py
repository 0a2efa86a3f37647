"""An office whose urgent cases wake somebody, and a ticket lived through step by step as the database would hold it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from complaints_service.office.model import Duty, Office, Policy, Rung
from complaints_service.sla.firing import due_commands
from complaints_service.sla.ladder import next_rung
from complaints_service.sla.reactor import SlaReactor
from complaints_service.sla.recompute import SlaRecomputing
from complaints_service.tickets import commands as c
from complaints_service.tickets.lifecycle import Refusal
from complaints_service.tickets.model import OPEN, SYSTEM_ACTOR, Actor, Event, Ticket
from complaints_service.tickets.pipeline import Loaded, Performed, brought_up, perform, react, settled
from complaints_service.tickets.port import Change, DeadlineRow, TimerRow
from tests.unit.test_lifecycle import actor_for
from tests.unit.values import RECEIVED, a_ticket, an_office, rung, target

REACTORS = (SlaReactor(),)
RECOMPUTING = SlaRecomputing()
Key = tuple[str, int, int]


def wib(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """A moment of 2026 in the office's zone."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


ATTEND = (
    rung("attend", 0, "attend-now", "start", 0, 0, "duty", otherwise=("supervisor",), ways=("email", "whatsapp")),
    rung("attend", 1, "attend-due", "due", 0, 1, "supervisor"),
    rung("attend", 2, "attend-late", "due", 60, 2, "head", offset_measure="calendar_minutes"),
    rung(
        "attend", 3, "attend-repeat", "previous", 60, 2, "head", offset_measure="calendar_minutes", repeats=True, roll_up=True
    ),
)  # fmt: skip
URGENT = (
    target("attend", 60, "calendar_minutes", priority="urgent"),
    target("verify", 240, "working_minutes", priority="urgent"),
    target("answer", 1_440, "calendar_minutes", priority="urgent"),
)


def a_policy(**values: object) -> Policy:
    """The policy of ``an_office`` with targets for urgent cases."""
    usual = an_office().policies[1]
    more: dict[str, object] = {"targets": URGENT + usual.targets, "rungs": usual.rungs + ATTEND, **values}
    return msgspec.structs.replace(usual, **more)


def an_urgent_office(**values: object) -> Office:
    """``an_office`` whose petugas is on duty for everything, all the year."""
    office = an_office(
        policies={1: a_policy()},
        duties=(Duty(1, None, RECEIVED - timedelta(days=1), RECEIVED + timedelta(days=400)),),
    )
    return msgspec.structs.replace(office, **values)


def with_rungs(policy: Policy, change: dict[str, Rung | None]) -> Policy:
    """The policy with some rungs put in the place of others by key (None: left out)."""
    rungs = [change.get(each.key, each) for each in policy.rungs]
    return msgspec.structs.replace(policy, rungs=tuple(each for each in rungs if each is not None))


class Case:
    """One ticket with its rows; everything that happens to it goes the way of service and workers."""

    def __init__(self, office: Office | None = None, **ticket: object) -> None:
        self.office = office if office is not None else an_urgent_office()
        self.now = RECEIVED
        self.events: list[Event] = []
        self.fired: dict[Key, TimerRow] = {}
        self.alarms: list[str] = []
        held = a_ticket(**ticket)
        self.now = held.received_at
        first = Event(seq=1, type="filed", at=self.now, actor=SYSTEM_ACTOR, body={}, released_at=self.now)
        change = Change(
            before=None, after=held, command=None, events=(first,), actor=SYSTEM_ACTOR, now=self.now, office=self.office
        )
        effects = react(change, REACTORS)
        self.loaded = Loaded(held, effects.deadlines, effects.timers, (), None)

    @property
    def ticket(self) -> Ticket:
        return self.loaded.ticket

    def row(self, name: str) -> DeadlineRow:
        """The newest deadline of a target."""
        return max((d for d in self.loaded.deadlines if d.target == name), key=lambda d: d.episode)

    def timers(self, name: str) -> list[str]:
        """Rungs that are armed for a target."""
        return [t.rung for t in self.loaded.timers if t.target == name]

    def do(self, command: c.AnyCommand, at: datetime | None = None, actor: Actor | None = None) -> Performed | Refusal:
        """A command, after the ticket was brought to the versions it has to follow."""
        self.now = at if at is not None else self.now
        self._catch_up()
        made = perform(self.loaded, [command], actor or actor_for(command), self.now, self.office, REACTORS)
        if isinstance(made, Performed):
            self._take(made)
        return made

    def fire(self, at: datetime | None = None) -> list[c.AnyCommand]:
        """What the workers do until nothing is due any more."""
        self.now = at if at is not None else self.now
        self._catch_up()
        done: list[c.AnyCommand] = []
        while commands := due_commands(self.ticket, self.loaded.deadlines, self.loaded.timers, self.office, self.now):
            made = perform(self.loaded, commands, SYSTEM_ACTOR, self.now, self.office, REACTORS)
            assert isinstance(made, Performed), made
            self._take(made)
            done += commands
        if any(timer.due_at <= self.now for timer in self.loaded.timers):
            self._take(settled(self.loaded, self.now, self.office, REACTORS))
        return done

    def _catch_up(self) -> None:
        if not RECOMPUTING.lags(self.office, self.ticket, self.loaded.deadlines, self.now):
            return
        fired = tuple(timer for key, timer in self.fired.items() if key[1] == self.ticket.episode)
        made = RECOMPUTING.recompute(
            self.office, self.ticket, self.loaded.deadlines, self.loaded.timers, fired, self.now
        )
        performed = brought_up(self.loaded, made, self.now, self.office, REACTORS)
        assert isinstance(performed, Performed), performed
        self._take(performed)
        assert not RECOMPUTING.lags(self.office, self.ticket, self.loaded.deadlines, self.now)

    def _take(self, made: Performed) -> None:
        """Write as the database does: a key that has fired is never armed again."""
        self.events += made.events
        self.alarms += made.effects.alarms
        deadlines = {(d.target, d.episode): d for d in (*self.loaded.deadlines, *made.effects.deadlines)}
        timers = {(t.rung, t.episode, t.occurrence): t for t in self.loaded.timers}
        for event in made.events:
            if event.type == "rung_fired":
                key = (str(event.body["rung"]), int(str(event.body["episode"])), int(str(event.body["occurrence"])))
                assert key not in self.fired, f"fired twice: {key}"
        for timer in made.effects.timers:
            key = (timer.rung, timer.episode, timer.occurrence)
            assert key not in self.fired, f"armed again after it had fired: {key}"
            if timer.state == "fired":
                self.fired[key] = timer
            timers[key] = timer
        armed = tuple(t for t in timers.values() if t.state == "armed")
        self.loaded = Loaded(made.ticket, tuple(deadlines.values()), armed, (), None)

    def check(self) -> None:
        """I12: an open ticket has an armed timer, an ended one has none, and every clock has the one it should have."""
        assert bool(self.loaded.timers) == (self.ticket.status in OPEN), self.ticket.status
        for deadline in self.loaded.deadlines:
            armed = [t for t in self.loaded.timers if (t.target, t.episode) == (deadline.target, deadline.episode)]
            if deadline.ended_at is not None:
                assert armed == [], deadline
            elif deadline.paused_at is not None:
                assert [t.rung for t in armed] == ["pause-end"], deadline
            else:
                due = next_rung(self.office, deadline)
                assert [(t.rung, t.due_at) for t in armed] == ([(due.rung.key, due.due_at)] if due else []), deadline

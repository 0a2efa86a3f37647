"""The result of a simulation as the API tells it: units by their slug, people by their sign-in name, tickets by their number."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from complaints_service.database import Database, queries
from complaints_service.i18n import translate
from complaints_service.office.model import Office
from complaints_service.sla.simulation_board import Job, State
from complaints_service.sla.simulation_count import STATES, Mover
from complaints_service.sla.simulation_result import Compared, Messages, Person, Result, States
from complaints_service.sla.simulation_run import Sight

# What no history can know, said wherever a result is shown.
LIMITS = (
    "What people did is taken as it was. Whether an earlier or later reminder would have made somebody act sooner, nobody can know.",
    "A lapse or closing that the played ladder would bring is counted as a rung and changes no case: the case ends as it really ended.",
    "Receivers are those who hold the roles today, with the absences and duties that are recorded.",
    "Rungs fire at their very moment, as if the service had never been away.",
    "One message to each person a rung reaches, at most five an hour, the rest as one roll-up at the next full hour; no daily digests.",
)


class Pair(msgspec.Struct, frozen=True):
    """A number as it was and as it would have been."""

    was: int
    simulated: int


class TargetAnswer(msgspec.Struct, frozen=True):
    """Promises of one target."""

    target: str
    was: States
    simulated: States


class UnitAnswer(msgspec.Struct, frozen=True):
    """Promises of tickets that a unit holds today."""

    unit: str
    name: str
    was: States
    simulated: States


class PersonAnswer(msgspec.Struct, frozen=True):
    """Messages to one person, by day (the office's zone)."""

    person: str
    total: int
    roll_ups: int
    most_on_a_day: int
    days: dict[date, int]


class MessagesAnswer(msgspec.Struct, frozen=True):
    """Messages about deadlines; ``levels``: rungs by level, 0 to 3."""

    total: int
    roll_ups: int
    reminders_to_reporters: int
    to_addresses: int
    levels: tuple[int, ...]
    people: list[PersonAnswer]


class BothMessages(msgspec.Struct, frozen=True):
    """Messages as they were and as they would have been."""

    was: MessagesAnswer
    simulated: MessagesAnswer


class ChangedTicket(msgspec.Struct, frozen=True):
    """A ticket whose promise changes most."""

    number: str
    target: str
    episode: int
    was: str
    simulated: str
    was_due: datetime
    simulated_due: datetime
    was_rungs: int
    simulated_rungs: int


class Control(msgspec.Struct, frozen=True):
    """Tickets played by their own versions beside what is stored: promises, how many came out alike; messages recorded and played."""

    tickets: int
    promises: int
    alike: int
    messages_recorded: int
    messages_played: int


class SimulationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulation says. ``until``: up to when the clocks were played."""

    received_from: datetime
    received_before: datetime
    until: datetime
    tickets: int
    unreadable: int
    cut: int
    met: Pair
    breached: Pair
    deadlines: list[TargetAnswer]
    units: list[UnitAnswer]
    messages: BothMessages
    changed: list[ChangedTicket]
    control: Control
    limits: list[str]
    seconds: float


class JobAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a run in the background stands; ``result`` once it is done."""

    id: str
    state: State
    done: int
    total: int
    problem: str | None = None
    result: SimulationAnswer | None = None


async def numbers_of(database: Database, office: Office, sight: Sight, movers: tuple[Mover, ...]) -> dict[int, str]:
    """Numbers of the tickets by id, as far as the viewer sees them."""
    async with database.transaction(sight.scope) as connection:
        found = queries("simulation").numbers(
            connection,
            office_id=office.id,
            units=list(sight.units),
            own_units=list(sight.own_units),
            person_id=sight.person_id,
            ids=[mover.ticket_id for mover in movers],
        )
        return {row["id"]: row["number"] async for row in found}


def answer_of(result: Result, office: Office, numbers: dict[int, str], language: str) -> SimulationAnswer:
    """The result in the names that people and programs know."""
    return SimulationAnswer(
        received_from=result.received_from,
        received_before=result.received_before,
        until=result.until,
        tickets=result.tickets,
        unreadable=result.unreadable,
        cut=result.cut,
        met=Pair(result.all.was.met, result.all.simulated.met),
        breached=Pair(result.all.was.breached, result.all.simulated.breached),
        deadlines=[TargetAnswer(target, both.was, both.simulated) for target, both in result.targets.items()],
        units=[_unit(unit_id, both, office) for unit_id, both in result.units.items()],
        messages=BothMessages(_messages(result.was, office), _messages(result.simulated, office)),
        changed=[_ticket(mover, numbers[mover.ticket_id]) for mover in result.movers if mover.ticket_id in numbers],
        control=Control(
            result.control_tickets,
            result.control_promises,
            result.control_equal,
            result.control_messages,
            result.control_played,
        ),
        limits=[translate(language, limit) for limit in LIMITS],
        seconds=result.seconds,
    )


def job_answer(job: Job, answer: SimulationAnswer | None, language: str) -> JobAnswer:
    """A run as the API tells it."""
    problem = translate(language, job.problem) if job.problem else None
    return JobAnswer(id=job.id, state=job.state, done=job.done, total=job.total, problem=problem, result=answer)


def _unit(unit_id: int, both: Compared, office: Office) -> UnitAnswer:
    unit = office.units.get(unit_id)
    return UnitAnswer(
        unit.slug if unit else str(unit_id), unit.name if unit else str(unit_id), both.was, both.simulated
    )


def _messages(messages: Messages, office: Office) -> MessagesAnswer:
    return MessagesAnswer(
        total=messages.total,
        roll_ups=messages.roll_ups,
        reminders_to_reporters=messages.reminders,
        to_addresses=messages.outside,
        levels=messages.levels,
        people=[_person(person, office) for person in messages.people],
    )


def _person(person: Person, office: Office) -> PersonAnswer:
    known = office.people.get(person.person_id)
    name = known.username if known else str(person.person_id)
    return PersonAnswer(name, person.total, person.roll_ups, person.most, person.days)


def _ticket(mover: Mover, number: str) -> ChangedTicket:
    return ChangedTicket(
        number=number,
        target=mover.target,
        episode=mover.episode,
        was=STATES[mover.was],
        simulated=STATES[mover.simulated],
        was_due=mover.was_due,
        simulated_due=mover.simulated_due,
        was_rungs=mover.was_rungs,
        simulated_rungs=mover.simulated_rungs,
    )

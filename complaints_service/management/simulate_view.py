"""A simulation as its page shows it: words, bars, strips and links. No I/O."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date
from babel.numbers import format_decimal

from complaints_service.i18n import translate
from complaints_service.management.simulate_answer import LIMITS
from complaints_service.management.simulate_wish import CALENDAR_DRAFT, Subject
from complaints_service.office.model import Office
from complaints_service.sla.policy_problems import TARGET_NAMES
from complaints_service.sla.simulation_count import STATES, Mover
from complaints_service.sla.simulation_result import Compared, Messages, Person, Result, States
from complaints_service.web.charts import Legend, Stack

STATE_NAMES = {"met": "met", "breached": "late", "open": "still running", "called_off": "called off"}
TOP_PEOPLE = 10
# A strip of days is still read at this length; beyond it each box is a week.
LONGEST_STRIP = 92
_DAY_OF_MINUTES = 450
_HEAT = 4


class Change(msgspec.Struct, frozen=True):
    """A number as it was and as it would be; ``tone``: positive or negative for the reader, empty when nothing changes."""

    label: str
    was: str
    simulated: str
    difference: str
    tone: str


class UnitRow(msgspec.Struct, frozen=True):
    """A unit: promises met and late, before and after."""

    name: str
    met: Change
    late: Change


class Box(msgspec.Struct, frozen=True):
    """One day or week of a strip; ``heat`` 0 to 4."""

    label: str
    number: int
    heat: int


class PersonRow(msgspec.Struct, frozen=True):
    """Messages to one person, before and after, with a strip of each."""

    name: str
    total: Change
    busiest: Change
    was: tuple[Box, ...]
    simulated: tuple[Box, ...]


class TicketRow(msgspec.Struct, frozen=True):
    """A ticket whose promise changes most."""

    number: str
    target: str
    was: str
    simulated: str
    tone: str
    was_due: datetime
    simulated_due: datetime
    rungs: Change


class ResultView:
    """Makes the context of management/simulation.html from a result."""

    def __init__(self, result: Result, office: Office, language: str) -> None:
        self._result = result
        self._office = office
        self._language = language
        self._zone = ZoneInfo(office.time_zone)

    def context(self, numbers: dict[int, str]) -> dict[str, object]:
        """Everything the page shows of the result."""
        result, words = self._result, self._words
        was, simulated = result.all.was, result.all.simulated
        days = sorted({day for side in (result.was, result.simulated) for p in side.people for day in p.days})
        return {
            "result": result,
            "changes": [
                self._change(words("promises met"), was.met, simulated.met, good=True),
                self._change(words("promises late"), was.breached, simulated.breached, good=False),
                self._change(words("messages to people of the office"), result.was.total, result.simulated.total),
                self._change(words("escalations (level 1 to 3)"), _raised(result.was), _raised(result.simulated)),
            ],
            "targets": [stack for target, both in result.targets.items() for stack in self._stacks(target, both)],
            "legend": [
                Legend(words("met"), "positive"), Legend(words("late"), "negative"), Legend(words("still running"), "brand"),
            ],
            "late_words": [self._late(target, both) for target, both in result.targets.items()],
            "units": [self._unit(unit_id, both) for unit_id, both in result.units.items()],
            "people": self._people(days),
            "weekly": len(days) > 1 and (days[-1] - days[0]).days > LONGEST_STRIP,
            "tickets": [self._ticket(m, numbers[m.ticket_id]) for m in result.movers if m.ticket_id in numbers],
            "reminders": self._change(words("reminders to reporters"), result.was.reminders, result.simulated.reminders),
            "limits": [words(limit) for limit in LIMITS],
            "control": self._control(),
            "n": self._number(result.tickets),
        }  # fmt: skip

    def _words(self, msgid: str, **values: object) -> str:
        return translate(self._language, msgid, **values)

    def _number(self, value: int) -> str:
        return format_decimal(value, locale="id_ID" if self._language == "id" else "en_GB")

    def _change(self, label: str, was: int, simulated: int, *, good: bool | None = None) -> Change:
        difference = simulated - was
        tone = "" if good is None or not difference else "positive" if (difference > 0) is good else "negative"
        sign = "+" if difference > 0 else "−" if difference else "±"
        return Change(label, self._number(was), self._number(simulated), f"{sign}{self._number(abs(difference))}", tone)

    def _stacks(self, target: str, both: Compared) -> list[Stack]:
        name = self._words(TARGET_NAMES[target])
        return [
            Stack(f"{name} · {self._words(side)}", (states.met, states.breached, states.open), self._share(states))
            for side, states in (("as it was", both.was), ("played", both.simulated))
        ]

    def _share(self, states: States) -> str:
        share = f"{states.met * 100 // states.decided} %" if states.decided else "–"
        return self._words("{share} of {n}", share=share, n=self._number(states.decided))

    def _late(self, target: str, both: Compared) -> str:
        def mean(states: States) -> str:
            days = states.late_minutes / states.breached / _DAY_OF_MINUTES if states.breached else 0
            return format_decimal(round(days, 1), locale="id_ID" if self._language == "id" else "en_GB")

        return self._words(
            "{target}: late by {was} working days on average, played {simulated}",
            target=self._words(TARGET_NAMES[target]),
            was=mean(both.was),
            simulated=mean(both.simulated),
        )

    def _unit(self, unit_id: int, both: Compared) -> UnitRow:
        unit = self._office.units.get(unit_id)
        return UnitRow(
            unit.name if unit else str(unit_id),
            self._change("", both.was.met, both.simulated.met, good=True),
            self._change("", both.was.breached, both.simulated.breached, good=False),
        )

    def _people(self, days: list[date]) -> list[PersonRow]:
        was = {person.person_id: person for person in self._result.was.people}
        simulated = {person.person_id: person for person in self._result.simulated.people}
        ids = sorted(was.keys() | simulated.keys(), key=lambda p: -max(_total(was.get(p)), _total(simulated.get(p))))
        parts = self._parts(days)
        counts = [_in_parts(p, parts) for side in (was, simulated) for p in side.values()]
        most = max((number for row in counts for number in row), default=0)
        return [
            PersonRow(
                name=known.name if (known := self._office.people.get(person)) else str(person),
                total=self._change("", _total(was.get(person)), _total(simulated.get(person))),
                busiest=self._change("", _most(was.get(person)), _most(simulated.get(person))),
                was=self._strip(was.get(person), parts, most),
                simulated=self._strip(simulated.get(person), parts, most),
            )
            for person in ids[:TOP_PEOPLE]
        ]

    def _parts(self, days: list[date]) -> list[tuple[date, date]]:
        """The days, or the weeks from Monday when there are too many: first day and the day after the last."""
        if not days:
            return []
        first, last = days[0], days[-1]
        length = 1
        if (last - first).days > LONGEST_STRIP:
            first, length = first - timedelta(days=first.weekday()), 7
        return [
            (first + timedelta(days=at), first + timedelta(days=at + length))
            for at in range(0, (last - first).days + 1, length)
        ]

    def _strip(self, person: Person | None, parts: list[tuple[date, date]], most: int) -> tuple[Box, ...]:
        locale = "id_ID" if self._language == "id" else "en_GB"
        return tuple(
            Box(
                self._words("{day}: {n}", day=format_date(part[0], "d MMM y", locale=locale), n=number),
                number,
                -(-number * _HEAT // most) if number else 0,
            )
            for part, number in zip(parts, _in_parts(person, parts), strict=True)
        )

    def _ticket(self, mover: Mover, number: str) -> TicketRow:
        was, simulated = STATES[mover.was], STATES[mover.simulated]
        tone = "" if not mover.turned else "negative" if simulated == "breached" else "positive"
        return TicketRow(
            number=number,
            target=self._words(TARGET_NAMES[mover.target]),
            was=self._words(STATE_NAMES[was]),
            simulated=self._words(STATE_NAMES[simulated]),
            tone=tone,
            was_due=mover.was_due,
            simulated_due=mover.simulated_due,
            rungs=self._change("", mover.was_rungs, mover.simulated_rungs),
        )

    def _control(self) -> str:
        result = self._result
        return self._words(
            "Control: {tickets} of these tickets were also played by the versions they really had. {alike} of {promises} promises "
            "came out as they are stored, and {played} messages where {recorded} are recorded.",
            tickets=self._number(result.control_tickets),
            alike=self._number(result.control_equal),
            promises=self._number(result.control_promises),
            played=self._number(result.control_played),
            recorded=self._number(result.control_messages),
        )


def _raised(messages: Messages) -> int:
    return sum(messages.levels[1:])


def _total(person: Person | None) -> int:
    return person.total if person is not None else 0


def _most(person: Person | None) -> int:
    return person.most if person is not None else 0


def _in_parts(person: Person | None, parts: list[tuple[date, date]]) -> list[int]:
    if person is None:
        return [0 for _ in parts]
    return [sum(n for day, n in person.days.items() if first <= day < end) for first, end in parts]


def subject_rows(subject: Subject, office: Office, language: str) -> list[tuple[str, str]]:
    """What was played, as lines of name and value."""

    def words(msgid: str, **values: object) -> str:
        return translate(language, msgid, **values)

    if subject.policy.startswith("d"):
        policy = words("draft “{name}”", name=subject.policy_name)
    elif subject.policy:
        policy = words("version {n}", n=subject.policy[1:])
    else:
        policy = words("each case's own")
    if subject.calendar == CALENDAR_DRAFT:
        calendar = words("your draft")
    elif subject.calendar:
        calendar = words("version {n}", n=subject.calendar[1:])
    else:
        calendar = words("each case's own")
    unit = office.unit_by_slug(subject.unit) if subject.unit else None
    locale = "id_ID" if language == "id" else "en_GB"
    days = [format_date(date.fromisoformat(day), "d MMM y", locale=locale) for day in (subject.first, subject.last)]
    return [
        (words("Received"), words("{first} to {last}", first=days[0], last=days[1])),
        (words("Policy"), policy),
        (words("Calendar"), calendar),
        (words("Unit"), unit.name if unit else words("all units")),
    ]

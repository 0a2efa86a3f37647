"""The life of one made-up ticket: legal steps with their times, its promises and what the ladder did meanwhile. No I/O.

Times are working time of the office's calendar, so that nothing happens at night that an officer does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import msgspec

from complaints_service.demo.phrases import Phrases
from complaints_service.office.model import Office, Person, Role
from complaints_service.sla.ladder import COUNTED_TARGETS, DueRung, next_rung, reach
from complaints_service.sla.targets import calendar_of, new_deadline
from complaints_service.tickets.commands import FireRung
from complaints_service.tickets.lifecycle import UNDO_WINDOW
from complaints_service.tickets.model import REPORTER_ACTOR, SYSTEM_ACTOR, Actor, ActorKind, NewMessage, Status, Ticket
from complaints_service.tickets.port import DeadlineRow, TimerRow

_replace = msgspec.structs.replace
_DAY = 450  # working minutes of an ordinary day, to spread deeds


class Step(msgspec.Struct, frozen=True):
    """Something that happens to the ticket; ``acts`` raises its version, ``sign`` is a sign of life."""

    at: datetime
    type: str
    actor: Actor
    body: dict[str, object]
    message: NewMessage | None = None
    to: Status | None = None
    acts: bool = True
    sign: bool = True


class Life(msgspec.Struct, frozen=True):
    """A ticket's steps in order, its deadlines, and timers that are armed or have fired (``armed_by_seq`` still to be set)."""

    steps: list[Step]
    deadlines: list[DeadlineRow]
    timers: list[TimerRow]
    assignee_id: int | None
    score: int | None = None
    answered_at: datetime | None = None


class Teller:
    """Tells lives of tickets in one office as of ``now``."""

    def __init__(self, office: Office, words: Phrases, now: datetime) -> None:
        self._office = office
        self._words = words
        self._now = now
        self._calendar = calendar_of(office)
        self._reached: dict[tuple[str, int, int | None], tuple[int, ...]] = {}
        self._officers: dict[int, list[Person]] = {}

    def ended(self, ticket: Ticket, dice: Random) -> Life:
        """A life that is over: mostly answered (one in eight late) and closed, some not taken up, forwarded or withdrawn."""
        kind = dice.random()
        officer = self._officer(ticket, dice)
        verified = self._after(ticket.received_at, dice.randint(30, 2 * _DAY))
        if kind < 0.04:
            return self._cut_short(ticket, verified, officer, "rejected", Status.REJECTED)
        if kind < 0.08:
            return self._cut_short(ticket, verified, officer, "forwarded", Status.FORWARDED)
        if kind < 0.10:
            return self._withdrawn(ticket, verified)
        started = self._after(verified, dice.randint(5, _DAY))
        promise = self._promise(ticket, "answer")
        whole = min(promise.amount, 20) * _DAY
        share = dice.uniform(1.02, 1.4) if dice.random() < 0.125 else dice.uniform(0.2, 0.95)
        answered = max(self._after(ticket.received_at, int(whole * share)), self._after(started, 30))
        steps = [_verified(verified, officer), _started(started, officer), self._answered(answered, officer, dice)]
        life = self._begun(ticket, officer, steps, verified, answered)
        closing = self._promise(ticket, "closing", answered)
        score = dice.choice((1, 2, 3, 3, 4, 4, 4)) if dice.random() < 0.4 else None
        if dice.random() < 0.6:
            closed = self._after(answered, dice.randint(30, 5 * _DAY))
            reply = NewMessage("reporter", dice.choice(self._words.replies))
            steps.append(
                _moved(closed, "replied", REPORTER_ACTOR, Status.ANSWERED, Status.CLOSED, {"resolved": True}, reply)
            )
            self._climb(life, ticket, closing, closed, "called_off")
        else:
            closed = closing.due_at
            self._climb(life, ticket, closing, closed, "called_off", at_the_end=True)
            steps.append(_moved(closed, "auto_closed", SYSTEM_ACTOR, Status.ANSWERED, Status.CLOSED, {}))
        if score is not None:
            rated = closed + timedelta(hours=dice.randint(1, 30))
            body: dict[str, object] = {"score": score, "elements": {}}
            steps.append(Step(rated, "rated", REPORTER_ACTOR, body, acts=False, sign=False))
        return _replace(life, score=score, answered_at=answered)

    def open(self, ticket: Ticket, status: Status, dice: Random) -> Life:
        """A life that goes on, with its next timers armed."""
        officer, now = self._officer(ticket, dice), self._now - timedelta(seconds=30)
        if status is Status.RECEIVED:
            life = Life([], [], [], None)
            for target in ("verify", "answer", "sign"):
                self._climb(life, ticket, self._promise(ticket, target), None)
            return life
        verified = self._between(ticket.received_at, now, 0.3, dice)
        steps = [_verified(verified, officer)]
        if status is Status.VERIFIED:
            return self._going_on(ticket, None, steps, verified, verified)
        started = self._between(verified, now, 0.3, dice)
        steps.append(_started(started, officer))
        if status is Status.IN_PROGRESS:
            return self._going_on(ticket, officer, steps, verified, started)
        last = self._between(started, now, 0.5, dice)
        if status is Status.WAITING_REPORTER:
            question = NewMessage("office", self._words.question)
            steps.append(_moved(last, "asked", _by(officer), Status.IN_PROGRESS, status, {}, question))
            life = self._begun(ticket, officer, steps, verified, None, paused_at=last)
            self._climb(life, ticket, self._promise(ticket, "reporter", last), None)
            return life
        steps.append(self._answered(last, officer, dice))
        life = self._begun(ticket, officer, steps, verified, last)
        self._climb(life, ticket, self._promise(ticket, "closing", last), None)
        return _replace(life, answered_at=last)

    def _going_on(
        self, ticket: Ticket, officer: Person | None, steps: list[Step], verified: datetime, sign: datetime
    ) -> Life:
        life = self._begun(ticket, officer, steps, verified, None)
        self._climb(life, ticket, self._promise(ticket, "sign", sign), None)
        return life

    def _begun(
        self,
        ticket: Ticket,
        officer: Person | None,
        steps: list[Step],
        verified: datetime,
        answered: datetime | None,
        paused_at: datetime | None = None,
    ) -> Life:
        """The promises of a case that was checked, and the ladder of each as far as it came."""
        life = Life(steps, [], [], officer.id if officer else None)
        self._climb(life, ticket, self._promise(ticket, "verify"), verified, "met")
        answer = _replace(self._promise(ticket, "answer"), paused_at=paused_at)
        self._climb(life, ticket, answer, answered, "met" if answered else None)
        return life

    def _cut_short(self, ticket: Ticket, at: datetime, officer: Person, event: str, status: Status) -> Life:
        words = self._words
        rejected = status is Status.REJECTED
        body: dict[str, object] = {"reason": words.reject_reason} if rejected else {"agency": words.forward_agency}
        message = NewMessage("office", words.reject_text if rejected else words.forward_text)
        return self._over_at_once(
            ticket, _moved(at, event, _by(officer), Status.RECEIVED, status, body, message), "met"
        )

    def _withdrawn(self, ticket: Ticket, at: datetime) -> Life:
        step = _moved(at, "withdrawn", REPORTER_ACTOR, Status.RECEIVED, Status.WITHDRAWN, {})
        return self._over_at_once(ticket, step, "called_off")

    def _over_at_once(self, ticket: Ticket, step: Step, outcome: str) -> Life:
        life = Life([step], [], [], None)
        for target in ("verify", "answer"):
            self._climb(life, ticket, self._promise(ticket, target), step.at, outcome)
        return life

    def _climb(
        self,
        life: Life,
        ticket: Ticket,
        row: DeadlineRow,
        until: datetime | None,
        outcome: str | None = None,
        *,
        at_the_end: bool = False,
    ) -> None:
        """Fire the rungs that came due before the promise ended (until None: it runs, and its next timer is armed).

        ``at_the_end``: the rung that is due at that very instant ended it.
        """
        last = until or row.paused_at or self._now
        if until is not None and until - row.started_at < (row.due_at - row.started_at) / 5:
            life.deadlines.append(_replace(row, ended_at=until, outcome=outcome))
            return  # over long before the ladder's first rung, which is worth not computing
        due = next_rung(self._office, row)
        while due is not None and (due.due_at < last or (at_the_end and due.due_at == last)):
            event = self._fired(ticket, life.assignee_id, row, due)
            life.steps.append(Step(due.due_at, "rung_fired", SYSTEM_ACTOR, event, acts=False, sign=False))
            life.timers.append(_timer(row, due, "fired"))
            breached = row.target in COUNTED_TARGETS and due.due_at >= row.due_at
            row = _replace(
                row,
                next_rung=due.index + 1,
                level=max(row.level, due.rung.level),
                breached_at=row.breached_at or (row.due_at if breached else None),
            )
            due = next_rung(self._office, row)
        if until is None and row.paused_at is None and due is not None:
            life.timers.append(_timer(row, due, "armed"))
        life.deadlines.append(_replace(row, ended_at=until, outcome=outcome) if until else row)

    def _fired(self, ticket: Ticket, assignee_id: int | None, row: DeadlineRow, due: DueRung) -> dict[str, object]:
        key = (due.rung.key, ticket.unit_id, assignee_id)
        if due.rung.act == "notify" and key not in self._reached:
            held = _replace(ticket, assignee_id=assignee_id)
            self._reached[key] = reach(self._office, held, due.rung, due.due_at).people
        command = FireRung(
            target=row.target,
            rung=due.rung.key,
            episode=row.episode,
            occurrence=due.occurrence,
            position=due.index,
            level=due.rung.level,
            act=due.rung.act,
            due_at=due.due_at.isoformat(),
            target_due_at=row.due_at.isoformat(),
            breach=row.target in COUNTED_TARGETS and due.due_at >= row.due_at,
            mail=True,
            roll_up=due.rung.roll_up,
            recipients=self._reached.get(key, ()),
            stood_in={},
            policy_version=row.policy_version,
        )
        return msgspec.structs.asdict(command)

    def _promise(self, ticket: Ticket, target: str, started_at: datetime | None = None) -> DeadlineRow:
        return new_deadline(self._office, ticket, target, started_at or ticket.received_at)

    def _officer(self, ticket: Ticket, dice: Random) -> Person:
        """Somebody who may hold the case: an officer of the unit, else its supervisor, else the head."""
        found = self._officers.get(ticket.unit_id)
        if found is None:
            people = self._office.people.values()
            found = [p for p in people if p.role is Role.OFFICER and ticket.unit_id in p.works_in]
            found = found or [p for p in people if p.role is Role.SUPERVISOR and ticket.unit_id in p.leads]
            found = found or [p for p in people if p.role is not Role.ADMIN]
            self._officers[ticket.unit_id] = found
        return dice.choice(found)

    def _answered(self, at: datetime, officer: Person, dice: Random) -> Step:
        message = NewMessage("office", dice.choice(self._words.answers))
        return _moved(at, "answered", _by(officer), Status.IN_PROGRESS, Status.ANSWERED, {"resolves": True}, message)

    def _after(self, start: datetime, minutes: int) -> datetime:
        return self._calendar.add_minutes(start, minutes)

    def _between(self, start: datetime, end: datetime, share: float, dice: Random) -> datetime:
        """Some time after the start, at most this share of the way to the end."""
        return start + (end - start) * dice.uniform(share / 4, share)


def _by(person: Person) -> Actor:
    return Actor(ActorKind.PERSON, person.id, person.role.value, person.name)


def _moved(
    at: datetime,
    event: str,
    actor: Actor,
    source: Status,
    target: Status,
    body: dict[str, object],
    message: NewMessage | None = None,
) -> Step:
    return Step(at, event, actor, {**body, "from": source.value, "to": target.value}, message, target)


def _verified(at: datetime, officer: Person) -> Step:
    return _moved(at, "verified", _by(officer), Status.RECEIVED, Status.VERIFIED, {})


def _started(at: datetime, officer: Person) -> Step:
    return _moved(at, "started", _by(officer), Status.VERIFIED, Status.IN_PROGRESS, {"assignee": officer.id})


def _timer(row: DeadlineRow, due: DueRung, state: str) -> TimerRow:
    return TimerRow(
        office_id=row.office_id,
        ticket_id=row.ticket_id,
        rung=due.rung.key,
        episode=row.episode,
        occurrence=due.occurrence,
        target=row.target,
        due_at=due.due_at,
        state=state,
        armed_by_seq=0,
        fired_at=due.due_at if state == "fired" else None,
    )


def released(step: Step) -> datetime:
    """When a step's words may leave: an officer's deed can be undone for 10 s (D2)."""
    return step.at + UNDO_WINDOW if step.actor.kind is ActorKind.PERSON else step.at

"""The escalation ladder: when the next rung of a deadline is due, and whom it reaches. Pure rules over the rows of a policy."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Office, Person, Role, Rung, UnitKind
from complaints_service.sla.targets import calendar_of
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.receivers import may_receive

# Targets whose keys count firings by themselves; the others are started anew within one episode and are told apart by the event.
COUNTED_TARGETS = frozenset({"verify", "answer"})
# Whom a rung can name, beside person:<username> and address:<e-mail>.
RECEIVER_WORDS = frozenset(
    {
        "assignee", "unit_officers", "triage_officers", "supervisor", "unit_supervisor", "triage_supervisor", "duty", "head",
        "regional", "unit_up", "unit_above",
    }
)  # fmt: skip


class DueRung(msgspec.Struct, frozen=True):
    """A rung with the instant it is due. ``index`` goes on counting while the last rung repeats."""

    rung: Rung
    index: int
    occurrence: int
    due_at: datetime


def rungs_of(office: Office, row: DeadlineRow) -> tuple[Rung, ...]:
    """The rungs of a deadline's target in the policy it was promised under, lowest first."""
    return office.policies[row.policy_version].ladders.get(row.target, ())


def next_rung(office: Office, row: DeadlineRow) -> DueRung | None:
    """The rung to fire next, or None when the ladder has ended (it never does for answer and sign: their top rung repeats).

    Rungs before the due time that would lie before the start (a reminder of a very short target) are passed over.
    """
    rungs = rungs_of(office, row)
    index = row.next_rung
    while index < len(rungs):
        instant = _instant(office, row, rungs, index)
        early = rungs[index].anchor == "half" or (rungs[index].anchor == "due" and rungs[index].offset_amount < 0)
        if not (early and instant <= row.started_at):
            return DueRung(rungs[index], index, 0, instant)
        index += 1
    if rungs and rungs[-1].repeats:
        return DueRung(rungs[-1], index, index - len(rungs) + 1, _instant(office, row, rungs, index))
    return None


def _instant(office: Office, row: DeadlineRow, rungs: tuple[Rung, ...], index: int) -> datetime:
    calendar = calendar_of(office, row.calendar_version)
    repeats = max(0, index - len(rungs) + 1)
    position = min(index, len(rungs) - 1)
    rung = rungs[position]
    match rung.anchor:
        case "start":
            instant = calendar.shift_working_days(row.started_at, rung.offset_amount)
        case "due":
            instant = calendar.shift_working_days(row.due_at, rung.offset_amount) if rung.offset_amount else row.due_at
        case "half":
            whole = calendar.minutes_between(row.started_at, row.due_at)
            instant = calendar.add_minutes(row.started_at, whole // 2)
        case _:
            before = _instant(office, row, rungs, position - 1) if position else row.due_at
            return calendar.shift_working_days(before, rung.offset_amount * (repeats + 1))
    if repeats:
        instant = calendar.shift_working_days(instant, row.amount * repeats)
    return instant


class Reached(msgspec.Struct, frozen=True):
    """Whom a rung reaches (ids), and who gets it in place of somebody absent (absent id as text -> id)."""

    people: tuple[int, ...]
    stood_in: dict[str, int]


def reach(office: Office, ticket: Ticket, rung: Rung, at: datetime) -> Reached:
    """Resolve a rung's receivers at a moment.

    Absent people are replaced by their stand-in, and the rung's ``otherwise`` gets it too; nobody the complaint names is
    reached. When nobody is left: ``otherwise``, then the head, then the regional office. Empty: an alarm, never silence.
    """
    found: list[int] = []
    stood_in: dict[str, int] = {}
    someone_absent = False
    for person in _people(office, ticket, rung.receivers):
        if office.present(person, at):
            found.append(person.id)
            continue
        someone_absent = True
        other = office.stand_in(person, at)
        if other is not None and may_receive(office, ticket, other, ticket.unit_id):
            found.append(other.id)
            stood_in[str(person.id)] = other.id
    for words in (rung.otherwise, ("head",), ("regional",)):
        if found and not someone_absent:
            break
        found += [p.id for p in _people(office, ticket, words) if office.present(p, at)]
        someone_absent = False
    return Reached(tuple(dict.fromkeys(found)), stood_in)


def _people(office: Office, ticket: Ticket, words: tuple[str, ...]) -> list[Person]:
    chosen: list[Person] = []
    for word in words:
        chosen += _named_by(office, ticket, word)
    return [p for p in chosen if p.active and may_receive(office, ticket, p, ticket.unit_id)]


def _named_by(office: Office, ticket: Ticket, word: str) -> list[Person]:
    everybody = office.people.values()
    match word:
        case "assignee":
            if ticket.assignee_id is not None and ticket.assignee_id in office.people:
                return [office.people[ticket.assignee_id]]
            return _named_by(office, ticket, "unit_officers") + _named_by(office, ticket, "supervisor")
        case "unit_officers":
            return [p for p in everybody if p.role is Role.OFFICER and ticket.unit_id in p.works_in]
        case "triage_officers":
            triage = office.unit_of_kind(UnitKind.TRIAGE).id
            return [p for p in everybody if p.role is Role.OFFICER and triage in p.works_in]
        case "supervisor" | "unit_supervisor":
            return [p for p in everybody if p.role is Role.SUPERVISOR and ticket.unit_id in p.leads]
        case "triage_supervisor":
            triage = office.unit_of_kind(UnitKind.TRIAGE).id
            return [p for p in everybody if p.role is Role.SUPERVISOR and triage in p.leads]
        case "head":
            return [p for p in everybody if p.role is Role.HEAD]
        case "regional":
            return [p for p in everybody if p.role is Role.REGIONAL]
        case "unit_above":
            above = office.ancestors(office.unit_of_kind(UnitKind.REGIONAL).id)
            return [p for p in everybody if above and p.unit_id == above[0].id]
        case _:
            return []

"""The rules of the clock against a walker that looks at every minute, and over random lives of a ticket.

CLOCK_EXAMPLES (default 60) is the number of lives.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints_service.office.model import Absence, CalendarVersion, Office, Policy
from complaints_service.sla.calendar import WorkingCalendar
from complaints_service.sla.ladder import next_rung
from complaints_service.sla.targets import calendar_of, due_at, new_deadline, shifted, with_due
from complaints_service.tickets import commands as c
from complaints_service.tickets.model import Priority, Status
from complaints_service.tickets.pipeline import Performed
from complaints_service.tickets.port import DeadlineRow
from tests.unit.clock_room import ATTEND, Case, a_policy, an_urgent_office
from tests.unit.test_lifecycle import COMMANDS
from tests.unit.values import RECEIVED, a_ticket, rung, target

OFFICE = an_urgent_office()
CALENDAR = calendar_of(OFFICE)
MINUTE = timedelta(minutes=1)
few = settings(max_examples=40, deadline=None)

Pause = tuple[datetime, datetime]
Pauses = list[Pause]


def walked(calendar: WorkingCalendar, start: datetime, minutes: int, pauses: Sequence[Pause] = ()) -> datetime:
    """The instant at which so many minutes have been open and not paused, looking at each."""
    moment, left = start, minutes
    while left:
        if calendar.is_open(moment) and not any(begin <= moment < end for begin, end in pauses):
            left -= 1
        moment += MINUTE
    return moment


def closing_after(calendar: WorkingCalendar, moment: datetime) -> datetime:
    """The closing of the day that holds the instant, else of the next one."""
    day = (moment - MINUTE).astimezone(calendar.time_zone).date()
    while not calendar.hours.on(day.toordinal()):
        day += timedelta(days=1)
    found = (
        datetime.combine(day, datetime.min.time(), calendar.time_zone)
        + calendar.hours.on(day.toordinal())[-1][1] * MINUTE
    )
    return found if found >= moment else closing_after(calendar, found + timedelta(days=1))


starts = st.integers(0, 20 * 24 * 60).map(lambda minutes: RECEIVED + minutes * MINUTE)


@few
@given(starts, st.integers(-1_500, 1_500).filter(bool))
def test_an_offset_in_working_minutes_equals_a_walk(start: datetime, offset: int) -> None:
    found = shifted(CALENDAR, start, offset, "working_minutes")
    if offset > 0:
        assert found == walked(CALENDAR, start, offset)
        return
    moment, left = start, -offset
    while left:
        moment -= MINUTE
        left -= CALENDAR.is_open(moment)
    assert found == moment


@few
@given(starts, st.integers(1, 6))
def test_an_offset_in_working_days_ends_at_the_closing_of_that_day(start: datetime, days: int) -> None:
    closing = closing_after(CALENDAR, start)
    for _ in range(days):
        closing = closing_after(CALENDAR, closing + timedelta(hours=8))
    assert shifted(CALENDAR, start, days, "working_days") == closing
    assert shifted(CALENDAR, closing, -days, "working_days") == closing_after(CALENDAR, start)


@pytest.mark.parametrize("measure", ["working_days", "working_minutes", "calendar_days", "calendar_minutes"])
def test_no_offset_is_the_instant_itself(measure: str) -> None:
    night = RECEIVED + timedelta(hours=13)
    assert shifted(CALENDAR, night, 0, measure) == night
    assert shifted(CALENDAR, night, -1, measure) < night < shifted(CALENDAR, night, 1, measure)


def paused_row(row: DeadlineRow, gaps: list[tuple[int, int]]) -> tuple[DeadlineRow, Pauses]:
    """The row after pauses, each begun so many minutes after the end of the one before, while the clock still ran."""
    pauses: Pauses = []
    moment = row.started_at
    for run, stand in gaps:
        begin = moment + run * MINUTE
        if begin >= row.due_at:
            break
        moment = begin + stand * MINUTE
        pauses.append((begin, moment))
        row = with_due(OFFICE, msgspec.structs.replace(row, pauses=msgspec.json.encode(pauses).decode()))
    return row, pauses


GAPS = st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 5_000)), max_size=4)


@few
@given(starts, st.integers(1, 2_500), GAPS)
def test_a_paused_target_in_minutes_equals_a_walk(start: datetime, minutes: int, gaps: list[tuple[int, int]]) -> None:
    fresh = new_deadline(OFFICE, a_ticket(), "answer", start)
    row, pauses = paused_row(
        with_due(OFFICE, msgspec.structs.replace(fresh, amount=minutes, measure="working_minutes")), gaps
    )
    assert row.due_at == walked(CALENDAR, start, minutes, pauses)
    half = next_rung(OFFICE, row)
    assert half is not None
    if minutes >= 2:
        assert half.rung.anchor == "half"
        assert half.due_at == walked(CALENDAR, start, minutes // 2, pauses), "half of the time that the clock ran"


@few
@given(starts, st.integers(1, 20), GAPS)
def test_a_paused_target_in_days_ends_at_a_closing(start: datetime, days: int, gaps: list[tuple[int, int]]) -> None:
    fresh = new_deadline(OFFICE, a_ticket(), "answer", start)
    plain = with_due(OFFICE, msgspec.structs.replace(fresh, amount=days))
    row, pauses = paused_row(plain, gaps)
    stood = sum(CALENDAR.is_open(begin + n * MINUTE) for begin, end in pauses for n in range((end - begin) // MINUTE))
    expected = closing_after(CALENDAR, walked(CALENDAR, plain.due_at, stood)) if stood else plain.due_at
    assert row.due_at == expected


@few
@given(starts, st.integers(1, 4_000), GAPS)
def test_a_paused_target_in_calendar_time_moves_by_the_whole_pause(
    start: datetime, minutes: int, gaps: list[tuple[int, int]]
) -> None:
    fresh = new_deadline(OFFICE, a_ticket(priority=Priority.URGENT), "answer", start)
    row, pauses = paused_row(with_due(OFFICE, msgspec.structs.replace(fresh, amount=minutes)), gaps)
    assert row.due_at == start + minutes * MINUTE + sum((end - begin for begin, end in pauses), timedelta())


# What is done to a case but moves it nowhere.
IDLE: list[c.AnyCommand] = [
    c.Note(text="Catatan yang cukup panjang untuk berarti."),
    c.Note(text="ok"),
    c.Assign(assignee="petugas"),
    c.Assign(assignee="atasan"),
    c.SetPriority(priority=Priority.HIGH),
    c.SetPriority(priority=Priority.LOW),
    c.Acknowledge(),
    c.Reply(text="Halo, bagaimana?"),
    c.Answer(text="Sebentar.", resolves=False),
    c.Classify(service="paspor-baru"),
    c.RequestTime(reason="berkas", working_days=2),
    c.RefuseTime(reason="tidak"),
    c.Escalate(reason="mendesak"),
]


@few
@given(
    st.sampled_from([Status.RECEIVED, Status.VERIFIED, Status.IN_PROGRESS]),
    st.lists(st.tuples(st.sampled_from(IDLE), st.integers(1, 40)), min_size=1, max_size=12),
)
def test_editing_or_commenting_never_resets_the_clock(status: Status, steps: list[tuple[c.AnyCommand, int]]) -> None:
    case = Case(status=status, service=None)
    was = {d.target: d.due_at for d in case.loaded.deadlines if d.target in ("verify", "answer")}
    done = 0
    for command, hours in [(c.Note(text="Berkas sedang dicari di arsip."), 1), *steps]:
        case.fire(case.now + timedelta(hours=hours))
        rungs = {d.target: d.next_rung for d in case.loaded.deadlines}
        done += isinstance(case.do(command), Performed)
        assert {d.target: d.due_at for d in case.loaded.deadlines if d.target in was} == was, command
        assert all(d.next_rung == rungs[d.target] for d in case.loaded.deadlines if d.target in was), command
        case.check()
    assert done


@few
@given(st.sampled_from([Status.RECEIVED, Status.VERIFIED, Status.IN_PROGRESS]), st.integers(1, 60 * 24))
def test_an_unassigned_case_escalates_no_later_and_to_more_people(status: Status, hours: int) -> None:
    nobodys, assigned = Case(status=status), Case(status=status, assignee_id=1)
    now = RECEIVED + timedelta(hours=hours)
    first = {(e.rung, e.occurrence): e for e in nobodys.fire(now) if isinstance(e, c.FireRung)}
    second = {(e.rung, e.occurrence): e for e in assigned.fire(now) if isinstance(e, c.FireRung)}
    assert first.keys() >= second.keys()
    for key, other in second.items():
        assert first[key].due_at <= other.due_at
        assert set(first[key].recipients) >= set(other.recipients), key
    if "answer-half" in {rung for rung, _ in first}:
        assert 3 in first["answer-half", 0].recipients, "its supervisor hears of it from the first rung on"
        assert 3 not in second["answer-half", 0].recipients


def renamed(policy: Policy) -> Policy:
    """Another ladder: keys renamed, one left out, one new on top, and other amounts of time."""
    rungs = tuple(
        msgspec.structs.replace(r, key="answer-mid" if r.key == "answer-half" else r.key)
        for r in policy.rungs
        if r.key not in ("answer-soon", "verify-remind", "answer-hour")
    )
    late = rung("answer", 3, "answer-hour", "due", 60, 1, "unit_up", offset_measure="working_minutes")
    place = next(i for i, r in enumerate(rungs) if r.key == "answer-late")
    targets = tuple(
        msgspec.structs.replace(t, amount=max(1, t.amount // 2)) if t.target == "answer" else t for t in policy.targets
    )
    return msgspec.structs.replace(policy, rungs=(*rungs[:place], late, *rungs[place:]), targets=targets)


def reordered(policy: Policy) -> Policy:
    """Rungs turned round below the top, what restarts turned round too, and a pause of two days."""
    answers = [r for r in policy.rungs if r.target == "answer"]
    others = tuple(r for r in policy.rungs if r.target != "answer")
    pauses = tuple(msgspec.structs.replace(p, limit_amount=2, limit_measure="working_days") for p in policy.pauses)
    return msgspec.structs.replace(
        policy,
        rungs=(*others, *reversed(answers[:-1]), answers[-1]),
        pauses=pauses,
        after_reopening="continue" if policy.after_reopening == "restart" else "restart",
        after_transfer="restart" if policy.after_transfer == "continue" else "continue",
    )


def strict(policy: Policy) -> Policy:
    """Nothing stops the clock, and the rung at due takes the case away and makes it urgent."""
    rungs = tuple(
        msgspec.structs.replace(r, raise_priority="urgent", unassigns=True, note="Segera.")
        if r.key == "answer-due"
        else r
        for r in policy.rungs
    )
    return msgspec.structs.replace(policy, rungs=rungs, pauses=(), targets=(target("answer", 3), *policy.targets))


def with_policy(office: Office, change: Callable[[Policy], Policy], now: datetime) -> Office:
    """The office after a version was published that also counts for open tickets."""
    newest = office.policies[max(office.policies)]
    version = newest.version + 1
    made = msgspec.structs.replace(change(newest), version=version, effective_from=now, applies_to_open=True)
    return msgspec.structs.replace(office, policies={**office.policies, version: made})


def with_day_off(office: Office, now: datetime, days: int) -> Office:
    """The office after its calendar closed a day some days from now."""
    latest = office.latest_calendar()
    document = msgspec.json.decode(latest.document, type=dict[str, object])
    off = msgspec.convert(document.get("days_off", []), list[str])
    document["days_off"] = sorted({*off, (now + timedelta(days=days)).date().isoformat()})
    version = latest.version + 1
    made = CalendarVersion(version, msgspec.json.encode(document).decode())
    return msgspec.structs.replace(office, calendars={**office.calendars, version: made})


def with_absence(office: Office, now: datetime, person: int, stand_in: int | None) -> Office:
    """The office after somebody went away for a week, or (person 0) everybody left for good."""
    if not person:
        people = {key: msgspec.structs.replace(p, active=False) for key, p in office.people.items()}
        return msgspec.structs.replace(office, people=people)
    away = Absence(person, now, now + timedelta(days=7), stand_in)
    return msgspec.structs.replace(office, absences=(*office.absences, away))


LIFE_COMMANDS: list[c.AnyCommand] = [
    *COMMANDS,
    c.SetPriority(priority=Priority.NORMAL),
    c.Acknowledge(),
    c.Assign(unit="lantaskim"),
    c.Assign(assignee="petugas"),
    c.Classify(oversight=True),
    c.Classify(simple=True),
]
POLICIES = {"renamed": renamed, "reordered": reordered, "strict": strict}
OFFICE_CHANGES = st.one_of(
    st.sampled_from(sorted(POLICIES)).map(lambda name: ("policy", name)),
    st.integers(0, 30).map(lambda days: ("calendar", days)),
    st.tuples(st.integers(0, 5), st.sampled_from([None, 1, 2, 3])).map(lambda away: ("absence", away)),
)
STEP = st.tuples(
    st.one_of(
        st.sampled_from(LIFE_COMMANDS).map(lambda command: ("do", command)),
        st.just(("undo", None)),
        OFFICE_CHANGES,
    ),
    st.one_of(st.integers(0, 8), st.integers(1, 200), st.integers(1, 2_000)),
)


@settings(max_examples=int(os.environ.get("CLOCK_EXAMPLES", "60")), deadline=None)
@given(st.booleans(), st.lists(STEP, max_size=16))
def test_whatever_happens_no_ticket_falls_off_its_clock_and_no_rung_fires_twice(
    urgent: bool, steps: list[tuple[tuple[str, object], int]]
) -> None:
    case = Case(priority=Priority.URGENT if urgent else Priority.NORMAL)
    levels: dict[tuple[int, str], int] = {}
    for (what, detail), hours in steps:
        now = case.now + (timedelta(seconds=4) if what == "undo" else timedelta(hours=hours))
        if what == "policy":
            case.office = with_policy(case.office, POLICIES[str(detail)], now)
        elif what == "calendar":
            case.office = with_day_off(case.office, now, int(str(detail)))
        elif what == "absence":
            person, stand_in = msgspec.convert(detail, tuple[int, int | None])
            case.office = with_absence(case.office, now, person, stand_in)
        if what != "undo":
            case.fire(now)
        case.check()
        before = case.ticket
        if what == "undo":
            case.do(c.Undo(event=before.seq), now)
        elif what == "do":
            assert isinstance(detail, c.Command)
            case.do(detail, now)  # type: ignore[arg-type]
        case.check()
        if case.ticket.episode == before.episode and what != "undo":
            assert case.ticket.level >= before.level, "levels only rise within an episode"
        for deadline in case.loaded.deadlines:
            key = (deadline.episode, deadline.target)
            if deadline.target in ("verify", "answer"):
                assert deadline.level >= levels.get(key, 0)
                levels[key] = deadline.level
    assert [e.seq for e in case.events] == list(range(2, 2 + len(case.events)))
    assert all(one.at <= two.at for one, two in pairwise(case.events))


def test_the_ladder_of_an_urgent_case_names_a_way_and_never_ends() -> None:
    assert ATTEND[0].ways == ("email", "whatsapp")
    assert a_policy().ladders["attend"][-1].repeats
    start = RECEIVED + timedelta(hours=14)
    assert due_at(CALENDAR, start, 60, "calendar_minutes") == start + timedelta(hours=1), "at night as well"

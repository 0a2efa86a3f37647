"""Urgent cases, pauses that end by themselves, reopening, transfer, receivers and more time: the rules of the clock by example."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from complaints_service.office.model import Absence, Duty, Role
from complaints_service.sla.ladder import RECEIVER_WORDS, reach
from complaints_service.tickets import commands as c
from complaints_service.tickets.given import TimeRequest
from complaints_service.tickets.lifecycle import Refusal, allowed, decide
from complaints_service.tickets.model import OPEN, Actor, ActorKind, Priority, Status
from complaints_service.tickets.more_time import days_left
from complaints_service.tickets.pipeline import Performed
from tests.unit.clock_room import Case, a_policy, an_urgent_office, wib, with_rungs
from tests.unit.test_lifecycle import OFFICER, SUPERVISOR
from tests.unit.values import RECEIVED, a_ticket, an_office, rung

URGENT = c.SetPriority(priority=Priority.URGENT)
HEAD = Actor(ActorKind.PERSON, 4, "head", "Kepala")


# Urgent cases


def test_an_urgent_case_wakes_whoever_is_on_duty_at_once_and_climbs_by_the_hour() -> None:
    case = Case(priority=Priority.URGENT)
    (now,) = [f for f in case.fire(RECEIVED) if isinstance(f, c.FireRung)]
    assert (now.rung, now.recipients, now.ways, now.breach) == ("attend-now", (1,), ("email", "whatsapp"), False)
    (due,) = [f for f in case.fire(RECEIVED + timedelta(hours=1)) if isinstance(f, c.FireRung)]
    assert (due.rung, due.recipients, due.level, due.breach) == ("attend-due", (3,), 1, True)
    assert case.row("attend").breached_at == RECEIVED + timedelta(hours=1)
    rungs = [
        f for hour in range(2, 6) for f in case.fire(RECEIVED + timedelta(hours=hour)) if isinstance(f, c.FireRung)
    ]
    assert [f.rung for f in rungs if f.target == "attend"] == ["attend-late", *["attend-repeat"] * 3]
    assert [f.roll_up for f in rungs if f.target == "attend"] == [False, True, True, True]


@pytest.mark.parametrize("command", [c.Acknowledge(), c.Reject(reason="bukan", text="Maaf."), c.Withdraw()])
def test_who_takes_an_urgent_case_up_ends_the_waking(command: c.AnyCommand) -> None:
    case = Case(priority=Priority.URGENT)
    case.fire(RECEIVED)
    assert isinstance(case.do(command, RECEIVED + timedelta(minutes=20)), Performed)
    assert case.row("attend").ended_at == RECEIVED + timedelta(minutes=20)
    assert case.row("attend").outcome == ("called_off" if isinstance(command, c.Withdraw) else "met")
    case.check()
    later = case.fire(RECEIVED + timedelta(hours=3))
    assert not [f for f in later if isinstance(f, c.FireRung) and f.target == "attend"]


def test_acknowledging_is_offered_for_an_urgent_case_and_counts_once() -> None:
    case = Case(priority=Priority.URGENT)
    assert "acknowledge" in allowed(case.ticket, OFFICER)
    assert "acknowledge" not in allowed(a_ticket(), OFFICER)
    case.do(c.Acknowledge(), RECEIVED + timedelta(minutes=5))
    case.do(c.Note(text="Saya hubungi maskapai dahulu."), RECEIVED + timedelta(minutes=9))
    case.do(c.Verify(), RECEIVED + timedelta(minutes=10))
    assert case.timers("attend") == [], "whoever has seen to it is not woken again by what follows"
    case.do(c.SetPriority(priority=Priority.HIGH), RECEIVED + timedelta(minutes=11))
    case.do(URGENT, RECEIVED + timedelta(minutes=30))
    assert case.timers("attend") == ["attend-now"], "urgent anew"
    case.check()


def test_taking_the_start_of_work_back_wakes_as_before() -> None:
    case = Case(priority=Priority.URGENT, status=Status.VERIFIED)
    case.fire(RECEIVED)
    case.do(c.Start(), RECEIVED + timedelta(minutes=3))
    assert case.timers("attend") == []
    case.do(c.Undo(event=case.ticket.seq), RECEIVED + timedelta(minutes=3, seconds=5))
    assert case.row("attend").due_at == RECEIVED + timedelta(hours=1), "the due time has not moved"
    assert case.timers("attend") == ["attend-due"]


def test_a_case_marked_urgent_counts_from_the_marking_and_never_ends_later() -> None:
    case = Case()
    marked = wib(25, 20)
    case.do(URGENT, marked)
    assert case.row("answer").due_at == marked + timedelta(days=1), "in hours that do not wait for the office to open"
    assert case.row("answer").counted_from == marked
    assert case.row("verify").due_at == wib(26, 11, 30), "four working hours from the next opening"
    assert case.row("attend").due_at == marked + timedelta(hours=1)
    case.check()
    case.do(c.SetPriority(priority=Priority.NORMAL), marked + timedelta(minutes=5))
    assert case.row("answer").due_at == wib(14, 16, month=12)
    assert case.row("answer").counted_from is None
    assert case.row("attend").outcome == "called_off"


def test_marking_what_is_nearly_due_gives_it_no_more_time() -> None:
    case = Case()
    due = case.row("answer").due_at
    case.do(URGENT, due - timedelta(hours=2))
    assert case.row("answer").due_at == due
    case.do(c.Classify(priority=Priority.LOW), due - timedelta(hours=1))
    assert case.row("answer").due_at == due
    late = Case()
    late.fire(due + timedelta(hours=1))
    late.do(URGENT, due + timedelta(hours=2))
    assert (late.row("answer").due_at, late.row("answer").breached_at) == (due, due)


def test_a_policy_without_a_target_for_urgent_cases_leaves_them_as_they_are() -> None:
    case = Case(an_office(), priority=Priority.URGENT)
    assert {d.target for d in case.loaded.deadlines} == {"verify", "answer", "sign"}
    case.check()


# Pauses


def test_a_pause_ends_by_itself_at_its_limit_however_late_its_timer_fires() -> None:
    policy = a_policy()
    pauses = (msgspec.structs.replace(policy.pauses[0], limit_amount=2, limit_measure="working_days"),)
    office = an_urgent_office(policies={1: msgspec.structs.replace(policy, pauses=pauses)})
    case = Case(office, status=Status.IN_PROGRESS)
    case.do(c.Ask(text="Nomor?"), wib(25, 9))
    assert case.timers("answer") == ["pause-end"]
    case.fire(wib(30, 9))
    ended = next(e for e in case.events if e.type == "pause_ended")
    assert ended.body["limit_at"] == wib(27, 16, 30).isoformat()
    answer = case.row("answer")
    assert (answer.paused_at, answer.pause_over) == (None, True)
    assert answer.pauses == msgspec.json.encode([(wib(25, 9), wib(27, 16, 30))]).decode(), "not until Monday"
    assert case.ticket.status is Status.WAITING_REPORTER, "the question stands"
    case.check()
    case.do(c.Note(text="Menunggu kabar dari pelapor."), wib(30, 10))
    assert case.row("answer").paused_at is None, "what happens meanwhile does not stop it again"
    case.do(c.Reply(text="Ini nomornya."), wib(30, 11))
    case.do(c.Ask(text="Yang lama?"), wib(30, 12))
    assert case.timers("answer") == ["pause-end"], "another question may stop it again"
    case.check()


def test_a_lapse_at_the_very_limit_of_the_pause_is_a_lapse() -> None:
    case = Case(status=Status.IN_PROGRESS)
    case.do(c.Ask(text="Nomor?"), wib(25, 9))
    case.fire(wib(25, 9, month=12))
    assert case.ticket.status is Status.WITHDRAWN
    assert "pause_ended" not in {e.type for e in case.events}
    case.check()


# Reopening and transfer


@pytest.mark.parametrize("spare", [True, False])
def test_after_reopening_what_was_left_runs_on_where_the_policy_says_so(*, spare: bool) -> None:
    office = an_urgent_office(policies={1: a_policy(after_reopening="continue")})
    case = Case(office, status=Status.IN_PROGRESS)
    first = case.row("answer").due_at
    answered = first - timedelta(days=3) if spare else first + timedelta(days=1)
    case.fire(answered)
    case.do(c.Answer(text="Sudah."), answered)
    case.do(c.Reply(text="Belum."), answered + timedelta(days=2))
    again = case.row("answer")
    assert again.episode == 1
    assert again.started_at == RECEIVED
    calendar_minutes = (answered, answered + timedelta(days=2))
    assert again.pauses == msgspec.json.encode([calendar_minutes]).decode()
    assert first < again.due_at < first + timedelta(days=5)
    case.check()
    case.do(c.Classify(oversight=True), answered + timedelta(days=2, hours=1))
    assert case.row("answer").amount == 60, "and it can be counted anew like any other"


def test_after_reopening_the_clock_begins_anew_by_default() -> None:
    case = Case(status=Status.IN_PROGRESS)
    case.do(c.Answer(text="Sudah."), wib(26, 9))
    case.do(c.Reply(text="Belum."), wib(27, 9))
    assert case.row("answer").started_at == wib(27, 9)
    assert case.row("answer").pauses == "[]"


def test_another_unit_gets_the_whole_time_where_the_policy_says_so() -> None:
    office = an_urgent_office(policies={1: a_policy(after_transfer="restart")})
    case = Case(office)
    case.do(c.Assign(unit="intaltuskim"), wib(1, 9, month=12))
    assert case.row("answer").due_at == wib(21, 16, month=12)
    assert case.row("answer").started_at == RECEIVED
    assert case.row("verify").due_at == wib(27, 16, 30), "only the answer"
    case.do(c.Undo(event=case.ticket.seq), wib(1, 9, 0, month=12) + timedelta(seconds=5))
    assert case.row("answer").due_at == wib(14, 16, month=12)
    case.do(c.Assign(assignee="petugas"), wib(1, 10, month=12))
    assert case.row("answer").due_at == wib(14, 16, month=12), "not by giving it to a colleague"
    usual = Case()
    usual.do(c.Assign(unit="intaltuskim"), wib(1, 9, month=12))
    assert usual.row("answer").due_at == wib(14, 16, month=12)


def test_an_urgent_case_gets_no_more_time_by_being_passed_on() -> None:
    office = an_urgent_office(policies={1: a_policy(after_transfer="restart")})
    case = Case(office, priority=Priority.URGENT)
    case.do(c.Assign(unit="intaltuskim"), RECEIVED + timedelta(hours=5))
    assert case.row("answer").due_at == RECEIVED + timedelta(days=1)


# What else a rung does


def test_a_rung_can_raise_the_priority_take_the_case_away_and_leave_a_note() -> None:
    policy = a_policy()
    due = next(r for r in policy.rungs if r.key == "answer-due")
    more = msgspec.structs.replace(due, raise_priority="urgent", unassigns=True, note="Mohon segera.")
    case = Case(an_urgent_office(policies={1: with_rungs(policy, {"answer-due": more})}), assignee_id=1)
    case.fire(case.row("answer").due_at)
    fired = next(e for e in case.events if e.type == "rung_fired" and e.body["rung"] == "answer-due")
    assert fired.body["raised"] == {"from": "normal", "to": "urgent"}
    assert (fired.body["unassigned"], fired.body["note"]) == (1, "Mohon segera.")
    assert (case.ticket.priority, case.ticket.assignee_id) == (Priority.URGENT, None)
    assert case.timers("attend"), "and from now on it wakes people"
    case.check()


def test_a_rung_never_lowers_the_priority_and_says_nothing_it_has_not_done() -> None:
    policy = a_policy()
    due = next(r for r in policy.rungs if r.key == "answer-due")
    more = msgspec.structs.replace(due, raise_priority="high", unassigns=True)
    office = an_urgent_office(policies={1: with_rungs(policy, {"answer-due": more})})
    case = Case(office, priority=Priority.URGENT, status=Status.IN_PROGRESS)
    case.fire(case.row("answer").due_at)
    fired = next(e for e in case.events if e.type == "rung_fired" and e.body["rung"] == "answer-due")
    assert case.ticket.priority is Priority.URGENT
    assert not {
        "raised",
        "unassigned",
        "note",
        "gone",
        "absent",
        "addresses",
        "ways",
        "unassigns",
        "raise_priority",
    } & set(fired.body)


# Receivers


def told(office_values: dict[str, object], *words: str, otherwise: tuple[str, ...] = ("head",), **ticket: object):
    office = an_urgent_office(**office_values)
    return reach(office, a_ticket(**ticket), rung("answer", 0, "k", "due", 0, 1, *words, otherwise=otherwise), RECEIVED)


def duty(person: int, unit: int | None) -> Duty:
    return Duty(person, unit, RECEIVED, RECEIVED + timedelta(hours=8))


def test_on_duty_for_the_unit_comes_before_on_duty_for_all() -> None:
    assert told({"duties": (duty(3, None), duty(1, 10))}, "duty").people == (1,)
    assert told({"duties": (duty(3, None), duty(2, 11))}, "duty").people == (3,)
    assert told({"duties": ()}, "duty", otherwise=()).people == (3,), "nobody: the supervisor"
    over = Duty(1, None, RECEIVED - timedelta(hours=8), RECEIVED)
    assert told({"duties": (over,)}, "duty", otherwise=("head",)).people == (4,), "nobody: otherwise comes first"


def test_an_absent_person_is_told_through_the_stand_in_and_the_one_above() -> None:
    away = (Absence(1, RECEIVED, RECEIVED + timedelta(days=1), 3),)
    found = told({"absences": away}, "assignee", assignee_id=1)
    assert (found.people, found.stood_in, found.gone, found.absent) == ((3, 4), {"1": 3}, (), ())


def test_an_absent_person_in_whose_place_nobody_may_stand_is_named_and_the_one_above_is_told() -> None:
    for other in (None, 2):  # nobody; somebody who does not see the cases of the unit
        away = (Absence(1, RECEIVED, RECEIVED + timedelta(days=1), other),)
        found = told({"absences": away}, "assignee", assignee_id=1)
        assert (found.people, found.stood_in, found.absent) == ((4,), {}, (1,))


def test_somebody_who_has_left_is_named_and_the_one_above_is_told() -> None:
    people = an_urgent_office().people
    people = {**people, 1: msgspec.structs.replace(people[1], active=False)}
    found = told({"people": people}, "assignee", assignee_id=1)
    assert (found.people, found.gone) == ((4,), (1,))
    standing_in = (Absence(1, RECEIVED, RECEIVED + timedelta(days=1), 3),)
    found = told({"people": people, "absences": standing_in}, "person:petugas")
    assert (found.people, found.stood_in, found.gone) == ((3, 4), {"1": 3}, (1,))
    assert told({"people": people}, "unit_officers", "supervisor").gone == (1,), "nobody else holds that place"


def test_named_people_addresses_and_the_next_unit_up() -> None:
    assert told({}, "person:kepala").people == (4,)
    assert told({}, "person:nobody").people == (4,), "a name that nobody has: otherwise"
    outside = told({}, "address:ombudsman@example.org")
    assert (outside.people, outside.addresses) == ((), ("ombudsman@example.org",))
    assert told({}, "unit_up").people == (4,)
    people = {key: p for key, p in an_urgent_office().people.items() if p.role is not Role.HEAD}
    assert told({"people": people}, "unit_up").people == (5,), "a vacant place is passed over"
    assert told({"people": people}, "person:petugas", reported_people=(1,)).people == (5,)
    assert {"duty", "unit_up", "assignee"} <= RECEIVER_WORDS


def test_nobody_at_all_is_an_alarm_and_never_silence() -> None:
    people = {key: msgspec.structs.replace(p, active=False) for key, p in an_urgent_office().people.items()}
    case = Case(an_urgent_office(people=people))
    assert case.alarms == []
    case.fire(case.row("verify").due_at)
    assert set(case.alarms) == {"rung_without_receiver:417"}
    assert told({"people": people}, "supervisor", "address:a@example.org").addresses == ("a@example.org",)


# More time


def test_who_asked_for_time_does_not_grant_it() -> None:
    case = Case(status=Status.IN_PROGRESS)
    asked = case.do(c.RequestTime(reason="berkas", working_days=3), wib(25, 9))
    assert isinstance(asked, Performed)
    assert asked.events[0].body["recipients"] == [4], "the supervisor asked: the head decides"
    own = TimeRequest(3, "berkas di pusat")
    refused = decide(case.ticket, c.GrantTime(), SUPERVISOR, wib(25, 10), case.office, request=own)
    assert isinstance(refused, Refusal)
    assert refused.code == "own_request"
    granted = decide(case.ticket, c.GrantTime(), HEAD, wib(25, 10), case.office, request=own)
    assert not isinstance(granted, Refusal)
    message = granted.events[0].message
    assert message is not None
    assert (message.sender, message.text) == ("office", "berkas di pusat"), "the reporter reads why"
    own_words = decide(case.ticket, c.GrantTime(text="Menunggu pusat."), HEAD, wib(25, 10), case.office, request=own)
    assert not isinstance(own_words, Refusal)
    assert own_words.events[0].message is not None
    assert own_words.events[0].message.text == "Menunggu pusat."


def test_more_time_has_an_end() -> None:
    case = Case(status=Status.IN_PROGRESS, kind="information")
    assert days_left(case.ticket, case.loaded.deadlines) == 5
    too_much = case.do(c.RequestTime(reason="berkas", working_days=6), wib(25, 9))
    assert isinstance(too_much, Refusal)
    assert (too_much.code, too_much.values, too_much.field) == ("too_much_time", {"most": 5}, "/working_days")
    case.do(c.RequestTime(reason="berkas", working_days=3), wib(25, 9))
    more = case.do(c.GrantTime(working_days=6), wib(25, 10))
    assert isinstance(more, Refusal)
    case.do(c.GrantTime(), wib(25, 10))
    assert case.row("answer").granted_days == 3
    case.do(c.RequestTime(reason="lagi", working_days=2), wib(25, 11))
    case.do(c.GrantTime(), wib(25, 12))
    assert days_left(case.ticket, case.loaded.deadlines) == 0
    none = case.do(c.RequestTime(reason="lagi", working_days=1), wib(25, 13))
    assert isinstance(none, Refusal)
    assert none.code == "no_time_left"


def test_an_urgent_case_can_be_given_one_more_day() -> None:
    case = Case(priority=Priority.URGENT)
    assert days_left(case.ticket, case.loaded.deadlines) == 1
    assert case.ticket.status in OPEN


def test_the_next_occurrence_is_armed_though_the_last_one_was_armed_for_the_same_instant() -> None:
    """A shorter ladder under the top: what was to fire next week has fired already, and the one after it falls on that very day."""
    case = Case(status=Status.IN_PROGRESS)
    case.fire(case.row("answer").due_at + timedelta(days=25))
    (armed,) = [t for t in case.loaded.timers if t.target == "answer"]
    newest = case.office.policies[1]
    rungs = [r for r in newest.rungs if r.key != "answer-late-5"]
    rungs = [msgspec.structs.replace(r, offset_amount=0) if r.key == "answer-late" else r for r in rungs]
    policy = msgspec.structs.replace(
        newest, version=2, effective_from=case.now, applies_to_open=True, rungs=tuple(rungs)
    )
    case.office = msgspec.structs.replace(case.office, policies={1: newest, 2: policy})
    case.fire(case.now + timedelta(minutes=1))
    case.check()
    (after,) = [t for t in case.loaded.timers if t.target == "answer"]
    assert (after.due_at, after.occurrence) == (armed.due_at, armed.occurrence + 1)


@pytest.mark.parametrize(("after_transfer", "restarts"), [("restart", True), ("continue", False)])
def test_a_case_that_comes_back_from_another_agency_was_transferred(*, after_transfer: str, restarts: bool) -> None:
    opposite = "continue" if restarts else "restart"
    policy = a_policy(after_transfer=after_transfer, after_reopening=opposite)
    case = Case(an_urgent_office(policies={1: policy}), status=Status.IN_PROGRESS)
    case.do(c.Forward(agency="Dinas Kependudukan", text="Perkara ini ditangani Dinas Kependudukan."), wib(26, 9))
    case.do(c.Reopen(reason="Dikembalikan: bukan wewenang mereka."), wib(1, 9, month=12))
    row = case.row("answer")
    assert (row.episode, row.started_at) == (1, wib(1, 9, month=12) if restarts else RECEIVED)
    case.check()

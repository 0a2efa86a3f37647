"""Clocks after a change of mind: a deed that was taken back leaves no trace in time limits, and silences nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from complaints_service.database import Scope
from complaints_service.tickets import commands as c
from complaints_service.tickets.commands import AnyCommand
from complaints_service.tickets.model import REPORTER_ACTOR, Status
from tests.office import TheOffice


async def test_an_undone_reopening_takes_no_time_from_the_next_one(the_office: TheOffice) -> None:
    filed = await the_office.file()
    for deed in (c.Verify(), c.Start(), c.Answer(text="Paspor sudah bisa diambil.")):
        await the_office.act(filed.number, deed, "petugas")
    await the_office.move_clock(timedelta(seconds=11))
    reopened = await the_office.act(filed.number, c.Reopen(reason="Keliru dijawab."), "petugas")
    await the_office.act(filed.number, c.Undo(event=reopened.ticket.seq), "petugas")
    assert {t["target"] for t in await the_office.timers(filed.number)} == {"closing"}
    await the_office.move_clock(timedelta(days=8))
    again = await the_office.reporter_acts(filed, c.Reply(text="Belum, paspornya salah nama."))
    assert (again.ticket.status, again.ticket.episode) == (Status.IN_PROGRESS, 1)
    file = await the_office.file_of(filed.number)
    answer = next(d for d in file.deadlines if (d.target, d.episode) == ("answer", 1))
    assert answer.ended_at is None
    assert answer.started_at == again.events[-1].at
    assert {t["target"] for t in await the_office.timers(filed.number)} == {"answer", "sign"}


async def _breached_with_mail_waiting(the_office: TheOffice) -> str:
    """A case in work whose answer is late, and the mails about it not sent yet."""
    filed = await the_office.file()
    for deed in (c.Verify(), c.Start()):
        await the_office.act(filed.number, deed, "petugas")
    answer = next(d for d in filed.deadlines if d.target == "answer")
    await the_office.move_clock_to(answer.due_at + timedelta(minutes=1))
    await the_office.fire()
    assert await _rungs(the_office, filed.number) == {"queued"}
    return filed.number


async def _rungs(the_office: TheOffice, number: str) -> set[object]:
    return {row["state"] for row in await the_office.outbox(number) if row["kind"] == "rung"}


@pytest.mark.parametrize(
    "deed", [c.Answer(text="Keliru."), c.Ask(text="Keliru?"), c.Reject(reason="x", text="Keliru.")]
)
async def test_a_deed_that_is_taken_back_silences_no_escalation(the_office: TheOffice, deed: AnyCommand) -> None:
    number = await _breached_with_mail_waiting(the_office)
    done = await the_office.act(number, deed, "petugas")
    held = [row["released_at"] for row in await the_office.outbox(number) if row["kind"] == "rung"]
    assert held == [done.events[-1].released_at] * len(held), "nobody is told while the deed may stand"
    await the_office.act(number, c.Undo(event=done.ticket.seq), "petugas")
    assert await _rungs(the_office, number) == {"queued"}


async def test_a_withdrawal_calls_escalations_off_at_once(the_office: TheOffice) -> None:
    number = await _breached_with_mail_waiting(the_office)
    file = await the_office.file_of(number)
    scope = Scope.ticket(file.ticket.office_id, file.ticket.id)
    office = await the_office.office()
    await the_office.services.tickets.act(office, number, c.Withdraw(), REPORTER_ACTOR, scope)
    assert await _rungs(the_office, number) == {"cancelled"}


async def test_a_case_that_reaches_nobody_is_one_alarm_however_often_it_rings(the_office: TheOffice) -> None:
    filed = await the_office.file(reported_unit="ditjen")
    for _ in range(3):
        await the_office.move_clock(timedelta(days=45))
        await the_office.fire()
    async with the_office.services.database.connection() as connection:
        raised = await connection.fetchval(
            "SELECT count(*) FROM alarm WHERE key LIKE 'rung_without_receiver:' || $1 || '%'", str(filed.ticket_id)
        )
    rungs = [e for e in (await the_office.file_of(filed.number)).events if e.type == "rung_fired"]
    assert len(rungs) > 3
    assert raised == 1

"""Clocks after a change of mind: a reopening that was taken back leaves nothing of its time to the next one."""

from __future__ import annotations

from datetime import timedelta

from complaints_service.tickets import commands as c
from complaints_service.tickets.model import Status
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

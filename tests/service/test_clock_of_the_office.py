"""The clock on the real database: urgent cases wake people, a pause ends by itself, more time has its limit and its reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from complaints_service.errors import Invalid, Refused
from complaints_service.office.model import Policy
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.model import Priority, Status
from tests.office import TheOffice
from tests.servers import Running
from tests.service.new_versions import publish_policy
from tests.service.outbox_room import Room, a_room


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        yield opened


async def rungs(the_office: TheOffice, filed: Filed, target: str) -> list[dict[str, object]]:
    file = await the_office.file_of(filed.number)
    bodies = [event.values() for event in file.events if event.type == "rung_fired"]
    return [body for body in bodies if body["target"] == target]


async def test_an_urgent_case_climbs_by_the_hour_until_somebody_takes_it_up(room: Room) -> None:
    the_office = room.office  # nobody but the demo office's own people
    filed = await the_office.file()
    await the_office.act(filed.number, c.SetPriority(priority=Priority.URGENT), "petugas")
    await the_office.fire()
    supervisor, head = await the_office.person("atasan"), await the_office.person("kepala")
    (first,) = await rungs(the_office, filed, "attend")
    assert (first["rung"], first["recipients"]) == ("attend-now", [supervisor.id]), "nobody is on duty"
    await the_office.move_clock(timedelta(hours=2))
    await the_office.fire()
    fired = await rungs(the_office, filed, "attend")
    assert [body["rung"] for body in fired] == ["attend-now", "attend-due", "attend-late"]
    assert fired[-1]["recipients"] == [head.id]
    assert [body["mail"] for body in fired] == [True, False, True], "of those due together only the highest mails"
    await the_office.act(filed.number, c.Acknowledge(), "atasan")
    await the_office.move_clock(timedelta(hours=5))
    await the_office.fire()
    assert len(await rungs(the_office, filed, "attend")) == len(fired)
    file = await the_office.file_of(filed.number)
    attend = next(d for d in file.deadlines if d.target == "attend")
    assert attend.outcome == "met"
    assert attend.breached_at is not None
    assert file.ticket.level == 2
    answer = next(d for d in file.deadlines if d.target == "answer")
    assert answer.counted_from is not None
    assert answer.due_at <= answer.counted_from + timedelta(days=1)


async def test_a_pause_ends_by_itself_at_its_limit_and_nothing_lags(room: Room) -> None:
    the_office = room.office

    def short_pause(policy: Policy) -> Policy:
        (pause,) = policy.pauses
        pause = msgspec.structs.replace(pause, limit_amount=2, limit_measure="working_days")
        return msgspec.structs.replace(policy, pauses=(pause,))

    filed = await the_office.file()
    await publish_policy(room.admin, await the_office.office(), short_pause)
    await the_office.services.offices.refresh()
    for command in (c.Verify(), c.Start(), c.Ask(text="Nomor permohonan Anda?")):
        await the_office.act(filed.number, command, "petugas")
    armed = {str(t["target"]): t for t in await the_office.timers(filed.number)}
    assert armed["answer"]["rung"] == "pause-end"
    await the_office.move_clock(timedelta(days=10))
    await the_office.fire()
    file = await the_office.file_of(filed.number)
    ended = [event.values() for event in file.events if event.type == "pause_ended"]
    due_at = armed["answer"]["due_at"]
    assert isinstance(due_at, datetime)
    assert [body["limit_at"] for body in ended] == [due_at.isoformat()]
    answer = next(d for d in file.deadlines if d.target == "answer")
    assert (answer.paused_at, answer.pause_over, file.ticket.status) == (None, True, Status.WAITING_REPORTER)
    fired = {t["rung"] for t in await the_office.timers(filed.number, "fired")}
    assert "pause-end" in fired
    assert "answer" in {t["target"] for t in await the_office.timers(filed.number)}, "it climbs again"
    await the_office.reporter_acts(filed, c.Reply(text="Nomornya 123."))
    replied = next(d for d in (await the_office.file_of(filed.number)).deadlines if d.target == "answer")
    assert (replied.due_at, replied.pause_over) == (answer.due_at, False)


async def test_more_time_is_granted_by_another_and_tells_the_reporter_why(the_office: TheOffice) -> None:
    filed = await the_office.file()
    for command in (c.Verify(), c.Start()):
        await the_office.act(filed.number, command, "petugas")
    with pytest.raises(Invalid) as too_much:
        await the_office.act(filed.number, c.RequestTime(reason="Berkas", working_days=15), "petugas")
    assert too_much.value.problems[0].pointer == "/working_days"
    await the_office.act(filed.number, c.RequestTime(reason="Berkas masih di kantor pusat.", working_days=3), "atasan")
    with pytest.raises(Refused) as own:
        await the_office.act(filed.number, c.GrantTime(), "atasan")
    assert own.value.code == "own_request"
    was = next(d for d in (await the_office.file_of(filed.number)).deadlines if d.target == "answer")
    await the_office.act(filed.number, c.GrantTime(), "kepala")
    file = await the_office.file_of(filed.number)
    assert (file.messages[-1].sender, file.messages[-1].text) == ("office", "Berkas masih di kantor pusat.")
    answer = next(d for d in file.deadlines if d.target == "answer")
    assert (answer.granted_days, answer.due_at > was.due_at) == (3, True)
    told = {(row["kind"], row["person_id"]) for row in await the_office.outbox(filed.number)}
    supervisor = await the_office.person("atasan")
    assert ("time_granted", None) in told
    assert ("time_answered", supervisor.id) in told, "the one who asked, who is not the one who holds the case"

"""The heart on the real database: filing, commands, undo, replies, the chain, and that nothing open is ever without a timer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from complaints_service.errors import KeyReused, NotFound, Refused, Stale
from complaints_service.tickets import commands as c
from complaints_service.tickets.model import Status
from tests.office import TheOffice


async def test_a_filed_complaint_is_a_ticket_with_number_code_and_promised_dates(the_office: TheOffice) -> None:
    filed = await the_office.file()
    assert filed.number.startswith("LT-")
    assert filed.unit_name == "Seksi Lantaskim"
    assert {d.target for d in filed.deadlines} == {"verify", "answer"}
    found = await the_office.services.reader.with_code(await the_office.office(), filed.number, filed.tracking_code)
    assert found.ticket.id == filed.ticket_id
    assert {t["target"] for t in await the_office.timers(filed.number)} == {"verify", "answer", "sign"}


async def test_the_same_key_and_body_give_the_first_answer_again(the_office: TheOffice) -> None:
    first = await the_office.file(key="twice")
    again = await the_office.file(key="twice")
    assert (again.number, again.tracking_code, again.deadlines) == (first.number, first.tracking_code, first.deadlines)
    assert again.replayed
    with pytest.raises(KeyReused):
        await the_office.file(key="twice", description="Sesuatu yang lain sama sekali.")


async def test_the_road_from_verification_to_closing(the_office: TheOffice) -> None:
    filed = await the_office.file()
    verified = await the_office.act(filed.number, c.Verify(), "petugas", version=1)
    assert verified.ticket.status is Status.VERIFIED
    started = await the_office.act(filed.number, c.Start(), "petugas", version=2)
    petugas = await the_office.person("petugas")
    assert (started.ticket.status, started.ticket.assignee_id) == (Status.IN_PROGRESS, petugas.id)
    await the_office.act(filed.number, c.Ask(text="Nomor permohonan Anda?"), "petugas")
    file = await the_office.file_of(filed.number)
    answer = next(d for d in file.deadlines if d.target == "answer")
    assert answer.paused_at is not None
    assert {t["target"] for t in await the_office.timers(filed.number)} == {"answer", "reporter"}, (
        "the reporter has so long, and so long the answer may stand"
    )
    replied = await the_office.reporter_acts(filed, c.Reply(text="12345"))
    assert replied.ticket.status is Status.IN_PROGRESS
    answered = await the_office.act(filed.number, c.Answer(text="Paspor sudah bisa diambil."), "petugas")
    assert answered.ticket.status is Status.ANSWERED
    assert {t["target"] for t in await the_office.timers(filed.number)} == {"closing"}
    closed = await the_office.reporter_acts(filed, c.Reply(resolved=True))
    assert closed.ticket.status is Status.CLOSED
    assert await the_office.timers(filed.number) == []


async def test_a_reply_after_the_answer_reopens_with_a_new_answer_clock(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.act(filed.number, c.Start(), "petugas")
    await the_office.act(filed.number, c.Answer(text="Selesai."), "petugas")
    again = await the_office.reporter_acts(filed, c.Reply(text="Belum, paspornya salah nama."))
    assert (again.ticket.status, again.ticket.episode) == (Status.IN_PROGRESS, 1)
    file = await the_office.file_of(filed.number)
    assert {(d.target, d.episode) for d in file.deadlines if d.ended_at is None} == {("answer", 1), ("sign", 1)}


async def test_a_deed_is_undone_within_ten_seconds_and_its_words_are_not_sent(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.act(filed.number, c.Start(), "petugas")
    before = await the_office.timers(filed.number)
    answered = await the_office.act(filed.number, c.Answer(text="Keliru."), "petugas")
    undone = await the_office.act(filed.number, c.Undo(event=answered.ticket.seq), "petugas")
    assert undone.ticket.status is Status.IN_PROGRESS
    file = await the_office.file_of(filed.number)
    assert [m.text for m in file.messages] == []
    assert {(t["target"], t["due_at"]) for t in await the_office.timers(filed.number)} >= {
        (t["target"], t["due_at"]) for t in before if t["target"] == "answer"
    }
    states = {row["kind"]: row["state"] for row in await the_office.outbox(filed.number)}
    assert states["answer"] == "cancelled"


async def test_undo_is_refused_to_others_and_after_ten_seconds(the_office: TheOffice) -> None:
    filed = await the_office.file()
    verified = await the_office.act(filed.number, c.Verify(), "petugas")
    with pytest.raises(Refused):
        await the_office.act(filed.number, c.Undo(event=verified.ticket.seq), "atasan")
    await the_office.move_clock(timedelta(seconds=11))
    with pytest.raises(Refused) as refusal:
        await the_office.act(filed.number, c.Undo(event=verified.ticket.seq), "petugas")
    assert refusal.value.code == "too_late_to_undo"


async def test_an_old_version_is_refused_and_nothing_is_written(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas", version=1)
    with pytest.raises(Stale):
        await the_office.act(filed.number, c.Start(), "petugas", version=1)
    assert (await the_office.file_of(filed.number)).ticket.status is Status.VERIFIED


async def test_another_units_officer_finds_nothing(the_office: TheOffice) -> None:
    filed = await the_office.file()
    with pytest.raises(NotFound):
        await the_office.act(filed.number, c.Verify(), "petugas2")


async def test_the_ladder_climbs_by_itself_to_the_regional_office(the_office: TheOffice) -> None:
    filed = await the_office.file()
    answer = next(d for d in filed.deadlines if d.target == "answer")
    # Five working days, whatever holidays lie ahead.
    await the_office.move_clock_to(answer.due_at + timedelta(days=21))
    await the_office.fire()
    file = await the_office.file_of(filed.number)
    rungs = [e.values()["rung"] for e in file.events if e.type == "rung_fired"]
    assert rungs[:2] == ["verify-remind", "answer-half"] or "verify-due" in rungs
    assert {"verify-due", "answer-due", "answer-late", "answer-late-5"} <= set(rungs)
    mailed = [e.values() for e in file.events if e.type == "rung_fired" and e.values()["mail"]]
    assert len(mailed) == 1, "after an outage only the highest rung is mailed"
    assert await the_office.fire() == 0, "nothing fires twice"
    assert await the_office.timers(filed.number), "the top rung repeats"


async def test_the_chain_of_events_verifies(the_office: TheOffice) -> None:
    from complaints_service.database import SYSTEM
    from complaints_service.tickets.chain import event_hash

    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    await the_office.act(filed.number, c.Note(text="Sudah dicek di sistem antrean."), "petugas")
    async with the_office.services.database.transaction(SYSTEM) as connection:
        ticket = await connection.fetchrow("SELECT * FROM ticket WHERE number = $1", filed.number)
        events = await connection.fetch("SELECT * FROM ticket_event WHERE ticket_id = $1 ORDER BY seq", ticket["id"])
    head = ticket["chain_seed"]
    for event in events:
        head = event_hash(
            head, event["seq"], event["at"], event["type"], event["actor"], event["body"], event["content_digest"]
        )
        assert head == event["hash"]
    assert head == ticket["chain_head"]


async def test_a_split_files_a_second_ticket_and_a_merge_joins_two(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    split = await the_office.act(filed.number, c.Split(text="Petugas loket juga tidak ramah."), "petugas")
    assert split.created_number is not None
    merged = await the_office.act(split.created_number, c.Merge(into=filed.number), "petugas")
    assert merged.ticket.status is Status.MERGED
    assert await the_office.timers(split.created_number) == []

"""What becomes of a case is never lost on its reporter: thanks do not reopen it, a second matter and a merger reach the same person."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from complaints_service.database import Scope
from complaints_service.errors import Invalid, Refused
from complaints_service.public.case_words import next_steps, promises
from complaints_service.tickets import commands as c
from complaints_service.tickets.model import Privacy, Status
from complaints_service.tickets.timeline import next_step
from tests.office import TheOffice


async def test_thanks_on_a_settled_case_do_not_reopen_it(the_office: TheOffice) -> None:
    filed = await the_office.file()
    for deed in (c.Verify(), c.Start(), c.Answer(text="Paspor sudah bisa diambil.")):
        await the_office.act(filed.number, deed, "petugas")
    await the_office.reporter_acts(filed, c.Reply(resolved=True))
    thanked = await the_office.reporter_acts(filed, c.Reply(text="Terima kasih", resolved=True))
    assert (thanked.ticket.status, thanked.ticket.episode) == (Status.CLOSED, 0)
    assert [m.text for m in (await the_office.file_of(filed.number)).messages][-1] == "Terima kasih"
    again = await the_office.reporter_acts(filed, c.Reply(text="Ternyata namanya salah."))
    assert (again.ticket.status, again.ticket.episode) == (Status.IN_PROGRESS, 1)


async def test_a_second_matter_belongs_to_the_same_reporter_who_gets_its_receipt(the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    split = await the_office.act(filed.number, c.Split(text="Petugas loket juga tidak ramah."), "petugas")
    assert split.created_number is not None
    first, second = await the_office.file_of(filed.number), await the_office.file_of(split.created_number)
    assert second.reporter == first.reporter
    assert [row["kind"] for row in await the_office.outbox(split.created_number)] == ["receipt"]


async def test_a_second_matter_of_an_anonymous_complaint_stays_anonymous(the_office: TheOffice) -> None:
    nobody = dict.fromkeys(("reporter_name", "reporter_phone", "reporter_email"))
    filed = await the_office.file(privacy=Privacy.ANONYMOUS, **nobody)
    split = await the_office.act(filed.number, c.Split(text="Petugas loket juga tidak ramah."), "petugas")
    second = await the_office.file_of(split.created_number or "")
    assert (second.reporter, second.ticket.privacy) == (None, Privacy.ANONYMOUS)
    assert await the_office.outbox(second.ticket.number) == []


async def test_who_was_merged_reads_how_the_other_case_stands_and_never_its_number(the_office: TheOffice) -> None:
    filed, other = await the_office.file(), await the_office.file()
    await the_office.act(filed.number, c.Merge(into=other.number), "petugas")
    office, own = await the_office.office(), Scope.ticket(filed.office_id, filed.ticket_id)
    seen = await the_office.services.reader.file_of(own, office, filed.number)
    assert seen.merged_into is None, "it can still be undone"
    await the_office.move_clock(timedelta(seconds=11))
    seen = await the_office.services.reader.file_of(own, office, filed.number)
    told = next_step(seen, office, "id")
    assert "keadaannya: Terkirim" in told
    assert other.number not in told


async def test_nobody_reads_that_the_check_comes_after_the_answer(the_office: TheOffice) -> None:
    """Of an urgent case of a Saturday: the answer within 24 hours, the check within four that the office is open."""
    filed, office = await the_office.file(), await the_office.office()
    usual = await the_office.file_of(filed.number)
    dates = {row.target: row.due_at for row in usual.deadlines}
    swapped = {"verify": dates["answer"], "answer": dates["verify"]}
    urgent = msgspec.structs.replace(
        usual,
        deadlines=tuple(
            msgspec.structs.replace(row, due_at=swapped.get(row.target, row.due_at)) for row in usual.deadlines
        ),
    )
    told = {name: next_step(file, office, "en") for name, file in (("usual", usual), ("urgent", urgent))}
    assert [told[name].count(" by ") for name in ("usual", "urgent")] == [2, 1]
    assert next(step.title for step in next_steps(urgent, office, "en")) == "You get an answer"
    assert len(promises(usual, office, "en", usual.now)) == 2
    assert [promise.title for promise in promises(urgent, office, "en", urgent.now)] == ["Answer by"]


async def test_an_answer_of_blanks_answers_nothing(the_office: TheOffice) -> None:
    filed = await the_office.file()
    for deed in (c.Verify(), c.Start()):
        await the_office.act(filed.number, deed, "petugas")
    with pytest.raises((Invalid, Refused)):
        await the_office.act(filed.number, c.Answer(text=" \n "), "petugas")
    assert (await the_office.file_of(filed.number)).ticket.status is Status.IN_PROGRESS


async def test_a_date_that_classifying_moves_later_is_told_and_one_moved_earlier_is_no_letter(
    the_office: TheOffice,
) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.Verify(), "petugas")
    classified = await the_office.act(filed.number, c.Classify(oversight=True), "petugas")
    rows = await the_office.outbox(filed.number)
    assert [row["kind"] for row in rows] == ["receipt", "time_granted"]
    assert rows[-1]["released_at"] == classified.events[-1].released_at, "not before it can no longer be undone"
    await the_office.act(filed.number, c.Classify(oversight=False, simple=True), "petugas")
    assert [row["kind"] for row in await the_office.outbox(filed.number)] == ["receipt", "time_granted"]

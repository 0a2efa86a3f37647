"""Rules 3 and 4 of RELIABILITY.md: one row at a time, fenced, still owed, and every end that a message can come to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from complaints_service.notifications.message_ids import MessageIds
from complaints_service.notifications.store import OutboxStore
from complaints_service.tickets import commands as c
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

TEN_SECONDS = timedelta(seconds=11)


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        yield opened


def store_of(room: Room) -> OutboxStore:
    """Another worker's hands."""
    ids = MessageIds(room.services.keys, room.services.settings.mail_from)
    return OutboxStore(room.services.database, ids, 3)


async def test_the_receipt_brings_number_code_dates_and_a_link_and_the_row_holds_none_of_it(room: Room) -> None:
    filed = await room.office.file()
    assert await room.deliver() == 1
    mail = room.postbox.to("siti@example.org")[0]
    assert filed.number in mail.subject
    for part in (mail.text, mail.html):
        assert filed.tracking_code in part
        assert "Seksi Lantaskim" in part
        assert part.count("pukul 16.") == 2
    row = (await room.rows())[0]
    link = mail.text.split("/m/")[1].split()[0]
    stored = await room.admin.fetch("SELECT * FROM link")
    everything = f"{dict(row)}{[dict(one) for one in stored]}"
    for secret in (filed.tracking_code, link, "siti@example.org", "Siti"):
        assert secret not in everything
    assert await room.services.links.open_ticket(link) == (filed.office_id, filed.ticket_id)


async def test_an_officers_words_leave_after_the_ten_seconds_and_never_when_undone(room: Room) -> None:
    filed = await room.office.file()
    await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.act(filed.number, c.Start(), "petugas")
    await room.deliver()
    asked = await room.office.act(filed.number, c.Ask(text="Nomor berkas yang salah"), "petugas")
    assert await room.deliver() == 0
    await room.office.act(filed.number, c.Undo(event=asked.events[0].seq), "petugas")
    await room.office.act(filed.number, c.Ask(text="Mohon nomor berkas Anda"), "petugas")
    await room.office.move_clock(TEN_SECONDS)
    assert await room.deliver() == 1
    texts = [mail.text for mail in room.postbox.to("siti@example.org")]
    assert any("Mohon nomor berkas Anda" in text for text in texts)
    assert not any("yang salah" in text for text in texts)


async def test_a_busy_server_gets_the_same_mail_again_later_under_the_same_message_id(room: Room) -> None:
    await room.office.file()
    room.postbox.script = ["busy", "busy"]
    assert await room.deliver() == 0
    row = (await room.rows())[0]
    assert (row["state"], row["attempts"], row["uncertain"], row["last_error"]) == ("queued", 1, 0, "smtp_450")
    assert await room.deliver_with_retries(2) == 1
    row = (await room.rows())[0]
    assert (row["state"], row["attempts"], row["uncertain"]) == ("sent", 3, 0)
    assert [mail.message["Message-ID"] for mail in room.postbox.taken] == [row["message_id"]]


async def test_a_reply_that_is_lost_once_makes_one_copy_that_can_be_recognised(room: Room) -> None:
    await room.office.file()
    room.postbox.script = ["cut_after_data"]
    assert await room.deliver() == 0
    assert await room.deliver_with_retries(1) == 1
    assert len(room.postbox.taken) == 2
    assert len({mail.message["Message-ID"] for mail in room.postbox.taken}) == 1
    assert await room.states() == ["sent"]


async def test_a_reply_that_is_always_lost_makes_three_copies_and_then_an_alarm(room: Room) -> None:
    await room.office.file()
    room.postbox.usual = "cut_after_data"
    await room.deliver()
    await room.deliver_with_retries(6)
    assert len(room.postbox.taken) == 3
    assert len({mail.message["Message-ID"] for mail in room.postbox.taken}) == 1
    assert await room.states() == ["dead"]
    assert await room.alarms() == ["outbox_dead:email:receipt"]


async def test_one_refused_address_harms_nobody_else_and_a_person_can_try_it_again(room: Room) -> None:
    room.postbox.of["nobody@example.org"] = "refuse"
    await room.office.file(reporter_email="nobody@example.org")
    await room.office.file(reporter_email="siti@example.org")
    assert await room.deliver() == 1
    assert await room.states() == ["dead", "sent"]
    assert await room.alarms() == ["outbox_dead:email:receipt"]
    office = await room.office.office()
    letter = (await room.delivery.dead_letters(office))[0]
    assert (letter.kind, letter.to, letter.reason) == ("receipt", "reporter", "smtp_550")
    room.postbox.of.clear()
    await room.delivery.retry(office.id, letter.id)
    assert await room.deliver() == 1
    assert await room.states() == ["sent", "sent"]
    assert await room.alarms() == []


async def test_what_a_killed_worker_held_is_sent_after_its_lease(room: Room) -> None:
    await room.office.file()
    assert not isinstance(await store_of(room).claim(["email"]), int | None)
    assert await room.deliver() == 0, "somebody else holds it"
    await room.hurry()
    assert await room.deliver() == 1
    row = (await room.rows())[0]
    assert (row["state"], row["attempts"], row["uncertain"]) == ("sent", 2, 0)
    assert len(room.postbox.taken) == 1


async def test_workers_that_die_in_the_middle_of_sending_make_at_most_three_copies(room: Room) -> None:
    await room.office.file()
    await room.admin.execute("UPDATE outbox SET uncertain = 3")
    assert await room.deliver() == 0
    assert await room.states() == ["dead"]
    assert room.postbox.taken == []
    assert await room.alarms() == ["outbox_dead:email:receipt"]


async def test_a_worker_that_wakes_up_after_its_lease_can_mark_nothing(room: Room) -> None:
    await room.office.file()
    asleep = store_of(room)
    row = await asleep.claim(["email"])
    assert row is not None
    assert not isinstance(row, int)
    await room.hurry()
    assert await room.deliver() == 1
    assert not await asleep.mark_sent(row, None)
    assert not await asleep.mark_ended(row, "dead", "late")
    assert not await asleep.mark_again(row, 0, "late", known=False, handed_over=True)
    assert await room.states() == ["sent"]
    assert len(room.postbox.taken) == 1


async def test_a_worker_that_is_told_to_stop_uses_up_no_try(room: Room) -> None:
    await room.office.file()
    store = store_of(room)
    row = await store.claim(["email"])
    assert row is not None
    assert not isinstance(row, int)
    assert await store.give_back(row)
    found = (await room.rows())[0]
    assert (found["state"], found["attempts"]) == ("queued", 0)


async def test_after_a_stop_nothing_more_is_claimed(room: Room) -> None:
    await room.office.file()
    await room.delivery.stop()
    assert await room.states() == ["queued"]


async def test_many_workers_and_a_slow_server_send_each_mail_once(room: Room) -> None:
    for number in range(24):
        await room.office.file(reporter_email=f"orang{number}@example.org")
    room.postbox.slow = 0.01
    assert await room.deliver() == 24
    assert sorted(mail.to[0] for mail in room.postbox.taken) == sorted(f"orang{n}@example.org" for n in range(24))
    assert 1 < room.postbox.most_at_once <= 4
    assert {row["attempts"] for row in await room.rows()} == {1}


async def test_a_server_that_is_down_costs_a_few_tries_and_then_the_oldest_leave_first(
    running: Running, tmp_path: Path
) -> None:
    async with a_room(running, tmp_path, outbox_retry_min_seconds="5", outbox_retry_max_seconds="5") as room:
        for number in range(12):
            await room.office.file(reporter_email=f"orang{number:02}@example.org")
        room.postbox.usual = "closing"
        await room.deliver()
        await room.deliver()
        tried = sum(row["attempts"] for row in await room.rows())
        assert 1 <= tried <= 4, "one for each of the four that were on their way"
        waiting = await room.delivery.waiting()
        assert waiting.next_seconds is not None
        assert waiting.next_seconds > 1, "no hot loop"


async def test_a_broken_way_recovers_by_itself(room: Room) -> None:
    for number in range(6):
        await room.office.file(reporter_email=f"orang{number}@example.org")
    room.postbox.usual = "closing"
    await room.deliver()
    room.postbox.usual = "take"

    async def all_sent() -> bool:
        await room.deliver()
        return set(await room.states()) == {"sent"}

    await room.until(all_sent)
    assert len(room.postbox.taken) == 6


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kind": "nonsense"}, "poison_ValueError"),
        ({"kind": "alarm", "params": "{broken"}, "poison_DecodeError"),
        ({"kind": "alarm", "params": '{"other":1}'}, "poison_KeyError"),
    ],
)
async def test_a_poison_row_steps_aside_and_the_queue_moves(room: Room, values: dict[str, object], reason: str) -> None:
    head = await room.office.person("kepala")
    await room.put(person_id=head.id, **values)
    await room.office.file()
    assert await room.deliver() == 1, "the row behind it is not held up"
    for _ in range(4):
        await room.hurry()
        await room.deliver()
    poison = (await room.rows())[0]
    assert (poison["state"], poison["attempts"], poison["last_error"]) == ("dead", 5, reason)
    assert poison["uncertain"] == 0
    assert await room.alarms() == [f"outbox_dead:email:{values['kind']}"]


async def test_a_person_who_left_gets_nothing_and_an_alarm_says_so(room: Room) -> None:
    tickets = await room.file_many(1)
    await room.escalate(tickets, "kepala")
    await room.admin.execute("UPDATE person SET active = false WHERE username = 'kepala'")
    await room.services.offices.refresh()
    assert await room.deliver() == 0
    assert (await room.rows(kind="rung"))[0]["last_error"] == "person_inactive"
    assert await room.alarms() == ["outbox_dead:email:rung"]


async def test_an_erased_address_is_a_dead_letter(room: Room) -> None:
    await room.office.file()
    await room.admin.execute("UPDATE reporter SET email = NULL, erased_at = office_now()")
    assert await room.deliver() == 0
    assert (await room.rows())[0]["last_error"] == "no_address"


async def test_an_escalation_of_a_ticket_that_was_closed_meanwhile_is_cancelled(room: Room) -> None:
    filed = await room.office.file(reporter_email=None, reporter_phone=None)
    await room.escalate([(filed.ticket_id, filed.number)], "kepala")
    await room.office.reporter_acts(filed, c.Withdraw())
    await room.admin.execute("UPDATE outbox SET state = 'queued' WHERE kind = 'rung'")
    assert await room.deliver() == 0
    row = (await room.rows(kind="rung"))[0]
    assert (row["state"], row["last_error"]) == ("cancelled", "ticket_ended")


async def test_an_officers_mail_holds_nothing_personal(room: Room) -> None:
    filed = await room.office.file(description="Nomor KTP saya 1871 dan petugas bernama Joko")
    await room.escalate([(filed.ticket_id, filed.number)], "kepala")
    await room.deliver()
    head = await room.office.person("kepala")
    mail = room.postbox.to(head.email or "")[0]
    for part in (mail.text, mail.html, str(mail.message)):
        for personal in ("Siti", "siti@", "6281", "1871", "Joko", filed.tracking_code):
            assert personal not in part
    assert filed.number in mail.subject
    assert "keterlambatan, paspor baru" in mail.subject
    assert "/a/" in mail.text


async def test_mails_of_one_ticket_thread(room: Room) -> None:
    first, second = await room.office.file(), await room.office.file()
    await room.escalate([(first.ticket_id, first.number)], "kepala")
    await room.deliver()
    of_first = {str(m.message["References"]) for m in room.postbox.taken if first.number in m.subject}
    of_second = {str(m.message["References"]) for m in room.postbox.taken if second.number in m.subject}
    assert len(of_first) == len(of_second) == 1
    assert of_first != of_second


async def test_the_reporters_language_and_the_persons_language_are_used(room: Room) -> None:
    filed = await room.office.file(language="en")
    await room.escalate([(filed.ticket_id, filed.number)], "kepala")
    await room.deliver()
    head = await room.office.person("kepala")
    assert "We have received your complaint" in room.postbox.to("siti@example.org")[0].text
    assert "Dipegang oleh" in room.postbox.to(head.email or "")[0].text

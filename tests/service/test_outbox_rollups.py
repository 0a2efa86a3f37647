"""Floods become roll-ups (D5), mornings have a digest, alarms are mailed once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from complaints_service.tickets import commands as c
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        await to_the_hour(opened)
        yield opened


async def to_the_hour(room: Room) -> datetime:
    """The next full hour and a minute, so that the hour does not end in the middle of a test."""
    now = await room.office.now()
    hour = now.replace(minute=1, second=0, microsecond=0) + timedelta(hours=1)
    await room.office.move_clock_to(hour)
    return hour


async def to_local(room: Room, hour: int, minute: int) -> None:
    """The next moment at which the office's clocks show this."""
    now = (await room.office.now()).astimezone(JAKARTA)
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    await room.office.move_clock_to(then if then > now else then + timedelta(days=1))


async def address_of(room: Room, username: str) -> str:
    person = await room.office.person(username)
    assert person.email is not None
    return person.email


async def test_five_mails_at_once_and_the_rest_in_one_at_the_full_hour(room: Room) -> None:
    tickets = await room.file_many(30)
    await room.escalate(tickets, "kepala")
    assert await room.deliver() == 5
    head = await address_of(room, "kepala")
    assert len(room.postbox.to(head)) == 5
    roll_up = (await room.rows(kind="roll_up"))[0]
    absorbed = await room.rows(state="absorbed")
    assert len(absorbed) == 25
    assert {row["absorbed_by"] for row in absorbed} == {roll_up["id"]}
    await to_the_hour(room)
    assert await room.deliver() == 1
    mail = room.postbox.to(head)[-1]
    assert "25 tiket" in mail.subject
    assert mail.text.count("  Seksi Lantaskim") == 20, "the most urgent are listed"
    assert "dan 5 lainnya" in mail.text
    singles = {m.subject.split()[2] for m in room.postbox.to(head)[:5]}
    assert not any(number in mail.text for number in singles)


WAKES = '{"target":"attend","rung":"attend-start","level":0,"breach":false}'


async def urgent_cases(room: Room, count: int) -> list[tuple[int, str]]:
    """Tickets that somebody must take up within an hour by the clock."""
    urgent = await room.file_many(count)
    await room.admin.execute(
        "INSERT INTO deadline (office_id, ticket_id, target, episode, started_at, due_at, first_due_at, amount, measure,"
        " policy_version, calendar_version)"
        " SELECT office_id, id, 'attend', 0, received_at, received_at + interval '3 hours', received_at + interval '3 hours', 180,"
        " 'calendar_minutes', 1, 1 FROM ticket WHERE id = ANY ($1)",
        [ticket_id for ticket_id, _ in urgent],
    )
    return urgent


async def test_an_urgent_case_wakes_a_person_who_has_had_five_mails_already(room: Room) -> None:
    await room.escalate(await room.file_many(8), "kepala")
    assert await room.deliver() == 5
    urgent = await urgent_cases(room, 1)
    await room.escalate(urgent, "kepala", params=WAKES)
    assert await room.deliver() == 1, "the roll-up leaves at once"
    mail = room.postbox.to(await address_of(room, "kepala"))[-1]
    assert "[Mendesak] 4 tiket" in mail.subject
    assert mail.text.split("LT-")[1].startswith(urgent[0][1].removeprefix("LT-")), "the urgent one comes first"
    assert len(await room.rows(kind="roll_up")) == 1


async def test_after_that_the_next_roll_up_leaves_an_hour_later(room: Room) -> None:
    await room.escalate(await room.file_many(5), "kepala")
    assert await room.deliver() == 5
    urgent = await urgent_cases(room, 3)
    await room.escalate(urgent[:1], "kepala", params=WAKES)
    assert await room.deliver() == 1
    await room.escalate(urgent[1:], "kepala", params=WAKES)
    assert await room.deliver() == 0, "five single mails and one roll-up within the hour"
    await room.escalate(await room.file_many(1), "kepala")
    await room.office.move_clock(timedelta(minutes=58))
    assert await room.deliver() == 0
    await room.office.move_clock(timedelta(minutes=4))
    assert await room.deliver() == 1
    assert "[Mendesak] 3 tiket" in room.postbox.to(await address_of(room, "kepala"))[-1].subject
    first, second = await room.rows(kind="roll_up")
    assert second["released_at"] >= first["sent_office_at"] + timedelta(hours=1)


async def test_an_urgent_case_is_one_of_the_five_while_there_is_room(room: Room) -> None:
    await room.escalate(await room.file_many(4), "kepala")
    await room.escalate(await urgent_cases(room, 1), "kepala", params=WAKES)
    assert await room.deliver() == 5
    await room.escalate(await room.file_many(1), "kepala")
    assert await room.deliver() == 0
    assert len(await room.rows(state="absorbed")) == 1


async def test_an_urgent_case_behind_a_flood_does_not_wait_for_the_hour(room: Room) -> None:
    await room.escalate(await room.file_many(9), "kepala")
    urgent = await urgent_cases(room, 1)
    await room.escalate(urgent, "kepala", params=WAKES)
    assert await room.deliver() == 6
    mails = room.postbox.to(await address_of(room, "kepala"))
    (roll_up,) = [mail for mail in mails if mail.subject.startswith("[Mendesak] ")]
    assert urgent[0][1] in roll_up.text


async def test_a_repeat_about_an_urgent_case_comes_with_the_hourly_roll_up(room: Room) -> None:
    repeat = '{"target":"attend","rung":"attend-repeat","level":2,"breach":false,"roll_up":true}'
    await room.escalate(await urgent_cases(room, 2), "kepala", params=repeat)
    assert await room.deliver() == 0
    await to_the_hour(room)
    assert await room.deliver() == 1


async def test_the_flood_of_one_person_delays_nobody_else(room: Room) -> None:
    tickets = await room.file_many(12)
    await room.escalate(tickets, "kepala")
    await room.escalate(tickets[:2], "atasan")
    assert await room.deliver() == 7
    assert len(room.postbox.to(await address_of(room, "atasan"))) == 2


async def test_later_escalations_of_the_same_hour_join_the_same_roll_up(room: Room) -> None:
    await room.escalate(await room.file_many(7), "kepala")
    await room.deliver()
    await room.escalate(await room.file_many(3), "kepala")
    assert await room.deliver() == 0
    assert len(await room.rows(kind="roll_up")) == 1
    assert len(await room.rows(state="absorbed")) == 5


async def test_the_cap_is_of_any_sixty_minutes_and_not_of_the_hour_by_the_clock(room: Room) -> None:
    await room.office.move_clock(timedelta(minutes=58))
    await room.escalate(await room.file_many(5), "kepala")
    assert await room.deliver() == 5
    await room.office.move_clock(timedelta(minutes=2))
    await room.escalate(await room.file_many(2), "kepala")
    assert await room.deliver() == 0
    await room.office.move_clock(timedelta(minutes=61))
    await room.escalate(await room.file_many(1), "kepala")
    assert await room.deliver() == 2, "the roll-up and the new one"


async def test_a_case_that_was_settled_meanwhile_is_left_out_of_the_roll_up(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None, reporter_phone=None) for _ in range(7)]
    await room.escalate([(one.ticket_id, one.number) for one in filed], "kepala")
    await room.deliver()
    held_back = await room.rows(state="absorbed")
    for one in filed:
        if one.ticket_id == held_back[0]["ticket_id"]:
            await room.office.reporter_acts(one, c.Withdraw())
    await to_the_hour(room)
    await room.deliver()
    assert "1 tiket" in room.postbox.to(await address_of(room, "kepala"))[-1].subject


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE deadline SET ended_at = office_now() WHERE ticket_id = $1 AND target = 'answer'",
        "UPDATE deadline SET paused_at = office_now() WHERE ticket_id = $1 AND target = 'answer'",
        "UPDATE deadline SET due_at = office_now() + interval '3 days' WHERE ticket_id = $1 AND target = 'answer'",
    ],
    ids=["acted on", "waits for the reporter", "new date"],
)
async def test_what_is_called_off_meanwhile_is_left_out_of_the_roll_up(room: Room, deed: str) -> None:
    await room.escalate(await room.file_many(7), "kepala")
    await room.deliver()
    first, second = [row["ticket_id"] for row in await room.rows(state="absorbed")]
    await room.admin.execute(deed, first)
    await to_the_hour(room)
    assert await room.deliver() == 1
    mail = room.postbox.to(await address_of(room, "kepala"))[-1]
    numbers: dict[int, str] = {
        row["id"]: row["number"] for row in await room.admin.fetch("SELECT id, number FROM ticket")
    }
    assert "1 tiket" in mail.subject
    assert numbers[second] in mail.text
    assert numbers[first] not in mail.text


async def test_a_sign_of_life_takes_the_rung_about_silence_out_of_the_roll_up(room: Room) -> None:
    params = '{"target":"sign","rung":"sign","level":1,"breach":false,"roll_up":true}'
    tickets = await room.file_many(2)
    await room.escalate(tickets, "kepala", params=params)
    await room.deliver()
    await room.office.move_clock(timedelta(minutes=1))
    await room.admin.execute("UPDATE ticket SET last_sign_at = office_now() WHERE id = $1", tickets[0][0])
    await to_the_hour(room)
    assert await room.deliver() == 1
    assert "1 tiket" in room.postbox.to(await address_of(room, "kepala"))[-1].subject


async def test_a_roll_up_of_nothing_is_not_sent(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None, reporter_phone=None) for _ in range(6)]
    await room.escalate([(one.ticket_id, one.number) for one in filed], "kepala")
    await room.deliver()
    for one in filed:
        await room.office.reporter_acts(one, c.Withdraw())
    await to_the_hour(room)
    assert await room.deliver() == 0
    assert (await room.rows(kind="roll_up"))[0]["state"] == "cancelled"


async def test_the_repeats_of_the_last_rung_come_as_one_roll_up_from_the_start(room: Room) -> None:
    params = '{"target":"answer","rung":"answer-repeat","level":3,"breach":true,"roll_up":true}'
    await room.escalate(await room.file_many(3), "kanwil", params=params)
    assert await room.deliver() == 0
    assert len(await room.rows(state="absorbed")) == 3
    await to_the_hour(room)
    assert await room.deliver() == 1
    assert "3 tiket" in room.postbox.to(await address_of(room, "kanwil"))[0].subject


async def test_mails_that_are_no_escalations_are_not_capped(room: Room) -> None:
    person = await room.office.person("petugas")
    for ticket_id, _ in await room.file_many(8):
        await room.admin.execute("UPDATE ticket SET assignee_id = $1 WHERE id = $2", person.id, ticket_id)
        await room.put(kind="assigned", person_id=person.id, ticket_id=ticket_id)
    assert await room.deliver() == 8


async def test_a_digest_in_the_morning_once_a_day_for_those_with_open_cases(room: Room) -> None:
    await room.file_many(2)
    await to_local(room, 7, 0)
    assert await room.delivery.make_digests() == 0, "too early"
    await to_local(room, 7, 31)
    made = await room.delivery.make_digests()
    assert made == len(await room.rows(kind="digest")) > 0
    assert await room.delivery.make_digests() == 0
    await room.deliver()
    mail = room.postbox.to(await address_of(room, "petugas"))[0]
    assert "2 terbuka" in mail.subject
    assert not room.postbox.to(await address_of(room, "petugas2")), "no open case in that unit"
    await to_local(room, 7, 31)
    assert await room.delivery.make_digests() == made, "again the next day"


async def test_a_digest_leaves_out_cases_about_the_person_or_the_persons_unit(room: Room) -> None:
    await room.file_many(1)
    unit = await room.office.person("petugas")
    await room.admin.execute("UPDATE ticket SET reported_units = $1", sorted(unit.works_in))
    await to_local(room, 7, 31)
    await room.delivery.make_digests()
    await room.deliver()
    assert not room.postbox.to(await address_of(room, "petugas"))
    assert room.postbox.to(await address_of(room, "kanwil"))


async def test_an_alarm_is_mailed_to_the_administrators_once(room: Room) -> None:
    await room.admin.execute(
        "INSERT INTO alarm (office_id, key, what) VALUES (1, 'worker-stalled', 'A worker stands still')"
    )
    assert await room.delivery.mail_alarms() == 1
    assert await room.delivery.mail_alarms() == 0
    assert await room.deliver() == 1
    assert "A worker stands still" in room.postbox.to(await address_of(room, "admin"))[0].subject


async def raise_unreached(room: Room, tickets: list[tuple[int, str]]) -> None:
    await room.admin.executemany(
        "INSERT INTO alarm (office_id, key, what) VALUES (1, 'rung_without_receiver:' || $1::bigint, 'rung_without_receiver')",
        [(ticket_id,) for ticket_id, _ in tickets],
    )


async def test_cases_that_reach_nobody_share_a_mail_an_hour(room: Room) -> None:
    tickets = await room.file_many(9)
    await raise_unreached(room, tickets[:6])
    assert await room.delivery.mail_alarms() == 1
    await room.deliver()
    await raise_unreached(room, tickets[6:])
    assert await room.delivery.mail_alarms() == 0
    assert len(room.postbox.to(await address_of(room, "admin"))) == 1
    await room.office.move_clock(timedelta(minutes=61))
    assert await room.delivery.mail_alarms() == 1, "what came since is never silent"
    assert await room.delivery.mail_alarms() == 0
    await room.deliver()
    assert len(room.postbox.to(await address_of(room, "admin"))) == 2
    await room.admin.execute("INSERT INTO alarm (office_id, key, what) VALUES (1, 'worker-stalled', 'A worker')")
    assert await room.delivery.mail_alarms() == 1, "any other alarm does not wait"


async def test_the_alarm_about_a_case_that_reaches_nobody_is_over_when_somebody_sees_to_it(room: Room) -> None:
    filed = [await room.office.file(reporter_email=None, reporter_phone=None) for _ in range(3)]
    await raise_unreached(room, [(one.ticket_id, one.number) for one in filed])
    await room.office.move_clock(timedelta(minutes=1))
    await room.office.reporter_acts(filed[0], c.Withdraw())
    await room.admin.execute("UPDATE ticket SET last_sign_at = office_now() WHERE id = $1", filed[1].ticket_id)
    await room.delivery.mail_alarms()
    open_keys = await room.admin.fetch("SELECT key FROM alarm WHERE cleared_at IS NULL")
    assert [row["key"] for row in open_keys] == [f"rung_without_receiver:{filed[2].ticket_id}"]


async def test_the_alarm_about_dead_messages_names_way_and_reason_in_the_administrators_language(room: Room) -> None:
    room.postbox.of["siti@example.org"] = "refuse"
    await room.office.file()
    await room.deliver()
    await room.delivery.mail_alarms()
    await room.deliver()
    mail = room.postbox.to(await address_of(room, "admin"))[0]
    assert mail.subject.startswith("[Peringatan] ")
    assert "smtp_550" in mail.text
    assert "siti@" not in mail.text


async def test_the_report_of_a_cycle_is_mailed_to_the_head(room: Room) -> None:
    filed = await room.office.file(reporter_email=None, reporter_phone=None)
    await room.office.move_clock(timedelta(days=40))
    await room.office.fire()
    assert await room.services.feedback.close_due_cycles() > 0
    await room.admin.execute("UPDATE outbox SET state = 'cancelled' WHERE kind <> 'cycle_report'")
    assert await room.deliver() > 0
    assert await room.alarms() == []
    mail = room.postbox.to(await address_of(room, "kepala"))[-1]
    assert filed.number in mail.text
    assert mail.text.count("/manage/feedback/") == 1


async def test_an_alarm_about_alarms_does_not_go_round_in_circles(room: Room) -> None:
    room.postbox.usual = "refuse"
    await room.admin.execute(
        "INSERT INTO alarm (office_id, key, what) VALUES (1, 'worker-stalled', 'A worker stands still')"
    )
    for _ in range(5):
        await room.delivery.mail_alarms()
        await room.deliver()
    assert await room.alarms() == ["worker-stalled", "outbox_dead:email:alarm"]
    assert len(await room.rows(kind="alarm")) == 2

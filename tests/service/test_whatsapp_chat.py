"""The WhatsApp door on the real database: one ticket however often a message comes, nothing lost in a crash, nothing told to others."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from complaints_service.database import Scope
from complaints_service.errors import Unavailable
from complaints_service.intake.whatsapp.inbound import (
    Delivered,
    Inbound,
    InboundKind,
    Item,
    Provider,
    SetAside,
    Status,
)
from complaints_service.intake.whatsapp.service import WhatsApp
from complaints_service.tickets.commands import Answer, Close, Reply, Start, Verify
from complaints_service.tickets.model import Actor, ActorKind
from complaints_service.wiring import Services

STORY = "Paspor saya belum jadi sudah 10 hari"
START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here."""


class Phone:
    """Somebody's WhatsApp: what it sends goes the way of a webhook, without HTTP."""

    def __init__(self, services: Services, door: WhatsApp | None = None) -> None:
        self.services = services
        self.door = door or services.whatsapp
        self.number = f"62812{secrets.randbelow(10**9):09d}"
        self._count = 0

    def message(
        self, text: str, *, second: int | None = None, identity: str = "", choice: str | None = None
    ) -> Inbound:
        self._count += 1
        return Inbound(
            provider=Provider.CLOUD,
            message_id=identity or f"wamid.{self.number}.{self._count}",
            address=self.number,
            at=START + timedelta(seconds=self._count if second is None else second),
            kind=InboundKind.TEXT if choice is None else InboundKind.CHOICE,
            text=text,
            choice=choice,
            profile_name="Siti Rahma",
        )

    async def says(self, text: str, **how: Any) -> Inbound:
        message = self.message(text, **how)
        await self.receives([message])
        return message

    async def receives(self, items: list[Item]) -> None:
        await self.door.take_in(Provider.CLOUD, items)

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        async with self.services.database.transaction(Scope.system()) as connection:
            return await connection.fetch(sql, *values)

    async def chat(self) -> asyncpg.Record:
        return (await self.rows("SELECT * FROM whatsapp_chat WHERE address = $1", self.number))[0]

    async def tickets(self) -> list[asyncpg.Record]:
        return await self.rows(
            """SELECT k.*, t.description, r.name, r.whatsapp FROM ticket AS k
               JOIN complaint_text AS t ON t.office_id = k.office_id AND t.ticket_id = k.id
               JOIN reporter AS r ON r.office_id = k.office_id AND r.ticket_id = k.id
               WHERE r.whatsapp = $1 ORDER BY k.id""",
            self.number,
        )

    async def thread(self) -> list[str]:
        rows = await self.rows(
            """SELECT m.text FROM message AS m JOIN reporter AS r ON r.office_id = m.office_id AND r.ticket_id = m.ticket_id
               WHERE r.whatsapp = $1 AND m.sender = 'reporter' ORDER BY m.seq""",
            self.number,
        )
        return [row["text"] for row in rows]

    async def outbox(self, kind: str | None = None) -> list[asyncpg.Record]:
        chat = await self.chat()
        rows = await self.rows("SELECT * FROM outbox WHERE chat_id = $1 ORDER BY id", chat["id"])
        return [row for row in rows if kind in (None, row["kind"])]

    async def last_turn(self) -> str:
        return (await self.outbox("chat"))[-1]["params"]

    async def outcomes(self) -> list[str]:
        chat = await self.chat()
        rows = await self.rows("SELECT outcome FROM whatsapp_inbound WHERE chat_id = $1", chat["id"])
        return [row["outcome"] for row in rows]


@pytest.fixture
def phone(services: Services) -> Phone:
    return Phone(services)


async def officer_of(services: Services, username: str = "petugas") -> tuple[Actor, Scope]:
    office = await services.offices.current()
    person = next(p for p in office.people.values() if p.username == username)
    actor = Actor(ActorKind.PERSON, person.id, person.role.value, person.name)
    return actor, Scope.system()


async def answer_ticket(services: Services, number: str) -> None:
    """Verify, start, answer; and let the ten seconds in which an officer can undo be over."""
    office = await services.offices.current()
    actor, scope = await officer_of(services)
    for command in (Verify(), Start(), Answer(text="Paspor Anda siap diambil.", resolves=True)):
        await services.tickets.act(office, number, command, actor, scope)
    async with services.database.transaction(scope) as connection:
        await connection.execute("UPDATE ticket SET released_at = office_now() WHERE number = $1", number)


async def test_a_text_becomes_a_draft_and_kirim_makes_it_a_ticket(phone: Phone) -> None:
    await phone.says(STORY)
    assert await phone.tickets() == []
    summary = (await phone.outbox())[-1]
    assert (summary["kind"], summary["way"], summary["recipient"], summary["state"]) == (
        "chat",
        "whatsapp",
        "chat",
        "queued",
    )
    assert '"template":"summary"' in summary["params"]
    await phone.says("di loket 3")
    await phone.says("kirim")
    (ticket,) = await phone.tickets()
    assert ticket["description"] == f"{STORY}\ndi loket 3"
    assert (ticket["channel"], ticket["privacy"], ticket["status"]) == ("whatsapp", "open", "received")
    assert (ticket["name"], ticket["whatsapp"], ticket["language"]) == ("Siti Rahma", phone.number, "id")
    chat = await phone.chat()
    assert (chat["step"], chat["ticket_id"], chat["draft_key"]) == ("start", ticket["id"], None)
    assert STORY not in chat["draft"]
    (receipt,) = await phone.outbox("receipt")
    assert (receipt["ticket_id"], receipt["way"], receipt["recipient"]) == (ticket["id"], "whatsapp", "chat")


async def test_the_button_of_the_summary_files_too(phone: Phone) -> None:
    await phone.says(STORY)
    key = (await phone.chat())["draft_key"].hex()[:8]
    assert f'["send:{key}","Send"]' in await phone.last_turn()
    await phone.says("Kirim", choice=f"send:{key}")
    assert len(await phone.tickets()) == 1


async def test_every_message_five_times_at_once_makes_one_ticket(phone: Phone) -> None:
    for text in (STORY, "di loket 3", "kirim"):
        message = phone.message(text)
        await asyncio.gather(*(phone.receives([message]) for _ in range(5)))
    (ticket,) = await phone.tickets()
    assert ticket["description"] == f"{STORY}\ndi loket 3"
    assert len(await phone.outbox("receipt")) == 1
    assert await phone.outcomes() == ["done"] * 3


async def test_kirim_twice_makes_one_ticket(phone: Phone) -> None:
    await phone.says(STORY)
    await asyncio.gather(phone.says("kirim"), phone.says("kirim"), phone.says("ya"))
    assert len(await phone.tickets()) == 1
    await phone.says("kirim")
    assert '"template":"already_sent"' in await phone.last_turn()


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_messages_in_any_order_make_one_ticket_and_lose_no_word(
    services: Services, order: tuple[int, ...]
) -> None:
    phone = Phone(services)
    texts = ["Paspor saya belum jadi", "sudah sepuluh hari kerja", "di loket 3 lantai 2", "kirim"]
    for place in order:
        await phone.says(texts[place], second=place)
    await phone.says("kirim", second=9)
    (ticket,) = await phone.tickets()
    told = ticket["description"].split("\n") + await phone.thread()
    assert sorted(told) == sorted(texts[:3])
    assert sorted(ticket["description"].split("\n"), key=texts.index) == ticket["description"].split("\n")


class Breaks:
    """The real service behind a process that dies once, before or after the call."""

    def __init__(
        self, call: Callable[..., Awaitable[Any]], *, after: bool, error: type[BaseException] = Killed
    ) -> None:
        self.call = call
        self.after = after
        self.error: type[BaseException] | None = error

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        error, self.error = self.error, None
        if error is not None and not self.after:
            raise error
        result = await self.call(*arguments, **named)
        if error is not None:
            raise error
        return result

    file_complaint = __call__
    act = __call__


def a_door(services: Services, *, intake: Any = None, tickets: Any = None) -> WhatsApp:
    return WhatsApp(
        services.database,
        services.offices,
        services.clock,
        services.keys,
        services.settings,
        intake or services.intake,
        tickets or services.tickets,
        services.waker,
    )


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_around_the_filing_is_made_good_by_the_gateways_retry(services: Services, after: bool) -> None:
    phone = Phone(services, a_door(services, intake=Breaks(services.intake.file_complaint, after=after)))
    await phone.says(STORY)
    confirmation = phone.message("kirim")
    with pytest.raises(Killed):
        await phone.receives([confirmation])
    assert (await phone.chat())["step"] == "filing"
    assert sorted(await phone.outcomes()) == ["done", "filing"]
    await phone.receives([confirmation])
    assert len(await phone.tickets()) == 1
    assert len(await phone.outbox("receipt")) == 1
    assert await phone.outcomes() == ["done", "done"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_around_the_filing_is_made_good_by_the_next_message(services: Services, after: bool) -> None:
    phone = Phone(services, a_door(services, intake=Breaks(services.intake.file_complaint, after=after)))
    await phone.says(STORY)
    with pytest.raises(Killed):
        await phone.says("kirim")
    await phone.says("Apakah sudah masuk?")
    (ticket,) = await phone.tickets()
    assert ticket["description"] == STORY
    assert await phone.thread() == ["Apakah sudah masuk?"]
    assert len(await phone.outbox("receipt")) == 1


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_around_the_filing_is_made_good_by_the_sweep(services: Services, after: bool) -> None:
    phone = Phone(services, a_door(services, intake=Breaks(services.intake.file_complaint, after=after)))
    await phone.says(STORY)
    with pytest.raises(Killed):
        await phone.says("kirim")
    await phone.door.finish_filings()
    assert (await phone.chat())["step"] == "filing", "those of this very moment are still in somebody's hands"
    await phone.rows(
        "UPDATE whatsapp_chat SET last_inbound_at = office_now() - interval '1 minute' WHERE address = $1", phone.number
    )
    assert await phone.door.finish_filings() >= 1
    assert len(await phone.tickets()) == 1
    assert len(await phone.outbox("receipt")) == 1
    assert await phone.outcomes() == ["done", "done"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_around_the_thread_writes_the_words_once(services: Services, after: bool) -> None:
    phone = Phone(services)
    await phone.says(STORY)
    await phone.says("kirim")
    phone.door = a_door(services, tickets=Breaks(services.tickets.act, after=after))
    words = phone.message("Nomor permohonan saya 123")
    with pytest.raises(Killed):
        await phone.receives([words])
    await asyncio.gather(*(phone.receives([words]) for _ in range(3)))
    assert await phone.thread() == ["Nomor permohonan saya 123"]
    turns = [row["params"] for row in await phone.outbox("chat")]
    assert sum('"template":"in_thread"' in params for params in turns) == 1
    assert set(await phone.outcomes()) == {"done"}


async def test_words_to_an_open_ticket_go_into_its_thread_once(phone: Phone) -> None:
    await phone.says(STORY)
    await phone.says("kirim")
    words = phone.message("Nomor permohonan saya 123")
    await asyncio.gather(*(phone.receives([words]) for _ in range(5)))
    assert await phone.thread() == ["Nomor permohonan saya 123"]


async def test_a_very_long_message_reaches_the_thread_whole(phone: Phone) -> None:
    await phone.says(STORY)
    await phone.says("kirim")
    long = "".join(str(number % 10) for number in range(12_345))
    await phone.says(long)
    assert "".join(await phone.thread()) == long


async def test_the_officers_answer_comes_back_into_the_chat(phone: Phone) -> None:
    await phone.says(STORY)
    await phone.says("kirim")
    (ticket,) = await phone.tickets()
    await answer_ticket(phone.services, ticket["number"])
    (answer,) = await phone.outbox("answer")
    assert (answer["way"], answer["recipient"], answer["ticket_id"]) == ("whatsapp", "chat", ticket["id"])


async def test_after_the_answer_a_reply_reopens_thanks_do_not_and_selesai_closes(phone: Phone) -> None:
    await phone.says(STORY)
    await phone.says("kirim")
    number = (await phone.tickets())[0]["number"]
    await answer_ticket(phone.services, number)
    await phone.says("Terima kasih")
    assert (await phone.tickets())[0]["status"] == "answered"
    await phone.says("Belum, nama saya salah tulis")
    assert (await phone.tickets())[0]["status"] == "in_progress"
    assert '"template":"reopened"' in await phone.last_turn()
    assert await phone.thread() == ["Belum, nama saya salah tulis"]
    actor, scope = await officer_of(phone.services)
    office = await phone.services.offices.current()
    await phone.services.tickets.act(office, number, Answer(text="Sudah diperbaiki."), actor, scope)
    await phone.rows("UPDATE ticket SET released_at = office_now() WHERE number = $1", number)
    await phone.says("selesai")
    assert (await phone.tickets())[0]["status"] == "closed"
    assert '"template":"settled"' in await phone.last_turn()


async def test_an_answer_that_can_still_be_undone_is_not_known_to_the_chat(phone: Phone) -> None:
    await phone.says(STORY)
    await phone.says("kirim")
    number = (await phone.tickets())[0]["number"]
    office = await phone.services.offices.current()
    actor, scope = await officer_of(phone.services)
    for command in (Verify(), Start(), Answer(text="Paspor Anda siap diambil.")):
        await phone.services.tickets.act(office, number, command, actor, scope)
    await phone.says("status")
    assert "Terkirim" in await phone.last_turn()
    assert "Ditanggapi" not in await phone.last_turn()


async def test_when_the_ticket_ends_in_that_very_moment_the_words_become_a_draft(services: Services) -> None:
    phone = Phone(services)
    await phone.says(STORY)
    await phone.says("kirim")

    class Meanwhile:
        async def act(self, office: Any, number: str, command: Any, *rest: Any, **named: Any) -> Any:
            if isinstance(command, Reply):
                await phone.rows(
                    "UPDATE ticket SET status = 'rejected', status_before = 'rejected' WHERE number = $1", number
                )
            return await services.tickets.act(office, number, command, *rest, **named)

    phone.door = a_door(services, tickets=Meanwhile())
    await phone.says("Mohon segera ditanggapi ya")
    assert await phone.thread() == []
    assert "Mohon segera ditanggapi ya" in (await phone.chat())["draft"]
    assert '"template":"summary"' in await phone.last_turn()


async def test_a_closed_ticket_is_left_alone_and_a_new_draft_begins(phone: Phone) -> None:
    await phone.says(STORY)
    await phone.says("kirim")
    number = (await phone.tickets())[0]["number"]
    await answer_ticket(phone.services, number)
    office = await phone.services.offices.current()
    actor, scope = await officer_of(phone.services)
    await phone.services.tickets.act(office, number, Close(), actor, scope)
    await phone.says("Sekarang lampu ruang tunggu mati")
    await phone.says("kirim")
    assert [ticket["description"] for ticket in await phone.tickets()] == [STORY, "Sekarang lampu ruang tunggu mati"]


async def test_status_is_told_only_to_the_chat_that_filed(services: Services) -> None:
    siti, budi = Phone(services), Phone(services)
    await siti.says(STORY)
    await siti.says("kirim")
    number = (await siti.tickets())[0]["number"]
    await siti.says(f"status {number}")
    assert '"template":"status"' in await siti.last_turn()
    await budi.says(f"status {number}")
    unknown = await budi.last_turn()
    await budi.says("status LT-2026-999999")
    assert '"template":"status_unknown"' in unknown
    assert unknown == await budi.last_turn()
    await budi.says("status")
    assert unknown == await budi.last_turn()


async def test_of_a_batch_with_one_bad_message_the_others_are_taken(services: Services) -> None:
    phones = [Phone(services) for _ in range(19)]
    mark = secrets.token_hex(8)
    items: list[Item] = [phone.message(STORY) for phone in phones]
    items.insert(7, SetAside(mark, "text is not an object"))
    await services.whatsapp.take_in(Provider.CLOUD, items)
    await services.whatsapp.take_in(Provider.CLOUD, items)
    for phone in phones:
        assert await phone.outcomes() == ["done"]
    key = services.keys.digest("whatsapp-message", Provider.CLOUD, mark)
    rows = await phones[0].rows("SELECT outcome FROM whatsapp_inbound WHERE message_key = $1", key)
    assert [row["outcome"] for row in rows] == ["set_aside"]
    alarms = await phones[0].rows("SELECT what FROM alarm WHERE key = $1", f"whatsapp_set_aside:{key.hex()[:16]}")
    assert [alarm["what"] for alarm in alarms] == ["whatsapp_set_aside"]


async def test_a_message_that_makes_us_fail_is_set_aside_and_stops_no_other(services: Services) -> None:
    bad, good = Phone(services), Phone(services)
    await bad.says(STORY)
    await bad.says("kirim")
    door = a_door(services, tickets=Breaks(services.tickets.act, after=False, error=RuntimeError))
    await door.take_in(Provider.CLOUD, [bad.message("Apa kabar paspor saya?"), good.message(STORY)])
    assert sorted(await bad.outcomes()) == ["done", "done", "set_aside"]
    assert await good.outcomes() == ["done"]


async def test_a_draft_that_makes_us_fail_comes_back_and_the_chat_goes_on(services: Services) -> None:
    phone = Phone(
        services, a_door(services, intake=Breaks(services.intake.file_complaint, after=True, error=RuntimeError))
    )
    await phone.says(STORY)
    await phone.says("kirim")
    assert '"template":"not_filed"' in await phone.last_turn()
    chat = await phone.chat()
    assert (chat["step"], STORY in chat["draft"]) == ("drafting", True)
    await phone.says("kirim")
    assert len(await phone.tickets()) == 1, "the draft kept its key: what was filed before is found again"
    assert len(await phone.outbox("receipt")) == 1


async def test_a_draft_filed_with_other_words_becomes_a_second_ticket(services: Services) -> None:
    phone = Phone(
        services, a_door(services, intake=Breaks(services.intake.file_complaint, after=True, error=RuntimeError))
    )
    await phone.says(STORY)
    await phone.says("kirim")
    await phone.says("dan lampu loket mati")
    await phone.says("kirim")
    assert '"template":"not_filed"' in await phone.last_turn()
    await phone.says("kirim")
    assert [ticket["description"] for ticket in await phone.tickets()] == [STORY, f"{STORY}\ndan lampu loket mati"]


async def test_without_database_nothing_is_acknowledged(services: Services) -> None:
    phone = Phone(
        services,
        a_door(services, intake=Breaks(services.intake.file_complaint, after=False, error=ConnectionResetError)),
    )
    await phone.says(STORY)
    confirmation = phone.message("kirim")
    with pytest.raises(Unavailable):
        await phone.receives([confirmation])
    await phone.receives([confirmation])
    assert len(await phone.tickets()) == 1


async def test_a_message_a_month_late_is_taken(phone: Phone) -> None:
    await phone.says(STORY, second=-31 * 86_400)
    await phone.says("kirim", second=-31 * 86_400 + 60)
    (ticket,) = await phone.tickets()
    (row,) = await phone.rows("SELECT office_now() - $1::timestamptz AS age", ticket["received_at"])
    assert row["age"] < timedelta(minutes=5)


async def test_a_draft_left_lying_is_forgotten_and_a_message_key_kept_for_a_quarter(services: Services) -> None:
    old, young = Phone(services), Phone(services)
    for phone in (old, young):
        await phone.says(STORY)
    shift = "UPDATE whatsapp_chat SET last_inbound_at = office_now() - interval '31 days' WHERE address = $1"
    await old.rows(shift, old.number)
    await services.whatsapp.clean_up()
    assert (await old.chat())["draft"] == "{}"
    assert STORY in (await young.chat())["draft"]
    assert (await old.outcomes(), await young.outcomes()) == (["done"], ["done"])
    chat = await old.chat()
    await old.rows(
        "UPDATE whatsapp_inbound SET received_at = office_now() - interval '91 days' WHERE chat_id = $1", chat["id"]
    )
    await services.whatsapp.clean_up()
    assert (await old.outcomes(), await young.outcomes()) == ([], ["done"])


async def test_statuses_never_move_a_message_back_and_a_failure_raises_one_alarm(phone: Phone) -> None:
    await phone.says(STORY)
    row = (await phone.outbox("chat"))[-1]
    wamid = f"wamid.{secrets.token_hex(8)}"
    stored = phone.services.keys.digest("whatsapp-message", wamid).hex()
    await phone.rows("UPDATE outbox SET state = 'sent', provider_id = $2 WHERE id = $1", row["id"], stored)
    failed = Status(provider_id=wamid, state=Delivered.FAILED, error_code=131026)
    for status in (
        Status(provider_id=wamid, state=Delivered.READ),
        failed,
        failed,
        Status(provider_id=wamid, state=Delivered.SENT),
    ):
        await phone.receives([status])
    await phone.receives([Status(provider_id="wamid.unknown", state=Delivered.FAILED)])
    (after,) = await phone.rows("SELECT state, last_error FROM outbox WHERE id = $1", row["id"])
    assert tuple(after) == ("sent", "not delivered: 131026")
    alarms = await phone.rows("SELECT details FROM alarm WHERE key = $1", f"whatsapp_not_delivered:{row['id']}")
    assert [alarm["details"] for alarm in alarms] == ['{"code":"131026"}']


async def test_the_persons_words_and_number_stand_only_where_they_can_be_erased(phone: Phone) -> None:
    await phone.says(STORY)
    await phone.says("kirim")
    await phone.says("Nomor permohonan saya 123")
    for table in ("outbox", "whatsapp_inbound", "alarm", "idempotency_key", "ticket", "ticket_event"):
        for row in await phone.rows(f"SELECT t::text AS line FROM {table} AS t"):  # noqa: S608 - names from the line above
            for secret in (phone.number, STORY, "Siti Rahma", "permohonan saya 123"):
                assert secret not in row["line"], table

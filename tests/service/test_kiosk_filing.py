"""The kiosk door: each complaint once however often the queue is sent, received when it was filed."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from litestar.response.sse import ServerSentEventMessage

from complaints_service.database import Scope
from complaints_service.desk.calls import news
from complaints_service.errors import DomainError, Invalid, Malformed, NotFound
from complaints_service.intake.kiosk.batch import split
from complaints_service.intake.kiosk.model import OLDEST, Device, believed, set_right
from complaints_service.intake.kiosk.service import Result
from complaints_service.keys import plain_code
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.timeline import timeline
from complaints_service.web.streams import StreamRoom
from complaints_service.wiring import Services
from tests.office import TheOffice

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def item(**fields: object) -> bytes:
    base: dict[str, object] = {"client_id": str(uuid.uuid4()), "description": "AC ruang tunggu mati sejak pagi"}
    return json.dumps(base | fields).encode()


def filed(result: Result) -> Filed:
    assert isinstance(result.outcome, Filed)
    return result.outcome


def refused(result: Result) -> DomainError:
    assert isinstance(result.outcome, DomainError)
    return result.outcome


@pytest.fixture
async def device(services: Services) -> Device:
    return (await services.kiosk.create_device(await services.offices.current(), "Ruang tunggu"))[0]


async def office_now(services: Services) -> datetime:
    async with services.database.connection() as connection:
        return await connection.fetchval("SELECT office_now()")


@pytest.mark.parametrize(
    ("filed_at", "at", "corrected", "clock_wrong"),
    [
        (None, None, False, False),
        (NOW - timedelta(hours=5), NOW - timedelta(hours=5), False, False),
        (NOW - OLDEST, NOW - OLDEST, False, False),
        (NOW - OLDEST - timedelta(seconds=1), None, True, False),
        (NOW + timedelta(seconds=1), None, True, False),
        (NOW + timedelta(minutes=6), None, True, True),
    ],
)
def test_a_kiosks_time_is_believed_for_seven_days(
    filed_at: datetime | None, at: datetime | None, corrected: bool, clock_wrong: bool
) -> None:
    filing = believed(filed_at, NOW)
    assert (filing.at, filing.corrected, filing.clock_wrong) == (at, corrected, clock_wrong)


async def test_two_hundred_items_sent_twice_are_two_hundred_tickets(services: Services, device: Device) -> None:
    earlier = await office_now(services) - timedelta(days=1)
    items = [item(filed_at=(earlier + timedelta(seconds=number)).isoformat()) for number in range(200)]
    first = [filed(result) for result in await services.kiosk.file_all(device, items)]
    again = [filed(result) for result in await services.kiosk.file_all(device, items)]
    assert len({one.number for one in first}) == 200
    assert [one.number for one in again] == [one.number for one in first]
    assert [one.tracking_code for one in again] == [one.tracking_code for one in first]
    assert not any(one.replayed for one in first)
    assert all(one.replayed for one in again)
    assert [one.received_at for one in first] == [earlier + timedelta(seconds=number) for number in range(200)]


async def test_the_same_item_from_many_connections_is_one_ticket(services: Services, device: Device) -> None:
    same = item()
    results = await asyncio.gather(*(services.kiosk.file_all(device, [same]) for _ in range(6)))
    assert len({filed(result).number for (result,) in results}) == 1


async def test_one_bad_item_stops_none_of_the_others(services: Services, device: Device) -> None:
    identity = str(uuid.uuid4())
    items = [
        item(),
        item(client_id=identity, description="kurang"),
        b'{"client_id": "no uuid", "description": "AC ruang tunggu mati sejak pagi"}',
        item(client_id=identity, surprise=1),
        item(client_id=identity, description="AC mati\x00 sejak pagi"),
        item(client_id=identity, category="tidak-ada"),
        item(client_id=identity, office="kantor-lain"),
        item(client_id=identity, filed_at="2026-11-24T03:00:00"),
        b"7",
        item(),
    ]
    results = await services.kiosk.file_all(device, items)
    assert filed(results[0]).number != filed(results[9]).number
    assert [refused(result).status for result in results[1:9]] == [422] * 8
    assert [result.client_id for result in results[1:9]] == [identity, None, *[identity] * 5, None]


async def test_the_same_id_with_other_words_is_refused(services: Services, device: Device) -> None:
    identity = str(uuid.uuid4())
    (first,) = await services.kiosk.file_all(device, [item(client_id=identity)])
    (other,) = await services.kiosk.file_all(device, [item(client_id=identity, description="Toilet lantai 2 rusak")])
    assert filed(first).number
    assert refused(other).code == "idempotency_key_reused"


async def test_two_kiosks_may_use_the_same_id(services: Services, device: Device) -> None:
    other, _ = await services.kiosk.create_device(await services.offices.current(), "Lantai 2")
    same = item()
    (here,) = await services.kiosk.file_all(device, [same])
    (there,) = await services.kiosk.file_all(other, [same])
    assert filed(here).number != filed(there).number


async def test_a_clock_far_ahead_gives_way_to_the_servers_and_is_told(services: Services, device: Device) -> None:
    now = await office_now(services)
    wrong = item(filed_at=(now + timedelta(days=2)).isoformat())
    (result,) = await services.kiosk.file_all(device, [wrong])
    assert result.corrected
    assert abs(filed(result).received_at - now) < timedelta(minutes=1)
    async with services.database.transaction(Scope.system()) as connection:
        alarm = await connection.fetchval("SELECT details FROM alarm WHERE key = $1", f"kiosk_clock:{device.id}")
    assert json.loads(alarm) == {"device": device.id}


async def test_what_is_older_than_seven_days_counts_from_now(services: Services, device: Device) -> None:
    now = await office_now(services)
    (result,) = await services.kiosk.file_all(device, [item(filed_at=(now - timedelta(days=8)).isoformat())])
    assert result.corrected
    assert abs(filed(result).received_at - now) < timedelta(minutes=1)


async def test_a_token_opens_until_it_is_revoked(services: Services) -> None:
    office = await services.offices.current()
    device, token = await services.kiosk.create_device(office, "  Lobi   utama ")
    assert device.name == "Lobi utama"
    found = await services.kiosk.device_for(token)
    assert found is not None
    assert found.id == device.id
    assert await services.kiosk.device_for(token + "x") is None
    assert await services.kiosk.device_for("") is None
    revoked = await services.kiosk.revoke_device(office, device.id)
    assert (await services.kiosk.revoke_device(office, device.id)).revoked_at == revoked.revoked_at
    assert await services.kiosk.device_for(token) is None
    assert device.id in [one.id for one in await services.kiosk.devices(office)]


async def test_tokens_are_not_stored(services: Services) -> None:
    _, token = await services.kiosk.create_device(await services.offices.current(), "Lobi")
    async with services.database.connection() as connection:
        rows = await connection.fetch("SELECT d::text AS line, token_hash FROM device AS d")
    assert not any(token in row["line"] or token.encode() in row["token_hash"] for row in rows)


async def test_kiosks_added_at_the_same_moment_get_numbers_of_their_own(services: Services) -> None:
    office = await services.offices.current()
    added = await asyncio.gather(*(services.kiosk.create_device(office, f"Kios {n}") for n in range(4)))
    assert len({device.id for device, _ in added}) == 4


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
async def test_a_kiosk_needs_a_name(services: Services, name: str) -> None:
    with pytest.raises(Invalid):
        await services.kiosk.create_device(await services.offices.current(), name)


@pytest.mark.parametrize("device_id", [0, -1, 999_999, 2**40])
async def test_an_unknown_kiosk_cannot_be_revoked(services: Services, device_id: int) -> None:
    with pytest.raises(NotFound):
        await services.kiosk.revoke_device(await services.offices.current(), device_id)


def test_a_batch_is_a_list_of_at_most_two_hundred() -> None:
    assert split(b'{"items": [{"a": 1}, 7]}') == [b'{"a": 1}', b"7"]
    assert split(b'{"items": []}') == []
    for body in (
        b"[]",
        b"{}",
        b'{"items": {}}',
        b'{"items": [], "more": 1}',
        b'{"items": [%s]}' % b",".join([b"1"] * 201),
    ):
        with pytest.raises(Invalid):
            split(body)
    for body in (b"", b"{", b'{"items": [}', b'{"items": ' + b"[" * 100_000, b"\xff"):
        with pytest.raises(Malformed):
            split(body)


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("filed_at", "sent_at", "at", "corrected", "clock_wrong", "why"),
    [
        # The clock is right: what it says counts.
        (NOW - 5 * MINUTE, NOW, NOW - 5 * MINUTE, False, False, "kept"),
        (NOW + MINUTE / 2, NOW + MINUTE / 2, NOW, False, False, ""),
        # Two days ahead, or three years back, at both moments: five minutes ago is five minutes ago.
        (NOW + timedelta(days=2) - 5 * MINUTE, NOW + timedelta(days=2), NOW - 5 * MINUTE, True, True, "clock"),
        (NOW - timedelta(days=1000) - 5 * MINUTE, NOW - timedelta(days=1000), NOW - 5 * MINUTE, True, True, "clock"),
        (NOW - 2 * MINUTE, NOW - 2 * MINUTE, NOW, True, False, "clock"),
        # Set by hand in between: nobody can know.
        (NOW + timedelta(hours=1), NOW, None, True, True, "future"),
        (NOW - timedelta(days=400), NOW, None, True, False, "old"),
        (NOW - timedelta(days=400), NOW - timedelta(days=300), None, True, True, "old"),
    ],
)
def test_a_wrong_clock_is_put_right_by_what_it_shows_while_it_sends(
    filed_at: datetime, sent_at: datetime, at: datetime | None, corrected: bool, clock_wrong: bool, why: str
) -> None:
    filing = set_right(filed_at, sent_at, NOW)
    assert (filing.at, filing.corrected, filing.clock_wrong, filing.why) == (at, corrected, clock_wrong, why)


async def test_the_office_reads_in_the_timeline_what_became_of_a_kiosks_time(
    services: Services, device: Device, the_office: TheOffice
) -> None:
    now = await office_now(services)
    late, ahead = (
        filed(result)
        for result in await services.kiosk.file_all(
            device,
            [
                item(filed_at=(now - timedelta(hours=3)).isoformat()),
                item(filed_at=(now + timedelta(days=2)).isoformat()),
            ],
        )
    )
    office = await the_office.office()
    for one, words in ((late, "saat kios tanpa jaringan"), (ahead, "yang belum tiba")):
        file = await the_office.file_of(one.number)
        assert words in timeline(file, office, "id", "officer")[0].text
        assert words not in timeline(file, office, "id", "citizen")[0].text


async def test_a_code_enrols_one_device_once(services: Services) -> None:
    office = await services.offices.current()
    device, code = await services.kiosk.expect_device(office, "Ruang tunggu")
    typed = [services.kiosk.enrol(code.lower().replace("-", " ")) for _ in range(3)]
    tokens = [token for token in await asyncio.gather(*typed) if token is not None]
    assert len(tokens) == 1
    found = await services.kiosk.device_for(tokens[0])
    assert found is not None
    assert found.id == device.id
    _, again = await services.kiosk.renew_code(office, device.id)
    assert await services.kiosk.device_for(tokens[0]) is not None
    renewed = await services.kiosk.enrol(again)
    assert renewed is not None
    assert await services.kiosk.device_for(tokens[0]) is None
    _, last = await services.kiosk.renew_code(office, device.id)
    async with services.database.transaction(Scope.system()) as connection:
        await connection.execute("UPDATE device SET code_until = clock_timestamp() WHERE id = $1", device.id)
    assert await services.kiosk.enrol(last) is None
    await services.kiosk.revoke_device(office, device.id)
    with pytest.raises(NotFound):
        await services.kiosk.renew_code(office, device.id)


async def test_a_call_is_answered_by_the_one_who_was_first_and_the_desk_hears_of_both(
    services: Services, device: Device, the_office: TheOffice
) -> None:
    office, calls = await the_office.office(), services.kiosk.calls
    one, other = await the_office.person("petugas"), await the_office.person("petugas2")

    async def at_once(_seconds: float) -> None:
        """The desk looks again."""

    stream = news(calls, office, StreamRoom(), at_once)
    await anext(stream)
    assert await told(stream) == []
    await calls.call(device)
    await calls.call(device)
    (call,) = await calls.open(office)
    assert await told(stream) == [call.id]
    came = await asyncio.gather(*(calls.answer(office, call.id, person.id) for person in (one, other)))
    assert sorted(came) == [False, True]
    assert await told(stream) == []
    await stream.aclose()
    last = await calls.last_of(device)
    assert last is not None
    assert last.answered_by == (one if came[0] else other).id
    assert last.answered_at is not None
    assert last.answered_at >= last.called_at


async def told(stream: AsyncGenerator[ServerSentEventMessage]) -> list[int]:
    """The open calls of the next event."""
    async for message in stream:
        if message.event == "calls":
            assert isinstance(message.data, bytes)
            return msgspec.json.decode(message.data)["open"]
    raise AssertionError("the stream ended")


async def test_the_upkeep_takes_old_calls_and_receipts_and_leaves_the_others(
    services: Services, device: Device, the_office: TheOffice
) -> None:
    filed_one = filed((await services.kiosk.file_all(device, [item()]))[0])
    receipts, office = services.kiosk.receipts, await the_office.office()
    for receipt in ("S-0LD0-AA", "S-NEW0-AA"):
        await receipts.keep(office.id, receipt, "7K3M-9QXD-2T", filed_one.ticket_id)
    async with services.database.transaction(Scope.system()) as connection:
        await connection.execute(
            "UPDATE kiosk_receipt SET made_at = made_at - interval '3 years' WHERE digest = $1",
            services.keys.digest("kiosk-receipt", plain_code("S-0LD0-AA"), plain_code("7K3M-9QXD-2T")),
        )
    await services.kiosk.clean_up()
    assert await receipts.ticket_of(office.id, "S-0LD0-AA", "7K3M-9QXD-2T") is None
    assert await receipts.ticket_of(office.id, "s-new0-aa", "7k3m 9qxd 2t") == filed_one.ticket_id
    assert await receipts.ticket_of(office.id, "S-NEW0-AA", "7K3M-9QXD-2V") is None


async def test_the_square_of_a_slip_leads_to_its_ticket_for_ninety_days_and_what_is_typed_for_longer(
    services: Services, device: Device, the_office: TheOffice
) -> None:
    filed_one = filed((await services.kiosk.file_all(device, [item()]))[0])
    receipts, office = services.kiosk.receipts, await the_office.office()
    square = "0AK07K3M9QXD2T7K"
    assert await receipts.ticket_of_slip(office.id, square) is None
    await receipts.keep(office.id, "S-0AK0-7K", "3M9Q-XD2T-7K", filed_one.ticket_id)
    assert await receipts.ticket_of_slip(office.id, square) == filed_one.ticket_id
    assert await receipts.ticket_of_slip(office.id, square[:-1] + "M") is None
    for no_square in (square[1:], square + "7", square.lower(), square[:-1] + "\n", "x" * 43):
        with pytest.raises(NotFound):
            await receipts.ticket_of_slip(office.id, no_square)
    async with services.database.transaction(Scope.system()) as connection:
        await connection.execute(
            "UPDATE kiosk_receipt SET made_at = made_at - interval '91 days' WHERE ticket_id = $1", filed_one.ticket_id
        )
    with pytest.raises(NotFound, match="days ago"):
        await receipts.ticket_of_slip(office.id, square)
    assert await receipts.ticket_of(office.id, "S-0AK0-7K", "3M9Q-XD2T-7K") == filed_one.ticket_id
